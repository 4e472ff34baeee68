"""What is asked of stored readings, and what is answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from gateway.domain.buckets import UTC_ZONE, Every, bucket_start
from wire.measures import EVENT_FIELDS, MEASURES, Kind

_FIRST_SPAN_MS = 7 * 86_400_000


class Fn(StrEnum):
    """What becomes of the values in a bucket."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    INCREASE = "increase"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: time and, of a raw reading, its frame and place; of a bucket, its device."""

    ts: int
    frame: int = -1
    idx: int = -1
    device: str = ""


@dataclass(frozen=True, slots=True)
class ReadingQuery:
    """What to read: ``start <= ts < end`` in ms; no devices or fields: all that answer ``fn``."""

    station_id: str
    domain: str
    start: int
    end: int
    devices: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    every: Every = Every.RAW
    fn: Fn = Fn.MEAN
    tz: ZoneInfo = UTC_ZONE
    limit: int = 100
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class StoredReading:
    """One reading or bucket; only fields with a value."""

    position: Position
    device: str
    fields: dict[str, object]
    suspect: tuple[str, ...]
    quality: str


def fields_for(domain: str, every: Every, fn: Fn) -> tuple[str, ...]:
    """Return the fields of a domain that can be read in this way.

    Raw: all. In buckets, counters for `increase`, numbers for `mean`, `min` and `max`, states too for `last`.
    """
    measures = MEASURES[domain].values()
    if every is Every.RAW:
        events = ("event", *(row.name for row in EVENT_FIELDS[domain])) if EVENT_FIELDS[domain] else ()
        return (*events, *(row.name for row in measures))
    if fn is Fn.INCREASE:
        return tuple(row.name for row in measures if row.kind is Kind.COUNTER)
    if fn is Fn.LAST:
        return tuple(row.name for row in measures)
    return tuple(row.name for row in measures if row.type in {"int", "float"})


def spans(query: ReadingQuery) -> Iterator[tuple[int, int]]:
    """Cut the time into spans of whole buckets, each twice as long: one page seldom needs a whole year."""
    start = query.start if query.after is None else max(query.start, query.after.ts)
    length = _FIRST_SPAN_MS
    while start < query.end:
        end = min(query.end, bucket_start(start + length, query.every, query.tz))
        length *= 2
        if end > start:
            yield start, end
            start = end
