"""The engine as a consumer of batches: what it decides is durable together with how far it has judged."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import pyarrow as pa
import structlog

from gateway.alerting.detection.engine import Engine
from gateway.alerting.detection.lane import Pending
from gateway.alerting.detection.rows import joined
from gateway.alerting.detection.snapshot import Gathered, Room, SnapshotFile
from gateway.batch.batch import Batch
from gateway.domain.alerts import Transition
from gateway.domain.observation import Observation
from gateway.errors import NotDurableError
from gateway.state.births import JournalRow

log = structlog.get_logger(__name__)


class Life(Protocol):
    """Where transitions become alerts: `life.Alerts`, and a list in a backtest."""

    def watermark(self) -> int:
        """Return the last frame whose effects are durable, -1 before the first."""

    def rewind(self, watermark: int) -> None:
        """Take no frame beyond this one as judged: the store has none, and gives its numbers anew."""

    def apply(self, transitions: Sequence[Transition], watermark: int, now: int) -> None:
        """Make transitions durable with the frame they were judged up to; NotDurableError for none."""


Make = Callable[[Callable[[str], bool]], Engine]
"""Makes an engine that remembers nothing, of the rules whose id is wanted."""
Urgently = Callable[[Sequence[Transition], int], None]
"""Tells what is about somebody's life without a row: `Emergency.hear`, and its dispatcher woken."""


class AlertConsumer:
    """Judges what the store has, in the thread that commits; `hear` and `observe` may be called from any."""

    name = "alerts"

    def __init__(
        self,
        engine: Engine,
        make: Make,
        life: Life,
        snapshot: SnapshotFile,
        clock: Callable[[], int],
        urgently: Urgently,
    ) -> None:
        self.engine = engine
        self._make = make
        self._life = life
        self._snapshot = snapshot
        self._room = Room()
        self._clock = clock
        self._urgently = urgently
        self._happenings: deque[JournalRow] = deque()
        self._observations: deque[Observation] = deque()
        self._unwritten: list[Transition] = []
        self._fork: Engine | None = None
        self._written = engine.frame
        self.ticked = clock()
        """When it last worked (ms UTC), whether or not anything arrived."""

    @property
    def health(self) -> str:
        """`ok`, or which rules are off because they failed."""
        off = self.engine.off
        return f"rules off: {', '.join(sorted(off))}; see the log" if off else "ok"

    # -- from any thread -------------------------------------------------------------------------------

    def hear(self, happening: JournalRow) -> None:
        """Take a birth, a will, or what became of gateway and broker; they come in order of time."""
        self._happenings.append(happening)

    def observe(self, observation: Observation) -> None:
        """Take what the gateway measured; judged with the next batch or `advance`."""
        self._observations.append(observation)

    def pending(self) -> list[Pending]:
        """List what holds but has not opened."""
        return self.engine.pending()

    def write_down(self, gathered: Gathered) -> None:
        """Write the snapshot; a disk that does not take it costs a longer replay at the next start."""
        try:
            self._snapshot.write(gathered)
        except OSError as error:
            log.warning("snapshot_not_written", reason=str(error), next="trying again in a minute")

    # -- in the committing thread ----------------------------------------------------------------------

    def consume(self, batches: Sequence[Batch]) -> None:
        """Judge batches and make what follows durable; NotDurableError when it is not, to be called again."""
        self._fork = None
        self.ticked = self._clock()
        batch = _in_one([one for one in batches if _begins(one) > self.engine.frame])
        if batch is not None:
            until = max(self.engine.clock, int(batch.frames["received"].to_numpy().max()))
            self._unwritten += self.engine.take(batch, list(self._until(until)))
        self._observed()
        self._write()

    def advance(self, now: int) -> None:
        """Work off what is due, when every frame received up to ``now`` (ms) has been consumed."""
        self.ticked = self._clock()
        self._unwritten += self.engine.advance(now, list(self._until(now)))
        self._observed()
        if self._unwritten:
            self._write()

    def hear_again(self, batch: Batch) -> None:
        """Judge what was taken out of quarantine; what cannot be written now is with the next batch."""
        self._unwritten += self.engine.hear_again(batch)
        with suppress(NotDurableError):
            self._write()

    def urgent(self, batches: Sequence[Batch]) -> list[Transition]:
        """Tell what is about somebody's life in batches that the store does not take now.

        Judged on a copy, so that nothing is taken away from when they are consumed; of batches told before,
        nothing is told again. Returns what was told.
        """
        if self._fork is None:
            self._fork = self._copy()
        batch = _in_one([one for one in batches if _begins(one) > self._fork.frame])
        told = [] if batch is None else self._fork.take(batch)
        if told:
            self._urgently(told, self._clock())
        return told

    def gather(self) -> Gathered | None:
        """Gather what the snapshot holds, good until the next; None while a transition waits for the disk."""
        return None if self._unwritten else Gathered.of(self.engine.save(), self._room)

    def save(self) -> None:
        """Gather and write, whatever was gathered before and is still being written."""
        if not self._unwritten:
            self.write_down(Gathered.of(self.engine.save()))

    def replace(self, engine: Engine, make: Make) -> None:
        """Go on with other rules."""
        self.engine, self._make, self._fork = engine, make, None

    def _until(self, now: int) -> Iterator[JournalRow]:
        while self._happenings and self._happenings[0].at <= now:
            yield self._happenings.popleft()

    def _observed(self) -> None:
        if self._observations:
            observed = [self._observations.popleft() for _ in range(len(self._observations))]
            self._unwritten += self.engine.observe(observed, self.engine.clock)

    def _write(self) -> None:
        if not self._unwritten and self.engine.frame == self._written:
            return
        self._life.apply(self._unwritten, self.engine.frame, self._clock())
        self._unwritten, self._written = [], self.engine.frame

    def _copy(self) -> Engine:
        """Return an engine of the life-safety rules alone, that knows what ours does."""
        fork = self._make(self.engine.is_life_safety)
        fork.restore(Gathered.of(self.engine.save()).remembered())
        return fork


def _begins(batch: Batch) -> int:
    """Return the number of a batch's first frame, -1 when it has none."""
    return int(batch.frames["frame"][0].as_py()) if batch.frames.num_rows else -1


def _in_one(batches: Sequence[Batch]) -> Batch | None:
    """Return batches as one: a look at the columns costs every rule the same, however few rows there are."""
    if len(batches) <= 1:
        return batches[0] if batches else None
    return Batch(
        pa.concat_tables([one.frames for one in batches]),
        _joined([one.samples for one in batches]),
        _joined([one.events for one in batches]),
    )


def _joined(parts: Sequence[Mapping[str, pa.Table]]) -> dict[str, pa.Table]:
    domains = {domain for part in parts for domain in part}
    return {domain: joined([part[domain] for part in parts if domain in part]) for domain in sorted(domains)}
