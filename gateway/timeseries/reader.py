"""Readings of one station and domain out of the store, raw or in buckets.

Suspect and stale values stay visible in raw readings and are left out of every bucket.
"""

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from gateway.domain.buckets import STEP_MS, Every, bucket_starts, day_starts
from gateway.timeseries.asked import Fn, Position, ReadingQuery, StoredReading, fields_for
from gateway.timeseries.growing import read_increase
from gateway.timeseries.sealed import counted_until, sealed_until
from gateway.timeseries.select import counts, present_fields, select_readings
from gateway.timeseries.told import read_told

_QUALITIES = ("good", "substituted", "stale", "suspect")
_WORST = "max(CASE quality WHEN 'suspect' THEN 3 WHEN 'stale' THEN 2 WHEN 'substituted' THEN 1 ELSE 0 END)"
_AGGREGATES = {Fn.MEAN: "avg({})", Fn.MIN: "min({})", Fn.MAX: "max({})", Fn.LAST: "arg_max({}, ts)"}


def read(cursor: duckdb.DuckDBPyConnection, query: ReadingQuery) -> list[StoredReading]:
    """Return at most ``query.limit`` readings or buckets, by time; duckdb.Error when the store fails."""
    devices = _series(cursor, query)
    asked = query.fields or fields_for(query.domain, query.every, query.fn)
    wanted = present_fields(cursor, query.domain, asked)
    if not devices:
        return []
    if query.every is Every.RAW:
        return _read_raw(cursor, query, devices, wanted) if wanted else []
    cut = _told_until(cursor, query)
    if query.fn is Fn.INCREASE:
        return read_increase(cursor, query, devices, wanted or asked)
    told = read_told(cursor, query, devices, asked, cut) if cut > query.start else []
    if len(told) == query.limit or cut >= query.end or not wanted:
        return told
    rest = _read_buckets(cursor, replace(query, start=max(cut, query.start)), devices, wanted)
    return [*told, *rest][: query.limit]


def _told_until(cursor: duckdb.DuckDBPyConnection, query: ReadingQuery) -> int:
    """Return where answers from the readings begin: at the first bucket whose readings are all kept.

    Months and years are told by their days throughout.
    """
    if query.every in {Every.MONTH, Every.YEAR}:
        return query.end
    gone = max(sealed_until(cursor, query.domain), counted_until(cursor, query.domain))
    if query.every is Every.MINUTE or gone <= query.start:
        return query.start
    starts = bucket_starts(query.start, query.end, query.every, query.tz)
    return next((start for start in starts if start >= gone), query.end)


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
