"""Readings of one station and domain out of the store, raw or in buckets.

Suspect and stale values stay visible in raw readings and are left out of every bucket.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

import duckdb

from gateway.domain.buckets import STEP_MS, UTC_ZONE, Every, bucket_start, day_starts
from gateway.timeseries.increase import increase_by_bucket
from gateway.timeseries.select import counts, present_fields, select_readings
from wire.measures import EVENT_FIELDS, MEASURES, Kind

_FIRST_SPAN_MS = 7 * 86_400_000
_QUALITIES = ("good", "substituted", "stale", "suspect")
_WORST = "max(CASE quality WHEN 'suspect' THEN 3 WHEN 'stale' THEN 2 WHEN 'substituted' THEN 1 ELSE 0 END)"


class Fn(StrEnum):
    """What becomes of the values in a bucket."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    INCREASE = "increase"


_AGGREGATES = {Fn.MEAN: "avg({})", Fn.MIN: "min({})", Fn.MAX: "max({})", Fn.LAST: "arg_max({}, ts)"}


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


def read(cursor: duckdb.DuckDBPyConnection, query: ReadingQuery) -> list[StoredReading]:
    """Return at most ``query.limit`` readings or buckets, by time; duckdb.Error when the store fails."""
    devices = _series(cursor, query)
    asked = query.fields or fields_for(query.domain, query.every, query.fn)
    wanted = present_fields(cursor, query.domain, asked)
    if not devices or not wanted:
        return []
    if query.every is Every.RAW:
        return _read_raw(cursor, query, devices, wanted)
    if query.fn is Fn.INCREASE:
        return _read_increase(cursor, query, devices, wanted)
    return _read_buckets(cursor, query, devices, wanted)


def _series(cursor: duckdb.DuckDBPyConnection, query: ReadingQuery) -> dict[int, str]:
    """Return the devices asked for, by the number their rows carry."""
    rows = cursor.execute(
        "SELECT id, device FROM series WHERE station_id = ? AND domain = ?",
        [query.station_id, query.domain],
    ).fetchall()
    return {number: device for number, device in rows if not query.devices or device in query.devices}


def _within(query: ReadingQuery, devices: dict[int, str]) -> str:
    start = query.start if query.after is None else max(query.start, query.after.ts)
    numbers = ", ".join(map(str, sorted(devices)))
    return f"series IN ({numbers}) AND ts >= {start} AND ts < {query.end}"


# -- raw -----------------------------------------------------------------------------------------------


def _read_raw(
    cursor: duckdb.DuckDBPyConnection,
    query: ReadingQuery,
    devices: dict[int, str],
    wanted: tuple[str, ...],
) -> list[StoredReading]:
    rows = cursor.execute(
        f"{select_readings(query.domain, wanted, _raw_where(query, devices))}"
        f" ORDER BY ts, frame, idx LIMIT {query.limit}"
    ).fetchall()
    return [_raw_reading(row, wanted, devices) for row in rows]


def _raw_where(query: ReadingQuery, devices: dict[int, str]) -> str:
    where = _within(query, devices)
    if query.after is not None:
        ts, frame, idx = query.after.ts, query.after.frame, query.after.idx
        where += f" AND (ts > {ts} OR frame > {frame} OR (frame = {frame} AND idx > {idx}))"
    return where


def _raw_reading(row: tuple[object, ...], wanted: Sequence[str], devices: dict[int, str]) -> StoredReading:
    ts, frame, idx, series, suspect, quality, _, *values = row
    fields = {name: value for name, value in zip(wanted, values, strict=True) if value is not None}
    return StoredReading(
        position=Position(int(str(ts)), int(str(frame)), int(str(idx))),
        device=devices[int(str(series))],
        fields=fields,
        suspect=tuple(map(str, suspect)) if isinstance(suspect, list) else (),
        quality=str(quality or "good"),
    )


# -- buckets -------------------------------------------------------------------------------------------


def _read_buckets(
    cursor: duckdb.DuckDBPyConnection,
    query: ReadingQuery,
    devices: dict[int, str],
    wanted: tuple[str, ...],
) -> list[StoredReading]:
    values = ", ".join(
        f"{_AGGREGATES[query.fn].format(name)} FILTER (WHERE {counts(name)})" for name in wanted
    )
    seen = " + ".join(f"count({name})" for name in wanted)
    rows = cursor.execute(
        f"SELECT bucket, device, list_distinct(flatten(list(suspect))), {_WORST}, {values}"
        f" FROM ({_bucketed(query, devices, wanted)}) JOIN ({_names(devices)}) USING (series)"
        f" GROUP BY bucket, device HAVING {seen} > 0{_beyond(query)}"
        f" ORDER BY bucket, device LIMIT {query.limit}",
        _parameters(query),
    ).fetchall()
    return [_bucket(row, wanted) for row in rows]


def _names(devices: dict[int, str]) -> str:
    # Names of devices match wire.topics.DEVICE_PATTERN: nothing to quote.
    rows = ", ".join(f"({number}, '{device}')" for number, device in devices.items())
    return f"SELECT * FROM (VALUES {rows}) names(series, device)"


def _bucketed(query: ReadingQuery, devices: dict[int, str], wanted: tuple[str, ...]) -> str:
    readings = select_readings(query.domain, wanted, _within(query, devices))
    if query.every is Every.DAY:
        days = "SELECT unnest(?) AS bucket"
        return f"SELECT r.*, d.bucket FROM ({readings}) r ASOF JOIN ({days}) d ON r.ts >= d.bucket"
    return f"SELECT *, ts - ts % {STEP_MS[query.every]} AS bucket FROM ({readings})"


def _parameters(query: ReadingQuery) -> list[list[int]]:
    return [day_starts(query.start, query.end, query.tz)] if query.every is Every.DAY else []


def _beyond(query: ReadingQuery) -> str:
    if query.after is None:
        return ""
    ts, device = query.after.ts, query.after.device
    return f" AND (bucket > {ts} OR device > '{device}')"


def _bucket(row: tuple[object, ...], wanted: Sequence[str]) -> StoredReading:
    ts, device, suspect, worst, *values = row
    fields = {name: value for name, value in zip(wanted, values, strict=True) if value is not None}
    named = set(suspect) if isinstance(suspect, list) else set()
    return StoredReading(
        position=Position(int(str(ts)), device=str(device)),
        device=str(device),
        fields=fields,
        suspect=tuple(name for name in wanted if name in named),
        quality=_QUALITIES[int(str(worst))],
    )


def _read_increase(
    cursor: duckdb.DuckDBPyConnection,
    query: ReadingQuery,
    devices: dict[int, str],
    wanted: tuple[str, ...],
) -> list[StoredReading]:
    after = (query.after.ts, query.after.device) if query.after else (-1, "")
    grown: dict[tuple[int, str], dict[str, object]] = {}
    for span in _spans(query):
        for number, device in devices.items():
            for name in wanted:
                measure = MEASURES[query.domain][name]
                rises = increase_by_bucket(cursor, measure, number, span, query.every, query.tz)
                for bucket, rise in rises.items():
                    if (bucket, device) > after:
                        grown.setdefault((bucket, device), {})[name] = rise
        if len(grown) >= query.limit:
            break
    return [
        StoredReading(Position(bucket, device=device), device, grown[bucket, device], (), "good")
        for bucket, device in sorted(grown)[: query.limit]
    ]


def _spans(query: ReadingQuery) -> Iterator[tuple[int, int]]:
    """Cut the time into spans of whole buckets, each twice as long: one page seldom needs a whole year."""
    start = query.start if query.after is None else max(query.start, query.after.ts)
    length = _FIRST_SPAN_MS
    while start < query.end:
        end = min(query.end, bucket_start(start + length, query.every, query.tz))
        yield start, end
        start, length = end, 2 * length
