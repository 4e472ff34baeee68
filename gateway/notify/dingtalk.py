"""DingTalk group robot (钉钉自定义机器人).

20 messages a minute, then silence for 10 minutes; 20,000 bytes. It insists on a keyword, a known address
or a signature; the signature stands in the address, encoded once.
"""

import base64
import hashlib
import hmac
from typing import ClassVar, Literal
from urllib.parse import quote_plus

from pydantic import Field

from gateway.notify.notifier import Contact, Reason
from gateway.notify.robot import MINUTE_MS, Meaning, SignedRobot, SignedRobotSettings

_MUTED_MS = 10 * MINUTE_MS


class DingtalkSettings(SignedRobotSettings):
    """A DingTalk group robot."""

    kind: Literal["dingtalk"] = Field("dingtalk", description="`dingtalk`: DingTalk group robot.")


class Dingtalk(SignedRobot):
    """One DingTalk robot."""

    max_bytes = 20_000
    windows = ((18, MINUTE_MS),)
    code_fields = ("errcode",)
    sentence_field = "errmsg"
    codes: ClassVar = {
        -1: Meaning(Reason.SERVER, permanent=False),
        130101: Meaning(Reason.RATE, permanent=False, pause_ms=_MUTED_MS),
        300001: Meaning(Reason.BAD_ADDRESS),
        300005: Meaning(Reason.BAD_ADDRESS),
        310000: Meaning(Reason.BAD_SIGNATURE),
        400013: Meaning(Reason.BAD_ADDRESS),
        400101: Meaning(Reason.BAD_ADDRESS),
        400102: Meaning(Reason.FORBIDDEN),
        400105: Meaning(Reason.OTHER),
        400106: Meaning(Reason.BAD_ADDRESS),
        410100: Meaning(Reason.RATE, permanent=False, pause_ms=_MUTED_MS),
        430101: Meaning(Reason.FORBIDDEN),
        430102: Meaning(Reason.FORBIDDEN),
    }

    def _address(self, now: int) -> str:
        if self._secret is None:
            return self._url
        gap = "&" if "?" in self._url else "?"
        return f"{self._url}{gap}timestamp={now}&sign={quote_plus(sign(self._secret, now))}"

    def _body(self, text: str, contact: Contact, now: int) -> dict[str, object]:  # noqa: ARG002 - signs the address
        if contact.mobile is None:
            return {"msgtype": "text", "text": {"content": text}}
        # without the number in the text the person is called, but nobody sees whom
        told = f"{text}\n@{contact.mobile}"
        return {"msgtype": "text", "text": {"content": told}, "at": {"atMobiles": [contact.mobile]}}

    def _meaning(self, code: int, sentence: str) -> Meaning:
        """Tell the causes of 310000 apart: keyword, address of the caller, else the signature."""
        meaning = super()._meaning(code, sentence)
        told = sentence.lower()
        if meaning.reason is not Reason.BAD_SIGNATURE:
            return meaning
        if "keyword" in told or "关键词" in told:
            return Meaning(Reason.KEYWORD)
        return Meaning(Reason.FORBIDDEN) if "whitelist" in told or "白名单" in told else meaning


def sign(secret: str, now: int) -> str:
    """Return the signature of a moment in ms, not yet encoded for an address."""
    mac = hmac.digest(secret.encode(), f"{now}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(mac).decode()
