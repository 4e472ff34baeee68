"""From arrived messages to durable batches, and the news of it back: decode, offer, batch, consume, commit.

Three workers, one after the other: a decoding thread, this event loop (which alone touches the ledger), and
a committing thread. Decoding goes on while a commit runs; what waits between them is bounded.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog
from pydantic import BaseModel, ConfigDict, Field

from gateway.batch.batch import Batch, Consumer
from gateway.batch.latest import Latest
from gateway.domain.fleet import Fleet
from gateway.errors import NotDurable
from gateway.ingest import quarantining
from gateway.ingest.batching import Batcher
from gateway.ingest.decoding import Arrived, DecodedTick, TickDecoder
from gateway.ingest.received import Arrival, Received
from gateway.ingest.replaying import Replays
from gateway.observability import Metrics
from gateway.state.quarantine import Quarantine
from gateway.state.quarantined import Quarantined, Replayed
from wire.codec import Reason, Rejected

log = structlog.get_logger(__name__)

DIGEST_MS = 24 * 3_600_000
"""How long a best-effort frame's digest is remembered (contract section 3)."""
FULL_CREDIT = 64
RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class IngestSettings(BaseModel):
    """How frames are gathered into ticks and commits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tick_ms: int = Field(
        200, ge=1, le=10_000, description="A tick is closed this long after its first frame."
    )
    tick_frames: int = Field(5_000, ge=1, le=100_000, description="A tick is closed at this many frames.")
    commit_ms: int = Field(
        500,
        ge=1,
        le=10_000,
        description="Ticks are gathered this long into one commit while frames stream in.",
    )
    commit_frames: int = Field(5_000, ge=1, description="A commit starts at once when this many frames wait.")
    inbox_bytes: int = Field(
        256 * 1024 * 1024,
        ge=1024 * 1024,
        description="Bytes of frames in memory; beyond it frames are dropped, "
        "counted, and sent again by their stations.",
    )


@dataclass(slots=True)
class Tick:
    """A tick on its way to the disk: its batch, what goes to quarantine, and whose frames they are."""

    batch: Batch | None
    quarantined: list[Quarantined]
    identities: list[tuple[str, str, int, int]] = field(default_factory=list)
    """(station, stream, seq, received) of every frame that waits for this commit."""
    frames: int = 0
    bytes: int = 0


class Pipeline:
    """Takes messages with `put`, runs as one task, tells `committed` when acknowledgements may be due."""

    def __init__(  # noqa: PLR0913 - it is the junction of all parts
        self,
        settings: IngestSettings,
        received: Received,
        batcher: Batcher,
        consumers: Sequence[Consumer],
        quarantine: Quarantine,
        fleet: Fleet,
        latest: Latest,
        metrics: Metrics,
        next_frame: int,
        clock: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._received = received
        self._batcher = batcher
        self._consumers = consumers
        self._quarantine = quarantine
        self._fleet = fleet
        self._latest = latest
        self._metrics = metrics
        self._next_frame = next_frame
        self._clock = clock
        self._decoder = TickDecoder()
        self._inbox: list[Arrived] = []
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._ready: list[Tick] = []
        self._readied = asyncio.Event()
        self._drained = asyncio.Event()
        self._decoding = ThreadPoolExecutor(1, "decode")
        self._committing = ThreadPoolExecutor(1, "commit")
        self._stopping = False
        self.digests: dict[bytes, int] = {}
        self.late: Counter[str] = Counter()
        self.quarantined: Counter[str] = Counter()
        self.unnumbered: Counter[str] = Counter()
        self.failure: str | None = None
        self.committed: Callable[[], None] = lambda: None

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

    @property
    def credit(self) -> int:
        """How many backlog frames a station may have out: fewer as memory fills, none when nothing commits."""
        if self.failure is not None:
            return 0
        return int(FULL_CREDIT * max(0.0, 1.0 - 2 * self._bytes / self._settings.inbox_bytes))

    async def replay(self, replays: Replays, entry_id: str) -> Replayed:
        """Offer a quarantined entry again, between two commits."""
        frame, self._next_frame = self._next_frame, self._next_frame + 1
        return await asyncio.get_running_loop().run_in_executor(
            self._committing, replays.replay, entry_id, frame
        )

    # -- run -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Decode and commit until cancelled or `drain` is done."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._decode_ticks(), name="ingest-decode")
            group.create_task(self._commit_ticks(), name="ingest-commit")

    async def drain(self) -> None:
        """Finish what arrived, then let `run` end: the clean stop."""
        self._stopping = True
        self._arrived.set()
        self._readied.set()

    def close(self) -> None:
        """Release the threads."""
        self._decoding.shutdown()
        self._committing.shutdown()

    async def _decode_ticks(self) -> None:
        loop = asyncio.get_running_loop()
        while not (self._stopping and not self._inbox):
            await self._arrived.wait()
            await self._gather_tick()
            arrived, self._inbox = (
                self._inbox[: self._settings.tick_frames],
                self._inbox[self._settings.tick_frames :],
            )
            if not self._inbox and not self._stopping:
                self._arrived.clear()
            if not arrived:
                continue
            decoded = await loop.run_in_executor(self._decoding, self._decoder.decode, arrived)
            await self._make_tick(decoded, arrived)
        self._readied.set()

    async def _gather_tick(self) -> None:
        """Let a tick fill, unless it is full already or the gateway is stopping."""
        if len(self._inbox) < self._settings.tick_frames and not self._stopping:
            await asyncio.sleep(self._settings.tick_ms / 1000)

    async def _make_tick(self, decoded: DecodedTick, arrived: list[Arrived]) -> None:
        loop = asyncio.get_running_loop()
        tick = Tick(None, [], frames=len(arrived), bytes=sum(len(message.payload) for message in arrived))
        new, digests, duplicates = self._offer(decoded, arrived, tick)
        self._take_rejected(decoded, arrived, tick, set(new))
        if new:
            first, self._next_frame = self._next_frame, self._next_frame + len(new)
            tick.batch = await loop.run_in_executor(
                self._decoding, self._batcher.build, decoded, arrived, new, first, digests, duplicates
            )
            self._hear(tick.batch, new, decoded, arrived)
        self._count(decoded, tick)
        while self._waiting_frames() > 4 * self._settings.tick_frames and not self._stopping:
            self._drained.clear()
            await self._drained.wait()
        self._ready.append(tick)
        self._readied.set()

    def _offer(
        self, decoded: DecodedTick, arrived: list[Arrived], tick: Tick
    ) -> tuple[list[int], dict[int, bytes], Counter[str]]:
        """Tell new frames from copies; returns the new headers in order of receipt, digests, copies."""
        new: list[int] = []
        digests: dict[int, bytes] = {}
        copies: Counter[str] = Counter()
        received = self._received
        order = sorted(range(len(decoded.headers)), key=lambda row: decoded.headers[row].position)
        for row in order:
            header = decoded.headers[row]
            message = arrived[header.position]
            station_id = message.address.station_id
            if header.stream is None:
                digest = hashlib.sha256(message.payload).digest()
                if digest in self.digests:
                    copies[station_id] += 1
                else:
                    self.digests[digest] = message.received
                    digests[row] = digest
                    new.append(row)
                continue
            arrival = received.offer(station_id, header.stream, header.seq, message.received)
            if arrival is Arrival.FOREIGN:
                detail = "this stream belongs to another station"
                rejected = Rejected(Reason.FOREIGN_STREAM, detail, header.stream, header.seq)
                decoded.rejected.append((header.position, rejected))
                continue
            received.note(header.stream, header.oldest, header.gone)
            if arrival is Arrival.NEW:
                new.append(row)
                tick.identities.append((station_id, header.stream, header.seq, message.received))
            else:
                copies[station_id] += 1
                self._fleet.heard(station_id, message.address.region, message.received, fresh=False)
        return new, digests, copies

    def _take_rejected(self, decoded: DecodedTick, arrived: list[Arrived], tick: Tick, new: set[int]) -> None:
        for position, rejected in decoded.rejected:
            message = arrived[position]
            station_id = message.address.station_id
            self._metrics.quarantined.labels(str(rejected.reason)).inc()
            tick.quarantined.append(
                quarantining.of_frame(message.address, message.topic, message.payload, rejected)
            )
            if rejected.stream is not None and rejected.seq is not None:
                self._offer_rejected(station_id, rejected.stream, rejected.seq, message.received, tick)
        for row, rejected_reading in decoded.rejected_readings:
            if row in new:
                header = decoded.headers[row]
                message = arrived[header.position]
                self._metrics.quarantined.labels(str(rejected_reading.reason)).inc()
                identity = (header.stream, header.seq if header.stream else None)
                tick.quarantined.append(
                    quarantining.of_reading(
                        message.address, message.topic, message.payload, identity, rejected_reading
                    )
                )

    def _offer_rejected(self, station_id: str, stream: str, seq: int, received: int, tick: Tick) -> None:
        """A frame held whole is acknowledged in the ranges of the station that sent it."""
        arrival = self._received.offer(station_id, stream, seq, received)
        if arrival is Arrival.FOREIGN:
            arrival = self._received.offer_stray(station_id, stream, seq, received)
        if arrival is Arrival.NEW:
            self.quarantined[station_id] += 1
            tick.identities.append((station_id, stream, seq, received))

    def _hear(self, batch: Batch, new: list[int], decoded: DecodedTick, arrived: list[Arrived]) -> None:
        late = batch.frames["late"].to_pylist()
        heard = self._fleet.heard
        for row, is_late in zip(new, late, strict=True):
            header = decoded.headers[row]
            message = arrived[header.position]
            address = message.address
            best_effort = header.stream is None
            heard(
                address.station_id,
                address.region,
                message.received,
                fresh=not is_late,
                best_effort=best_effort,
            )
            if is_late:
                self.late[address.station_id] += 1
            if best_effort:
                self.unnumbered[address.station_id] += 1

    def _count(self, decoded: DecodedTick, tick: Tick) -> None:
        self._metrics.frames.inc(tick.frames)
        for name, count in decoded.unknown_fields.items():
            self._metrics.unknown_fields(name).inc(count)
        if tick.batch is not None:
            self._metrics.points.inc(tick.batch.points)
            self._metrics.duplicates.inc(sum((tick.batch.duplicates or {}).values()))

    def _waiting_frames(self) -> int:
        return sum(tick.frames for tick in self._ready)

    # -- commit ----------------------------------------------------------------------------------------

    async def _commit_ticks(self) -> None:
        while True:
            await self._readied.wait()
            await self._gather_commit()
            ticks, self._ready = self._ready, []
            self._readied.clear()
            if ticks:
                await self._commit(ticks)
                self._drained.set()
            elif self._stopping:
                return
            if self._stopping:
                self._readied.set()

    async def _gather_commit(self) -> None:
        # small commits cost several times as much per row: DuckDB pays for every column of every append
        if self._waiting_frames() < self._settings.commit_frames and not self._stopping:
            await asyncio.sleep(max(0, self._settings.commit_ms - self._settings.tick_ms) / 1000)

    async def _commit(self, ticks: list[Tick]) -> None:
        """Make the ticks durable, however long it takes; only a stop gives up, and then nothing is lost."""
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            try:
                await loop.run_in_executor(self._committing, self._make_durable, ticks)
            except NotDurable as error:
                self.failure = str(error)
                if self._stopping:
                    self._abandon(ticks)
                    return
                await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1
            else:
                break
        if self.failure is not None:
            log.info("store_recovered", attempts=attempt)
            self.failure = None
        self._note_durable(ticks)

    def _make_durable(self, ticks: list[Tick]) -> None:
        held = [item for tick in ticks for item in tick.quarantined]
        if held:
            self._quarantine.add(held, self._clock())
        batches = [tick.batch for tick in ticks if tick.batch is not None]
        for consumer in self._consumers:
            consumer.consume(batches)
        for batch in batches:
            self._latest.update(batch)

    def _note_durable(self, ticks: list[Tick]) -> None:
        commit = self._received.commit
        for tick in ticks:
            for identity in tick.identities:
                commit(*identity)
            self._bytes -= tick.bytes
            if tick.batch is not None:
                self._observe_people(tick.batch)
        self._forget_digests()
        self.committed()

    def _abandon(self, ticks: list[Tick]) -> None:
        for tick in ticks:
            for station_id, stream, seq, _ in tick.identities:
                self._received.abandon(station_id, stream, seq)

    def _observe_people(self, batch: Batch) -> None:
        table = batch.samples.get("occupancy")
        if table is None:
            return
        names = [name for name in table.column_names if name in OCCUPANCY_FIELDS]
        if not names:
            return
        known = self._batcher.series.known
        columns = [table[name].to_pylist() for name in ("series", "ts", *names)]
        epochs = table["epoch"].to_pylist() if "epoch" in table.column_names else [None] * table.num_rows
        suspects = (
            table["suspect"].to_pylist() if "suspect" in table.column_names else [None] * table.num_rows
        )
        for epoch, suspect, number, ts, *values in zip(epochs, suspects, *columns, strict=True):
            fields = {name: value for name, value in zip(names, values, strict=True) if value is not None}
            if suspect:
                fields = {name: value for name, value in fields.items() if name not in suspect}
            series = known[number]
            self._fleet.station(series.station_id).occupancy.observe(series.device, ts, fields, epoch)

    def _forget_digests(self) -> None:
        before = self._clock() - DIGEST_MS
        while self.digests:
            digest, received = next(iter(self.digests.items()))
            if received >= before:
                break
            del self.digests[digest]


OCCUPANCY_FIELDS = frozenset({"people_in_total", "people_out_total", "zone_occupied", "cubicle_occupied"})
