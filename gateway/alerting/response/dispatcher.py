"""Sends what is due, and does what becomes due: a worker a channel, and one that tends the alerts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import ParamSpec, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.alerting.response.channel import ChannelWorker, Desk, Post
from gateway.alerting.response.life import Alerts
from gateway.notify.notifier import Notifier

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

TEND_S = 0.5
THREADS = 2
"""Of its own: a sender that blocks the pool everybody shares must not keep rows from being marked."""


class Dispatcher:
    """Opened once a gateway; `run` until cancelled. `wake` may be called on any thread."""

    def __init__(self, alerts: Alerts, workers: Iterable[ChannelWorker], post: Post) -> None:
        self._alerts = alerts
        self._post = post
        self._workers = tuple(workers)
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self.tended = post.desk.clock()
        """When alerts were last tended (ms UTC): the dispatcher lives."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, alerts: Alerts, desk: Desk, channels: Mapping[str, Notifier]
    ) -> AsyncIterator["Dispatcher"]:
        """Take over what an earlier gateway left, and be ready to run."""
        loop, threads = asyncio.get_running_loop(), ThreadPoolExecutor(THREADS, "dispatch")

        def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
            return loop.run_in_executor(threads, partial(function, *args, **kwargs))

        post = Post(desk, frozenset(channels), call)
        try:
            await call(desk.deliveries.take_over, post.channels, desk.clock())
            yield cls(alerts, [ChannelWorker(channel, post) for channel in channels.values()], post)
        finally:
            threads.shutdown()

    async def run(self) -> None:
        """Tend and send until `stop`; what is being sent then is still marked."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tend(), name="alerts-tend")
            for worker in self._workers:
                group.create_task(worker.run(), name=f"channel-{worker.name}")

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()
        for worker in self._workers:
            worker.stop()

    def wake(self) -> None:
        """Look for something to send now."""
        self._loop.call_soon_threadsafe(self._wake)

    def errors(self, now: int) -> dict[str, int]:
        """Return by channel how many sends in a row failed in the last 10 minutes (AG-18 watches it)."""
        return {worker.name: worker.errors(now) for worker in self._workers}

    def _wake(self) -> None:
        for worker in self._workers:
            worker.wake.set()

    async def _tend(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = await self._post.call(self._alerts.tend, self._post.desk.clock())
                self.tended = self._post.desk.clock()
            except SQLAlchemyError as error:
                log.warning("alerts_not_tended", reason=str(error), next="trying again")
                busy = False
            if not busy:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), TEND_S)
