"""From arrived messages to durable batches, and the news of it back.

Two workers: the event loop, which decodes and alone touches the ledger, and a committing thread. Decoding
once had a thread of its own: its hundreds of short Arrow calls a tick each gave the interpreter's lock away
and waited up to 5 ms to have it back. What waits for the commit is bounded.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

import structlog
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError

from gateway.alerting.detection.consumer import AlertConsumer
from gateway.batch.batch import Batch, Consumer
from gateway.batch.latest import Latest
from gateway.errors import NotDurableError
from gateway.ingest.admission import Admission, Admitted
from gateway.ingest.batching import Batcher
from gateway.ingest.decoding import Arrived, DecodedTick, TickDecoder
from gateway.ingest.noticing import Noticing
from gateway.ingest.people import PeopleWatch
from gateway.ingest.received import Received
from gateway.ingest.replaying import Replays
from gateway.observability import Metrics
from gateway.state.quarantine import Quarantine
from gateway.state.quarantined import Replayed

Args = TypeVarTuple("Args")
Result = TypeVar("Result")

log = structlog.get_logger(__name__)

FULL_CREDIT = 64
UNHURT_MS, UNBEARABLE_MS = 500, 1_500
"""How much longer than a commit is gathered frames may wait: from the first on less backlog is let in, from
the second none. Bounded by memory alone, a day of a hundred stations kept live frames waiting for 7 s."""
_ALARM, _HEAD = b'"class":"alarm"', 512
"""How a plain frame says early that it is an alarm; a compressed one waits like any other."""
HURRY_EVERY_MS = 100
"""An alarm does not wait for tick and commit to fill, unless one did not just now: small commits are dear."""
TICKS_WAITING = 4
"""Ticks that may wait for the commit before decoding pauses and the inbox, and with it credit, takes over."""
RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class IngestSettings(BaseModel):
    """How frames are gathered into ticks and commits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tick_ms: int = Field(
        400,
        ge=1,
        le=10_000,
        description="A tick is closed this long after its first frame; at once when it holds an alarm.",
    )
    tick_frames: int = Field(5_000, ge=1, le=100_000, description="A tick is closed at this many frames.")
    commit_ms: int = Field(
        500,
        ge=1,
        le=10_000,
        description="Ticks are gathered this long into one commit.",
    )
    commit_frames: int = Field(
        10_000, ge=1, description="A commit starts at once when this many frames wait."
    )
    inbox_bytes: int = Field(
        256 * 1024 * 1024,
        ge=1024 * 1024,
        description="Bytes of frames in memory; beyond it frames are dropped, counted, and sent again by "
        "their stations.",
    )


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick on its way to the disk."""

    batch: Batch | None
    admitted: Admitted
    frames: int
    bytes: int
    since: int
    """When its first frame was received, ms."""


@dataclass(frozen=True, slots=True)
class Sinks:
    """What a tick goes to: durable first (quarantine, then the consumers), then what lives in memory."""

    quarantine: Quarantine
    consumers: Sequence[Consumer]
    latest: Latest
    people: PeopleWatch


class Pipeline:
    """Takes messages with `put` and runs as one task."""

    def __init__(  # noqa: PLR0913, PLR0917 - the junction of all parts
        self,
        settings: IngestSettings,
        received: Received,
        admission: Admission,
        batcher: Batcher,
        sinks: Sinks,
        metrics: Metrics,
        clock: Callable[[], int],
        next_frame: int,
    ) -> None:
        self._settings = settings
        self._received = received
        self._admission = admission
        self._batcher = batcher
        self._sinks = sinks
        self._metrics = metrics
        self._clock = clock
        self._next_frame = next_frame
        self.durable_upto = next_frame - 1
        self._decoder = TickDecoder()
        self._inbox: list[Arrived] = []
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._ready: list[Tick] = []
        self._under_way: list[Tick] = []
        self._readied = asyncio.Event()
        self._alarm_arrived, self._alarm_ready = asyncio.Event(), asyncio.Event()
        self._hurried = 0
        self._drained = asyncio.Event()
        self._committing = ThreadPoolExecutor(1, "commit")
        self._stopping = False
        self._decoded_all = False
        self.failure: str | None = None
        self.alerts: AlertConsumer | None = None
        """The last of the consumers, where there is an engine: it judges what the others have."""
        self.noticing = Noticing()

    # -- in --------------------------------------------------------------------------------------------

    def put(self, message: Arrived) -> None:
        """Take one message off the socket; drops and counts it when memory for waiting frames is used up."""
        if self._bytes > self._settings.inbox_bytes:
            self._metrics.dropped.labels("inbox_full").inc()
            return
        self._inbox.append(message)
        self._bytes += len(message.payload)
        if len(self._inbox) == 1:
            self._arrived.set()
        if _ALARM in message.payload[:_HEAD] and message.received - self._hurried >= HURRY_EVERY_MS:
            self._hurried = message.received
            self._alarm_arrived.set()

    @property
    def credit(self) -> int:
        """How many backlog frames a station may have out.

        Fewer as memory fills or frames wait for their commit, none if nothing commits.
        """
        if self.failure is not None:
            return 0
        room = 1.0 - 2 * self._bytes / self._settings.inbox_bytes
        time = (self._settings.commit_ms + UNBEARABLE_MS - self._behind_ms()) / (UNBEARABLE_MS - UNHURT_MS)
        return round(FULL_CREDIT * max(0.0, min(room, time, 1.0)))

    @property
    def idle(self) -> bool:
        """Whether all that was received is durable, or on the way there in a commit that has begun."""
        return not self._inbox and not self._ready and self.failure is None

    def _behind_ms(self) -> int:
        """Return how long the oldest frame that is not durable has waited."""
        oldest = [tick.since for tick in (*self._under_way[:1], *self._ready[:1])]
        oldest += [message.received for message in self._inbox[:1]]
        return self._waited_ms(oldest[0]) if oldest else 0

    def _waited_ms(self, since: int) -> int:
        """Return how long ago something was; a clock that was put back makes nothing wait for it."""
        return max(0, self._clock() - since)

    def take_own(self, decoded: DecodedTick, arrived: list[Arrived]) -> None:
        """Take a frame of the gateway itself: it came over no wire, and nobody waits for its ack."""
        admitted = Admitted(new=[0])
        batch = self._batcher.build(decoded, arrived, admitted, self._take_numbers(1))
        self._ready.append(Tick(batch, admitted, frames=1, bytes=0, since=self._clock()))
        self._readied.set()

    async def replay(self, replays: Replays, entry_id: str) -> Replayed:
        """Offer a quarantined entry again."""
        judge = None if self.alerts is None else self.alerts.hear_again
        return await self.between_commits(replays.replay, entry_id, self._take_numbers(1), judge)

    async def between_commits(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """Call a function that writes to the store, while nothing else does."""
        return await asyncio.get_running_loop().run_in_executor(self._committing, function, *args)

    # -- run -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Decode and commit until cancelled, or until what `drain` found is done."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._decode_ticks(), name="ingest-decode")
            group.create_task(self._commit_ticks(), name="ingest-commit")

    def drain(self) -> None:
        """Finish what arrived, then let `run` end: the clean stop."""
        self._stopping = True
        self._arrived.set()
        self._readied.set()
        self._drained.set()

    def close(self) -> None:
        """Release the thread."""
        self._committing.shutdown()

    # -- decode ----------------------------------------------------------------------------------------

    async def _decode_ticks(self) -> None:
        while self._inbox or not self._stopping:
            arrived = await self._gather_tick()
            hurry = self._alarm_arrived.is_set()
            self._alarm_arrived.clear()
            if arrived:
                self._make_tick(self._decoder.decode(arrived), arrived)
            if hurry:
                self._alarm_ready.set()
            while self._frames_ready() > TICKS_WAITING * self._settings.tick_frames and not self._stopping:
                self._drained.clear()
                await self._drained.wait()
        self._decoded_all = True
        self._readied.set()

    async def _gather_tick(self) -> list[Arrived]:
        """Wait for a first frame, let its tick fill unless the gateway is stopping, and take it."""
        await self._arrived.wait()
        if len(self._inbox) < self._settings.tick_frames and not self._stopping:
            waited = self._waited_ms(self._inbox[0].received) if self._inbox else 0
            await _rest(self._settings.tick_ms - waited, self._alarm_arrived)
        most = self._settings.tick_frames
        arrived, self._inbox = self._inbox[:most], self._inbox[most:]
        if not self._inbox and not self._stopping:
            self._arrived.clear()
        return arrived

    def _make_tick(self, decoded: DecodedTick, arrived: list[Arrived]) -> None:
        admitted = self._admission.admit(decoded, arrived)
        batch = None
        if admitted.new or admitted.copies:
            first = self._take_numbers(len(admitted.new))
            batch = self._batcher.build(decoded, arrived, admitted, first)
            self._admission.hear(batch, admitted, decoded, arrived)
        size = sum(len(message.payload) for message in arrived)
        tick = Tick(batch, admitted, len(arrived), size, arrived[0].received)
        self._count(decoded, tick)
        if self.alerts is not None:
            self.noticing.see(decoded, arrived)
        self._ready.append(tick)
        self._readied.set()

    def _take_numbers(self, count: int) -> int:
        first, self._next_frame = self._next_frame, self._next_frame + count
        return first

    def _frames_ready(self) -> int:
        return sum(tick.frames for tick in self._ready)

    def _count(self, decoded: DecodedTick, tick: Tick) -> None:
        metrics = self._metrics
        metrics.frames.inc(tick.frames)
        metrics.duplicates.inc(tick.admitted.copies.total())
        if tick.batch is not None:
            metrics.points.inc(tick.batch.points)
        for name, count in decoded.unknown_fields.items():
            metrics.unknown_fields(name).inc(count)
        for held in tick.admitted.quarantined:
            metrics.quarantined.labels(held.reason).inc()
        metrics.dropped.labels("quarantine_of_frame").inc(tick.admitted.not_held)

    # -- commit ----------------------------------------------------------------------------------------

    async def _commit_ticks(self) -> None:
        while self._ready or not self._decoded_all:
            await self._readied.wait()
            # small commits cost several times as much per row: DuckDB pays for every column of every append
            if self._frames_ready() < self._settings.commit_frames and not self._stopping:
                await _rest(self._settings.commit_ms - self._behind_ms(), self._alarm_ready)
            self._alarm_ready.clear()
            ticks, self._ready = self._ready, []
            if not self._decoded_all:
                self._readied.clear()
            if ticks:
                self._under_way = ticks
                await self._commit(ticks)
                self._under_way = []
            self._drained.set()

    async def _commit(self, ticks: list[Tick]) -> None:
        """Make the ticks durable, however long it takes; a stop gives up: stations still have them."""
        attempt = 0
        done: set[str] = set()
        while True:
            waiting = [*ticks, *self._ready]
            try:
                await self.between_commits(self._make_durable, ticks, done, waiting)
            except NotDurableError as error:
                self.failure = str(error)
                self._metrics.store_up.set(0)
                if self._stopping:
                    return
                await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1
            else:
                break
        if attempt:
            log.info("store_recovered", attempts=attempt)
        self.failure = None
        self._metrics.store_up.set(1)
        self._note_durable(ticks)

    def _make_durable(self, ticks: list[Tick], done: set[str], waiting: list[Tick]) -> None:
        """Offer the ticks to every consumer that has not taken them yet; ``done`` remembers who has."""
        begun = time.monotonic()
        try:
            self._hold(ticks)
            for consumer in self._consumers():
                if consumer.name not in done:
                    consumer.consume(_batches(ticks))
                    done.add(consumer.name)
        except NotDurableError:
            # the engine's own failure has told what cannot wait; here the disk stands before it
            if self.alerts is not None and done.isdisjoint(one.name for one in self._sinks.consumers):
                self.alerts.urgent(_batches(waiting))
            raise
        finally:
            self._metrics.commit_seconds.inc(time.monotonic() - begun)

    def _consumers(self) -> list[Consumer]:
        return [*self._sinks.consumers, *([] if self.alerts is None else [self.alerts])]

    def _hold(self, ticks: list[Tick]) -> None:
        """Put what was rejected into quarantine, once: a further attempt at the rest counts no repeats."""
        held = [item for tick in ticks for item in tick.admitted.quarantined]
        if not held:
            return
        try:
            self._admission.note_nameless(self._sinks.quarantine.add(held, self._clock()))
        except DBAPIError as error:
            raise NotDurableError(f"quarantine: {error.orig}") from error
        for tick in ticks:
            tick.admitted.quarantined.clear()

    def _note_durable(self, ticks: list[Tick]) -> None:
        commit = self._received.commit
        for tick in ticks:
            for ledger, seq, received in tick.admitted.uncommitted:
                commit(ledger, seq, received)
            self._bytes -= tick.bytes
            if tick.batch is not None and tick.batch.frames.num_rows:
                self.durable_upto = tick.batch.frames["frame"][-1].as_py()
                self._sinks.latest.update(tick.batch)
                self._sinks.people.observe(tick.batch)
        self._admission.forget_digests(self._clock())


async def _rest(ms: int, unless: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(unless.wait(), max(0, ms) / 1000)


def _batches(ticks: Sequence[Tick]) -> list[Batch]:
    return [tick.batch for tick in ticks if tick.batch is not None]
