"""Everything that goes on about alerts beside judging: sending, tending, looking after those who are told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.alerting.response.assembly import Alerting
from gateway.alerting.response.dispatcher import Dispatcher
from gateway.alerting.response.duty_watch import DutyWatch
from gateway.alerting.response.heartbeat import Heartbeat
from gateway.alerting.response.settings import CONSOLE
from gateway.alerting.response.surroundings import GATEWAY
from gateway.domain.observation import Observation
from gateway.errors import NotDurableError
from gateway.notify.notifier import Notifier

log = structlog.get_logger(__name__)

LOOK_S = 10.0
ALIVE_MS = 120_000
"""AG-19: an engine or dispatcher that has not ticked for so long is dead."""
FAILING = 3
"""AG-18: errors in a row after which a channel is no way to reach anybody."""


class AlertService:
    """Opened once a gateway, after the engine has taken up what it remembers; `run` until `stop`."""

    def __init__(
        self,
        alerting: Alerting,
        dispatcher: Dispatcher,
        duty: DutyWatch,
        heartbeat: Heartbeat | None,
    ) -> None:
        self._alerting = alerting
        self._dispatcher = dispatcher
        self._duty = duty
        self._heartbeat = heartbeat
        self._clock = alerting.desk.clock
        self._stopping = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        alerting: Alerting,
        channels: Mapping[str, Notifier],
        client: httpx.AsyncClient,
        ticked: Callable[[], int],
    ) -> AsyncIterator["AlertService"]:
        """Open it; ``ticked`` gives when the engine last worked (ms UTC)."""
        async with AsyncExitStack() as undo:
            dispatcher = await undo.enter_async_context(alerting.open_dispatcher(channels))
            clock, on_call = alerting.desk.clock, alerting.plan.on_call

            def alive() -> bool:
                return clock() - min(ticked(), dispatcher.tended) < ALIVE_MS

            duty = DutyWatch(
                alerting.state,
                alerting.alerts,
                None if on_call is None else alerting.policy.rota,
                alerting.policy.days,
                lambda: working_channels(dispatcher, clock()) - {CONSOLE},
                None if on_call is None else on_call.test_message,
            )
            told = alerting.plan.alerts.heartbeat
            heartbeat = None if told is None else Heartbeat(told, client, alive)
            yield cls(alerting, dispatcher, duty, heartbeat)

    async def run(self) -> None:
        """Run until `stop`; what is being sent then is still marked."""
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._dispatcher.run(), name="dispatcher")
            others = [group.create_task(self._look_after(), name="duty-watch")]
            if self._heartbeat is not None:
                others.append(group.create_task(self._heartbeat.run(), name="heartbeat"))
            await self._stopping.wait()
            self._dispatcher.stop()
            await sending
            for task in others:
                task.cancel()

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()

    def working(self) -> frozenset[str]:
        """Return the names of the channels that are set up and not failing."""
        return working_channels(self._dispatcher, self._clock())

    def observations(self, now: int) -> list[Observation]:
        """Return what AG-18 and AG-19 watch: errors by channel, and the test message nobody answered.

        Reads the state: call it off the event loop.
        """
        errors = self._dispatcher.errors(now)
        return [
            *(
                Observation(GATEWAY, "platform", channel, {"notify_errors_count": count})
                for channel, count in errors.items()
            ),
            Observation(
                GATEWAY, "platform", "gateway", {"test_message_waiting_s": self._duty.waiting_s(now)}
            ),
        ]

    async def _look_after(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._duty.tend, self._clock())
            except (SQLAlchemyError, NotDurableError) as error:
                log.warning("duty_not_looked_after", reason=str(error), next="trying again")
            await asyncio.sleep(LOOK_S)


def working_channels(dispatcher: Dispatcher, now: int) -> frozenset[str]:
    """Return the channels over which fewer sends in a row failed than AG-18 takes."""
    return frozenset(name for name, count in dispatcher.errors(now).items() if count < FAILING)
