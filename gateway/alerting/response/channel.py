"""One channel's own worker: whatever happens to it delays no other."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.alerting.response.composing import NAMED, Composer
from gateway.alerting.response.deliveries import Claimed, Deliveries
from gateway.alerting.response.emergency import Emergency, Unwritten
from gateway.notify.notifier import (
    Contact,
    Delivered,
    Kind,
    Message,
    Notifier,
    Outcome,
    Reason,
    Refused,
)

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

SEND_S = 15.0
"""A channel promises to return within 10 s; one that does not is taken as not having answered."""
IDLE_S = 1.0
ERRORS_COUNT_MS = 600_000
"""AG-18 counts errors of 10 minutes."""
RETRY_S = 2.0


class Threads(Protocol):
    """Calls a synchronous function off the event loop."""

    def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Return what the function returns."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Where notifications come from, and what it takes to write them; ``contacts`` are the people by key."""

    deliveries: Deliveries
    composer: Composer
    emergency: Emergency
    contacts: Mapping[str, Contact]
    clock: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Post:
    """What the workers share: the desk, the names of all channels, and a way off the event loop."""

    desk: Desk
    channels: frozenset[str]
    call: Threads


class ChannelWorker:
    """Sends what is due on one channel, the worst first, one at a time."""

    def __init__(self, notifier: Notifier, post: Post) -> None:
        self._notifier = notifier
        self._post = post
        self._desk = post.desk
        self._errors: deque[int] = deque(maxlen=1_000)
        self._stopping = False
        self.wake = asyncio.Event()

    @property
    def name(self) -> str:
        """The channel."""
        return self._notifier.name

    def errors(self, now: int) -> int:
        """Return how many sends in a row failed in the last 10 minutes, since one was delivered."""
        return sum(now - at < ERRORS_COUNT_MS for at in self._errors)

    def stop(self) -> None:
        """Ask `run` to end once the present message is sent and marked."""
        self._stopping = True
        self.wake.set()

    async def run(self) -> None:
        """Send until `stop`."""
        while not self._stopping:
            self.wake.clear()
            try:
                busy = await self._send_unwritten() or await self._send_next()
            except SQLAlchemyError as error:
                log.warning(
                    "notification_not_written", channel=self.name, reason=str(error), next="trying again"
                )
                await asyncio.sleep(RETRY_S)
                continue
            if not busy:
                await self._rest()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self.wake.wait(), IDLE_S)
        except TimeoutError:
            return

    # -- from the outbox -----------------------------------------------------------------------------------

    async def _send_next(self) -> bool:
        claimed = await self._post.call(self._desk.deliveries.claim, self.name, self._desk.clock())
        if claimed is None:
            return False
        now = self._desk.clock()
        message = self._desk.composer.message(claimed.row, claimed.alerts, claimed.row.attempts, now)
        if message is None:
            await self._post.call(self._desk.deliveries.cancel, claimed.row, now)
            return True
        wait = self._notifier.wait_ms(message, now)
        if wait:
            await self._post.call(self._desk.deliveries.put_back, claimed.row, now + wait)
            return True
        await self._mark(claimed, message, await self._send(message, claimed.row.person))
        return True

    async def _mark(self, claimed: Claimed, message: Message, outcome: Outcome) -> None:
        row, now = claimed.row, self._desk.clock()
        if isinstance(outcome, Refused):
            await self._post.call(self._desk.deliveries.refused, row, outcome, now, self._post.channels)
            return
        left = () if outcome.rest is None else outcome.rest.notices
        if message.kind is Kind.STORM:  # it has said how many there are; the rest is on the pages
            left = tuple(notice for notice in left if notice.life_safety)
        rest = tuple(notice.alert_id for notice in left)
        counted = row.alert_ids if message.kind in NAMED else message.alert_ids
        told = tuple(alert_id for alert_id in counted if alert_id not in rest)
        await self._post.call(self._desk.deliveries.sent, row, told, rest, now)

    # -- from memory ---------------------------------------------------------------------------------------

    async def _send_unwritten(self) -> bool:
        unwritten = self._desk.emergency.next(self.name)
        if unwritten is None:
            return False
        outcome = await self._send(self._unwritten_message(unwritten), unwritten.person)
        if isinstance(outcome, Delivered):
            self._desk.emergency.tell(unwritten)
        else:
            self._desk.emergency.put_back(unwritten)
            await asyncio.sleep(RETRY_S)
        return True

    def _unwritten_message(self, unwritten: Unwritten) -> Message:
        now = self._desk.clock()
        notice = self._desk.composer.notice(unwritten.alert, unwritten.person, {}, now)
        return Message(
            notification_id=unwritten.alert.alert_id, kind=Kind.ALERT, notices=(notice,), attempt=1
        )

    # -- both ----------------------------------------------------------------------------------------------

    async def _send(self, message: Message, person: str) -> Outcome:
        contact = self._desk.contacts.get(person)
        if contact is None:
            return Refused.never(Reason.NO_ADDRESS, f"{person} is not among the people any more")
        try:
            async with asyncio.timeout(SEND_S):
                outcome = await self._notifier.send(message, contact, self._desk.clock())
        except TimeoutError:
            outcome = Refused.later(Reason.TIMEOUT, f"no answer within {SEND_S:.0f} s")
        if isinstance(outcome, Refused):
            self._errors.append(self._desk.clock())
        else:
            self._errors.clear()
        return outcome
