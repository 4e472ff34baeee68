"""Feishu or Lark group robot (飞书自定义机器人).

100 messages a minute and 5 a second, bodies of 20 KB; signed in the body, with the time in seconds. At whole
and half hours, when everybody's reports go out, it answers 11232 sooner.
"""

import base64
import hashlib
import hmac
from typing import ClassVar, Literal

from pydantic import Field

from gateway.notify.notifier import Contact, Reason
from gateway.notify.robot import MINUTE_MS, Meaning, SignedRobot, SignedRobotSettings
from gateway.notify.texts import clean

_CROWDED_MS = 10_000
_RATE = Meaning(Reason.RATE, permanent=False, pause_ms=_CROWDED_MS)


class FeishuSettings(SignedRobotSettings):
    """A Feishu or Lark group robot."""

    kind: Literal["feishu"] = Field("feishu", description="`feishu`: Feishu or Lark group robot.")


class Feishu(SignedRobot):
    """One Feishu robot."""

    max_bytes = 20_000
    windows = ((100, MINUTE_MS), (5, 1_000))
    code_fields = ("code", "StatusCode")
    sentence_field = "msg"
    codes: ClassVar = {
        2200: Meaning(Reason.SERVER, permanent=False),
        9499: Meaning(Reason.OTHER),
        11232: _RATE,
        19001: Meaning(Reason.BAD_ADDRESS),
        19002: Meaning(Reason.OTHER),
        19007: Meaning(Reason.FORBIDDEN),
        19021: Meaning(Reason.BAD_SIGNATURE),
        19022: Meaning(Reason.FORBIDDEN),
        19024: Meaning(Reason.KEYWORD),
    }

    def _body(self, text: str, contact: Contact, now: int) -> dict[str, object]:
        called = (
            "" if contact.open_id is None else f'\n<at user_id="{contact.open_id}">{clean(contact.name)}</at>'
        )
        body: dict[str, object] = {"msg_type": "text", "content": {"text": text + called}}
        if self._secret is None:
            return body
        seconds = now // 1_000
        return {"timestamp": str(seconds), "sign": sign(self._secret, seconds), **body}

    def _meaning(self, code: int, sentence: str) -> Meaning:
        """Tell a bad request from "too many requests", which older robots answer with the same code."""
        meaning = super()._meaning(code, sentence)
        return _RATE if code == 9499 and "too many" in sentence.lower() else meaning  # noqa: PLR2004 - the robot's own code for too many


def sign(secret: str, seconds: int) -> str:
    """Return the signature of a moment: an HMAC of nothing, under time and secret as its key."""
    return base64.b64encode(hmac.digest(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256)).decode()
