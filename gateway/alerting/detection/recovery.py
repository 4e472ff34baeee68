"""Taking up where the process before was killed: its snapshot, and the frames since, out of the store."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from gateway.alerting.detection.consumer import Life, Make
from gateway.alerting.detection.engine import Engine
from gateway.alerting.detection.snapshot import SnapshotFile, SnapshotUnreadableError
from gateway.batch.batch import Batch
from gateway.domain.alerts import Change, Key, Transition
from gateway.state.births import Births, JournalRow
from gateway.timeseries import replay
from gateway.timeseries.store import Store

log = structlog.get_logger(__name__)

LOOK_BACK_MS = 2 * 3_600_000
"""What an engine without memory reads again: longer than nearly every duration of a rule."""


@dataclass(frozen=True, slots=True)
class History:
    """Where frames and happenings are read back."""

    store: Store
    births: Births

    def batches(self, first: int, last: int) -> Iterator[tuple[Batch, list[JournalRow]]]:
        """Yield the frames of two numbers with what happened until they were received."""
        after: int | None = None
        for batch in replay.batches(self.store.cursor(), first, last):
            received = batch.frames["received"].to_numpy()
            begin, end = int(received.min()) if after is None else after, int(received.max())
            yield batch, self.births.between(begin - (after is None), end)
            after = max(end, begin)

    @property
    def last(self) -> int:
        """The number of the last frame stored."""
        return self.store.next_frame - 1

    def since(self, ms: int) -> int:
        """Return the number of the first frame received at or after a time."""
        found = replay.frames_received(self.store.cursor(), ms, 2**62)
        return self.store.next_frame if found is None else found[0]


def recover(make: Make, life: Life, snapshot: SnapshotFile, history: History, now: int) -> Engine:
    """Return an engine that has judged every stored frame; what the process before did not tell is told.

    A snapshot that cannot be read, and rules that changed since, cost their memory beyond the last two hours.
    So does a store restored from a backup older than the snapshot; what it lost comes again under numbers
    that were judged before, and is judged all the same.
    """
    engine = make(lambda _: True)
    for birth in history.births.newest():
        engine.declare(birth.station_id, birth.payload)
    remembered = _remembered(snapshot, history.last)
    watermark = min(life.watermark(), history.last)
    life.rewind(watermark)
    told: list[Transition] = []
    if remembered is None:
        told = _again(engine, history, watermark, now)
    else:
        was_open = dict(_open_in(remembered["rules"]))
        changed = engine.restore(remembered)
        if changed:
            told = rebuild(engine, changed, make, history, was_open)
        told += _quietly(engine, history, watermark, skip=frozenset(engine.rules) - set(changed))
    if told:
        life.apply(told, max(watermark, engine.frame), now)
    for batch, happenings in history.batches(engine.frame + 1, history.last):
        life.apply(engine.take(batch, happenings), engine.frame, now)
    return engine


def _remembered(snapshot: SnapshotFile, last: int) -> dict[str, Any] | None:
    """Return the snapshot, unless it is damaged or of frames beyond the last one stored."""
    try:
        remembered = snapshot.read()
    except SnapshotUnreadableError as error:
        log.warning("snapshot_unreadable", reason=str(error), next="judging the last two hours again")
        return None
    if remembered is not None and remembered["frame"] > last:
        log.warning("snapshot_ahead", frame=remembered["frame"], last=last, next="judging two hours again")
        return None
    return remembered


def rebuild(
    engine: Engine, changed: Iterable[str], make: Make, history: History, was_open: dict[Key, int]
) -> list[Transition]:
    """Give rules that remember nothing the last two hours; returns how their alerts stand differently."""
    wanted = set(changed)
    other = make(wanted.__contains__)
    other.places.restore(engine.places.save())
    transitions: list[Transition] = []
    if engine.frame >= 0:
        begin = history.since(engine.clock - LOOK_BACK_MS)
        for batch, happenings in history.batches(begin, engine.frame):
            transitions += other.take(batch, happenings)
    transitions += other.advance(engine.clock)
    engine.adopt(other)
    now_open = other.open_alerts()
    over = [
        Transition(key, Change.CLEARED, "P4", opened, engine.clock, engine.clock)
        for key, opened in was_open.items()
        if key.rule in wanted and now_open.get(key) != opened
    ]
    return over + _still_open(transitions, now_open)


def _again(engine: Engine, history: History, watermark: int, now: int) -> list[Transition]:
    """Judge the last two hours up to the watermark; returns what is open by them."""
    transitions: list[Transition] = []
    begin = min(history.since(now - LOOK_BACK_MS), watermark + 1)
    for batch, happenings in history.batches(begin, watermark):
        transitions += engine.take(batch, happenings)
    return _still_open(transitions, engine.open_alerts())


def _quietly(engine: Engine, history: History, watermark: int, skip: frozenset[str]) -> list[Transition]:
    """Judge frames whose effects are durable; what rules that were away then say is news."""
    transitions: list[Transition] = []
    for batch, happenings in history.batches(engine.frame + 1, watermark):
        transitions += engine.take(batch, happenings)
    return [one for one in transitions if one.key.rule not in skip]


def _still_open(transitions: Sequence[Transition], now_open: dict[Key, int]) -> list[Transition]:
    return [one for one in transitions if now_open.get(one.key) == one.opened]


def _open_in(rules: dict[str, tuple[str, dict[str, object]]]) -> Iterator[tuple[Key, int]]:
    for _, remembered in rules.values():
        instances = remembered["instances"]
        for key, instance in instances.items() if isinstance(instances, dict) else ():
            if instance.live is not None and instance.live.reached is not None:
                yield key, instance.live.opened
