"""The robots of WeCom, DingTalk and Feishu as far as a sender notices them: limits, signatures, error shapes.

Codes and sentences are those the originals were seen to answer. Their clock is the test's.
"""

import base64
import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.support.http_fake import HttpFake, Request

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


@dataclass
class RobotFake(HttpFake):
    """A robot in a group chat; ``texts`` are what the group has seen."""

    key: str = "key-of-the-robot-6f1d"
    secret: str | None = None
    keyword: str | None = None
    texts: list[str] = field(default_factory=list)
    calls: deque[int] = field(default_factory=deque)

    def called_within(self, span_ms: int) -> int:
        """Return how many calls came in the last stretch of time, this one included."""
        return sum(1 for call in self.calls if self.now - call < span_ms)

    def answer(self, request: Request) -> tuple[int, object]:
        """Check as the original does; only what passes reaches the group."""
        self.calls.append(self.now)
        said = json.loads(request.body)
        refusal = self.refusal(request, said)
        if refusal is not None:
            return 200, refusal
        self.texts.append(self.text_of(said))
        return 200, self.taken()

    def refusal(self, request: Request, said: dict[str, object]) -> object | None:
        """Return the error the original would answer, or None."""
        raise NotImplementedError

    def text_of(self, said: dict[str, object]) -> str:
        """Return what the group sees."""
        kind = str(said.get("msgtype"))
        return str(said[kind]["content"])  # type: ignore[index]

    def taken(self) -> object:
        """Return the answer to what is accepted."""
        return {"errcode": 0, "errmsg": "ok"}


@dataclass
class WecomFake(RobotFake):
    """20 calls a minute; 2,048 bytes of text or 4,096 of markdown."""

    @property
    def url(self) -> str:
        """The address as its maker shows it."""
        return f"{self.base}/cgi-bin/webhook/send?key={self.key}"

    def refusal(self, request: Request, said: dict[str, object]) -> object | None:
        """Check key, rate and size."""
        if request.path != "/cgi-bin/webhook/send" or request.query.get("key") != self.key:
            return _wecom(93000, "invalid webhook url")
        if self.called_within(MINUTE_MS) > 20:
            return _wecom(45009, "api freq out of limit")
        kind = str(said["msgtype"])
        most = {"text": 2_048, "markdown": 4_096}[kind]
        if len(self.text_of(said).encode()) > most:
            return _wecom(40058, f"{kind}.content exceed max length {most}. invalid Request Parameter")
        return None

    def throttled(self) -> tuple[int, object]:
        """Say that it is too much."""
        return 200, _wecom(45009, "api freq out of limit")


@dataclass
class DingtalkFake(RobotFake):
    """20 calls a minute, then silence for 10; 20,000 bytes; signature in the address, or a keyword."""

    muted_until: int = 0

    @property
    def url(self) -> str:
        """The address as its maker shows it."""
        return f"{self.base}/robot/send?access_token={self.key}"

    def refusal(self, request: Request, said: dict[str, object]) -> object | None:
        """Check token, signature, keyword, rate and size."""
        if request.query.get("access_token") != self.key:
            return {"errcode": 300005, "errmsg": "token is not exist"}
        if self.called_within(MINUTE_MS) > 20:
            self.muted_until = self.now + 10 * MINUTE_MS
        if self.now < self.muted_until:
            return {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}
        if self.secret is not None and not self._is_signed(request):
            return {"errcode": 310000, "errmsg": "sign not match, more: [https://ding-doc.dingtalk.com/]"}
        if self.keyword is not None and self.keyword not in self.text_of(said):
            return {
                "errcode": 310000,
                "errmsg": "keywords not in content, more: [https://ding-doc.dingtalk.com/]",
            }
        if len(request.body) > 20_000:
            return {"errcode": 460101, "errmsg": "message too long, exceed 20000 bytes"}
        return None

    def throttled(self) -> tuple[int, object]:
        """Say that it is too much."""
        return 200, {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}

    def _is_signed(self, request: Request) -> bool:
        stamp, secret = request.query.get("timestamp", "0"), str(self.secret)
        mac = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
        once = quote(base64.b64encode(mac).decode(), safe="")
        return f"sign={once}" in request.target and abs(self.now - int(stamp)) < HOUR_MS


@dataclass
class FeishuFake(RobotFake):
    """100 calls a minute and 5 a second; 20 KB; signature in the body, with seconds; or a keyword."""

    @property
    def url(self) -> str:
        """The address as its maker shows it."""
        return f"{self.base}/open-apis/bot/v2/hook/{self.key}"

    def refusal(self, request: Request, said: dict[str, object]) -> object | None:
        """Check token, rate, signature, keyword, size and shape."""
        if request.path != f"/open-apis/bot/v2/hook/{self.key}":
            return _feishu(19001, "param invalid: incoming webhook access token invalid")
        if self.called_within(1_000) > 5 or self.called_within(MINUTE_MS) > 100:
            return _feishu(11232, "frequency limited psm[lark.oapi.app_platform_runtime]")
        if self.secret is not None and not self._is_signed(said):
            return _feishu(19021, "sign match fail or timestamp is not within one hour from current time")
        if said.get("msg_type") != "text" or len(request.body) > 20 * 1024:
            return _feishu(9499, "Bad Request")
        if self.keyword is not None and self.keyword not in self.text_of(said):
            return _feishu(19024, "Key Words Not Found")
        return None

    def text_of(self, said: dict[str, object]) -> str:
        """Return what the group sees."""
        return str(said["content"]["text"])  # type: ignore[index]

    def taken(self) -> object:
        """Return the answer to what is accepted."""
        return {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}

    def throttled(self) -> tuple[int, object]:
        """Say that it is too much."""
        return 200, _feishu(11232, "frequency limited psm[lark.oapi.app_platform_runtime]")

    def _is_signed(self, said: dict[str, object]) -> bool:
        stamp = str(said.get("timestamp", "0"))
        mac = hmac.new(f"{stamp}\n{self.secret}".encode(), b"", hashlib.sha256).digest()
        within = abs(self.now // 1_000 - int(stamp)) < HOUR_MS // 1_000
        return within and said.get("sign") == base64.b64encode(mac).decode()


def _wecom(code: int, sentence: str) -> object:
    hint = f"hint: [1767000000_1], from ip: 192.0.2.7, more info at https://open.work.weixin.qq.com/devtool/query?e={code}"
    return {"errcode": code, "errmsg": f"{sentence}, {hint}"}


def _feishu(code: int, sentence: str) -> object:
    return {"code": code, "data": {}, "msg": sentence}
