"""Buckets as the tiers tell them: of months and years, and of times whose readings are not kept any more.

What held counts, not what was sent: a mean is weighted by the time each value held.
"""

from collections.abc import Iterable, Mapping, Sequence

import duckdb

from gateway.timeseries.asked import Fn, Position, ReadingQuery, StoredReading, spans
from gateway.timeseries.history import Stretch, summed_up
from wire.measures import MEASURES, Kind, Measure

_COLUMNS = {Fn.MEAN: "mean", Fn.MIN: "min", Fn.MAX: "max", Fn.LAST: "last", Fn.INCREASE: "increase"}
Row = Mapping[str, object]


def read_told(
    cursor: duckdb.DuckDBPyConnection,
    query: ReadingQuery,
    devices: Mapping[int, str],
    wanted: Sequence[str],
    until: int,
) -> list[StoredReading]:
    """Return at most ``query.limit`` buckets that begin before `until` (ms), by time."""
    after = (query.after.ts, query.after.device) if query.after else (-1, "")
    found: dict[tuple[int, str], dict[str, object]] = {}
    for since, end in spans(query):
        if since >= until:
            break
        stretch = Stretch(query.domain, [*devices], since, min(end, until), query.every, query.tz)
        for row in summed_up(cursor, stretch, wanted).to_pylist():
            key = (row["bucket"], devices[row["series"]])
            value = _value(MEASURES[query.domain][row["name"]], query.fn, row)
            if key > after and value is not None:
                found.setdefault(key, {})[row["name"]] = value
        if len(found) >= query.limit:
            break
    return [
        StoredReading(Position(bucket, device=device), device, _in_order(fields, wanted), (), "good")
        for (bucket, device), fields in sorted(found.items())[: query.limit]
    ]


def _in_order(fields: Mapping[str, object], wanted: Iterable[str]) -> dict[str, object]:
    return {name: fields[name] for name in wanted if name in fields}


def _value(measure: Measure, fn: Fn, row: Row) -> object:
    if measure.kind is Kind.STATE:
        return _state(measure, str(row["value"])) if row["last_ts"] is not None else None
    value = row[_COLUMNS[fn]]
    if value is None or fn is Fn.MEAN or measure.type != "int":
        return value
    return int(float(str(value)))


def _state(measure: Measure, value: str) -> object:
    if measure.type == "bool":
        return value == "true"
    return value.split() if measure.type == "words" else value
