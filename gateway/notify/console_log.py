"""The gateway's own log, for a gateway that nobody has told whom to call."""

from typing import Literal

import httpx
import structlog
from pydantic import BaseModel, ConfigDict, Field

from gateway.notify.fitting import render
from gateway.notify.notifier import Contact, Delivered, Message, Outcome

log = structlog.get_logger()


class ConsoleLogSettings(BaseModel):
    """The gateway's log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["console"] = Field("console", description="`console`: the gateway's own log.")


class ConsoleLog:
    """Writes every message into the log, link and all: whoever reads the log may acknowledge."""

    max_bytes = 1024 * 1024

    def __init__(self, name: str, settings: ConsoleLogSettings, client: httpx.AsyncClient) -> None:  # noqa: ARG002 - the shape of all channels
        self.name = name

    def wait_ms(self, message: Message, now: int) -> int:  # noqa: ARG002 - a log has no limit
        """Return 0."""
        return 0

    async def send(self, message: Message, contact: Contact, now: int) -> Outcome:
        """Write it down; this never fails."""
        log.warning(
            "message",
            kind=message.kind,
            severity=message.severity,
            to=contact.name,
            attempt=message.attempt,
            text=render(message, contact.lang, now),
        )
        return Delivered()
