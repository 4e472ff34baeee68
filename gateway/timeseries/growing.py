"""How much counters grew, bucket by bucket: from the tiers where they are told, else from the readings."""

from collections.abc import Iterator, Mapping, Sequence

import duckdb

from gateway.domain.buckets import Every
from gateway.timeseries.asked import Position, ReadingQuery, StoredReading, spans
from gateway.timeseries.history import Stretch, grown, told_until
from gateway.timeseries.increase import increase_by_bucket
from gateway.timeseries.quarters import QUARTER_MS
from wire.measures import MEASURES

_WORTH_MS = 2 * 86_400_000
"""Shorter times are read at once: told and untold parts would be several queries."""
Rise = tuple[int, int, str, float]
"""Start of the bucket (ms), series, field, growth."""


def read_increase(
    cursor: duckdb.DuckDBPyConnection, query: ReadingQuery, devices: Mapping[int, str], wanted: Sequence[str]
) -> list[StoredReading]:
    """Return at most ``query.limit`` buckets in which a counter was read, by time."""
    after = (query.after.ts, query.after.device) if query.after else (-1, "")
    told = told_until(cursor, query.domain, [*devices]) if query.end - query.start >= _WORTH_MS else 0
    sums: dict[tuple[int, str], dict[str, float]] = {}
    for span in spans(query):
        for bucket, number, name, rise in _rises(cursor, query, [*devices], wanted, span, told):
            if (bucket, devices[number]) > after:
                fields = sums.setdefault((bucket, devices[number]), {})
                fields[name] = fields.get(name, 0.0) + rise
        if len(sums) >= query.limit:
            break
    return [
        StoredReading(Position(bucket, device=device), device, _rounded(query.domain, fields), (), "good")
        for (bucket, device), fields in sorted(sums.items())[: query.limit]
    ]


def _rises(
    cursor: duckdb.DuckDBPyConnection,
    query: ReadingQuery,
    series: Sequence[int],
    wanted: Sequence[str],
    span: tuple[int, int],
    told: int,
) -> Iterator[Rise]:
    start, end = span
    first, last = start + -start % QUARTER_MS, min(told, end - end % QUARTER_MS)
    pieces = [span]
    if query.every is not Every.MINUTE and last > first:
        yield from grown(cursor, Stretch(query.domain, series, first, last, query.every, query.tz), wanted)
        pieces = [(since, until) for since, until in ((start, first), (last, end)) if since < until]
    for piece in pieces:
        for number in series:
            for name in wanted:
                measure = MEASURES[query.domain][name]
                rises = increase_by_bucket(cursor, measure, number, piece, query.every, query.tz)
                yield from ((bucket, number, name, rise) for bucket, rise in rises.items())


def _rounded(domain: str, fields: Mapping[str, float]) -> dict[str, object]:
    return {
        name: round(rise) if MEASURES[domain][name].type == "int" else round(rise, 6)
        for name, rise in sorted(fields.items())
    }
