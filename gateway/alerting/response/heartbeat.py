"""A sign of life to an outside watcher, which misses us when we are dead (AG-19)."""

import asyncio
from collections.abc import Callable

import httpx
import structlog

from gateway.alerting.response.settings import HeartbeatSettings

log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0


class Heartbeat:
    """Asks the address of the watcher while ``alive`` says that engine and dispatcher live."""

    def __init__(
        self, settings: HeartbeatSettings, client: httpx.AsyncClient, alive: Callable[[], bool]
    ) -> None:
        self._url = settings.url.get_secret_value()
        self._every_s = settings.every / 1_000
        self._client = client
        self._alive = alive
        self._told = True

    async def run(self) -> None:
        """Beat until cancelled; what the watcher answers is its own business."""
        while True:
            if self._alive():
                await self.beat()
            else:
                self._say("not_alive")
            await asyncio.sleep(self._every_s)

    async def beat(self) -> None:
        """Ask once."""
        try:
            answer = await self._client.get(self._url, timeout=TIMEOUT_S)
        except httpx.HTTPError as error:
            # not its text: it may quote the address, and the address is the key
            self._say(type(error).__name__)
            return
        self._say(None if answer.is_success else f"status {answer.status_code}")

    def _say(self, fault: str | None) -> None:
        """Be loud once, then quiet, then glad."""
        if fault is None:
            if not self._told:
                log.info("heartbeat_heard_again")
            self._told = True
        elif self._told:
            log.warning("heartbeat_not_heard", reason=fault, next="trying again")
            self._told = False
