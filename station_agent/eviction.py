"""What a full or old outbox gives up: acknowledged frames, then samples, then events, alarms last."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from station_agent import gone
from wire.ranges import Ranges

WAITING, PARKED, ACKNOWLEDGED = 0, 1, 2
"""States of a frame. An acknowledged frame is kept for a gateway that lost it."""

ALARM, EVENT, SAMPLE = 0, 1, 2
"""Classes of a frame, as positions in ``framing.CLASSES``."""

_ORDER = (
    *((ACKNOWLEDGED, frame_class) for frame_class in (SAMPLE, EVENT, ALARM)),
    *((state, frame_class) for frame_class in (SAMPLE, EVENT, ALARM) for state in (PARKED, WAITING)),
)
_OLDEST = "SELECT n, size FROM frames WHERE state = ? AND class = ? ORDER BY n LIMIT 512"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the outbox: bytes of all frames, age of unacknowledged, keeping of acknowledged ones."""

    max_bytes: int
    max_age_ms: int
    keep_ms: int


@dataclass
class Evicted:
    """What was given up: all frames and bytes, and the unacknowledged ones by number and by class."""

    frames: int = 0
    bytes: int = 0
    unacknowledged: Ranges = field(default_factory=Ranges)
    by_class: Counter[int] = field(default_factory=Counter)
    parked: int = 0


def make_room(sql: sqlite3.Connection, wanted: int, *, spare: int | None = None) -> Evicted:
    """Delete the least valuable frames until ``wanted`` bytes are free.

    Unacknowledged frames of a class more urgent than ``spare`` (a position in ``CLASSES``) stay:
    an alarm never makes room for a sample.
    """
    evicted = Evicted()
    for state, frame_class in _ORDER:
        if spare is not None and state != ACKNOWLEDGED and frame_class < spare:
            continue
        while evicted.bytes < wanted and _delete(sql, state, frame_class, wanted, evicted):
            pass
    gone.add(sql, evicted.unacknowledged)
    return evicted


def expire(sql: sqlite3.Connection, *, created_before: int, settled_before: int) -> Evicted:
    """Delete unacknowledged frames created, and kept ones settled, before these running times (ms)."""
    evicted = Evicted()
    for state, frame_class in _ORDER:
        column, limit = ("settled", settled_before) if state == ACKNOWLEDGED else ("created", created_before)
        rows = sql.execute(
            f"SELECT n, size, {column} FROM frames WHERE state = ? AND class = ? ORDER BY n",  # noqa: S608 - our own column names
            (state, frame_class),
        )
        _give_up(sql, state, frame_class, list(_older(rows, limit)), evicted)
    gone.add(sql, evicted.unacknowledged)
    return evicted


def _older(rows: sqlite3.Cursor, limit: int) -> Iterator[tuple[int, int]]:
    for n, size, at in rows:
        if at >= limit:
            return
        yield n, size


def _delete(sql: sqlite3.Connection, state: int, frame_class: int, wanted: int, evicted: Evicted) -> bool:
    chosen: list[tuple[int, int]] = []
    freed = evicted.bytes
    for n, size in sql.execute(_OLDEST, (state, frame_class)):
        if freed >= wanted:
            break
        chosen.append((n, size))
        freed += size
    _give_up(sql, state, frame_class, chosen, evicted)
    return bool(chosen)


def _give_up(
    sql: sqlite3.Connection, state: int, frame_class: int, chosen: list[tuple[int, int]], evicted: Evicted
) -> None:
    sql.executemany("DELETE FROM frames WHERE n = ?", ((n,) for n, _ in chosen))
    evicted.frames += len(chosen)
    evicted.bytes += sum(size for _, size in chosen)
    if state == ACKNOWLEDGED:
        return
    evicted.by_class[frame_class] += len(chosen)
    evicted.parked += len(chosen) if state == PARKED else 0
    for n, _ in chosen:
        evicted.unacknowledged.add(n)
