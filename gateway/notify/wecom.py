"""WeCom group robot (企业微信群机器人).

20 messages a minute, text of 2,048 and markdown of 4,096 bytes; only text can mention by mobile number.
"""

from typing import ClassVar, Literal

import httpx
from pydantic import Field

from gateway.notify.notifier import Contact, Reason
from gateway.notify.robot import MINUTE_MS, Meaning, Robot, RobotSettings

_TEXT_BYTES, _MARKDOWN_BYTES = 2_048, 4_096


class WecomSettings(RobotSettings):
    """A WeCom group robot."""

    kind: Literal["wecom"] = Field("wecom", description="`wecom`: WeCom group robot.")
    markdown: bool = Field(
        default=False, description="Bold first lines and twice the length, but nobody is mentioned."
    )


class Wecom(Robot):
    """One WeCom robot."""

    windows = ((18, MINUTE_MS),)
    code_fields = ("errcode",)
    sentence_field = "errmsg"
    codes: ClassVar = {
        -1: Meaning(Reason.SERVER, permanent=False),
        40008: Meaning(Reason.OTHER),
        40058: Meaning(Reason.TOO_BIG),
        45002: Meaning(Reason.TOO_BIG),
        45009: Meaning(Reason.RATE, permanent=False, pause_ms=MINUTE_MS),
        45033: Meaning(Reason.RATE, permanent=False, pause_ms=MINUTE_MS),
        93000: Meaning(Reason.BAD_ADDRESS),
        93004: Meaning(Reason.FORBIDDEN),
        93008: Meaning(Reason.FORBIDDEN),
    }

    def __init__(self, name: str, settings: WecomSettings, client: httpx.AsyncClient) -> None:
        super().__init__(name, settings, client)
        self._markdown = settings.markdown
        self.max_bytes = _MARKDOWN_BYTES if settings.markdown else _TEXT_BYTES

    def _body(self, text: str, contact: Contact, now: int) -> dict[str, object]:  # noqa: ARG002 - unsigned
        if self._markdown:
            return {"msgtype": "markdown", "markdown": {"content": _bold(text)}}
        mentioned = {} if contact.mobile is None else {"mentioned_mobile_list": [contact.mobile]}
        return {"msgtype": "text", "text": {"content": text, **mentioned}}


def _bold(text: str) -> str:
    """Set the first line of every block in bold."""
    blocks = (block.partition("\n") for block in text.split("\n\n"))
    return "\n\n".join(f"**{first}**{gap}{others}" for first, gap, others in blocks)
