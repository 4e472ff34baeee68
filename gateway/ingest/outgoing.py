"""Where parts of ingest put what leaves the event loop: messages to the broker, rows to the state."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from gateway.ingest.subscriber import Subscriber

log = structlog.get_logger(__name__)


class Outgoing:
    """Messages go at once, or not at all while there is no session; writes are worked off in order."""

    def __init__(self) -> None:
        self.subscriber: Subscriber | None = None
        self._writes: asyncio.Queue[Callable[[], object]] = asyncio.Queue()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send one message at QoS 1."""
        if self.subscriber is not None:
            self.subscriber.publish(topic, payload, retain=retain)

    def write(self, function: Callable[[], object]) -> None:
        """Have a function of the state called on another thread."""
        self._writes.put_nowait(function)

    async def run(self) -> None:
        """Work off the writes until cancelled; one that fails is told and left behind."""
        while True:
            function = await self._writes.get()
            try:
                await asyncio.to_thread(function)
            except SQLAlchemyError as error:
                log.warning("state_not_written", reason=str(error), next="it is told again by its station")
            finally:
                self._writes.task_done()

    async def drain(self) -> None:
        """Wait until every write is done."""
        await self._writes.join()
