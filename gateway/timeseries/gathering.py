"""What the quarters of a portion are made of, read from the store: readings, and what came before them.

The series meant are those of the table `wanted`, registered by the caller.
"""

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa

from gateway.timeseries import lines, tables
from gateway.timeseries.quarters import QUARTER_MS, Samples, Window, event_rows, rows_of
from gateway.timeseries.samples import NOTHING, joined, readings, samples_of, within
from gateway.timeseries.select import present_fields
from wire.measures import EVENT_FIELDS, MEASURES, Kind, Measure


def field_rows(cursor: duckdb.DuckDBPyConnection, domain: str, window: Window) -> Iterator[pa.Table]:
    """Return the quarters of each field, for the series `wanted`."""
    fields = present_fields(cursor, domain, tuple(MEASURES[domain]))
    if not fields:
        return
    inside = readings(cursor, domain, fields, "wanted", within(window))
    told = _told(cursor, domain, window.start)
    for name in fields:
        measure, samples, earlier = MEASURES[domain][name], samples_of(inside, name), told.get(name)
        if measure.kind is Kind.COUNTER:
            parts = lines.before(cursor, measure, samples, earlier, window.start)
        else:
            parts = [_held(earlier, measure)]
        yield rows_of(measure, joined([*parts, samples]), window)


def _told(cursor: duckdb.DuckDBPyConnection, domain: str, start: int) -> dict[str, pa.Table]:
    """Return by field how the quarter before `start` ended; of counters, those that `lines` looks at."""
    rows = cursor.sql(
        "SELECT name, series, count, last_ts AS ts, last, value, increase, epoch"
        f" FROM {domain}_quarters WHERE bucket >= {start - lines.LOOKED_AT_MS} AND bucket < {start}"
        f" AND last_ts IS NOT NULL AND (bucket = {start - QUARTER_MS} OR increase IS NOT NULL)"
        " AND series IN (SELECT series FROM wanted) ORDER BY name, series, bucket"
    ).to_arrow_table()
    names = rows["name"].combine_chunks().dictionary_encode()
    begins = np.flatnonzero(np.diff(names.indices.to_numpy(), prepend=-1)).tolist()
    ends = [*begins[1:], len(names)]
    return {
        names[begin].as_py(): rows.slice(begin, end - begin) for begin, end in zip(begins, ends, strict=False)
    }


def _held(told: pa.Table | None, measure: Measure) -> Samples:
    """Return the samples that may hold into the first quarter."""
    if told is None:
        return NOTHING
    return samples_of(told.drop(["epoch"]), "value" if measure.kind is Kind.STATE else "last")


def counted(cursor: duckdb.DuckDBPyConnection, domain: str, window: Window) -> pa.Table:
    """Count events; one that lasts counts once, when it begins."""
    if not EVENT_FIELDS[domain]:
        return event_rows(NOTHING.series, NOTHING.ts, [], NOTHING.epochs)
    over = " AND phase IS DISTINCT FROM 'end'" if "phase" in tables.views()[f"{domain}_events"] else ""
    kept = _KEPT_COUNTS.format(window.start, window.end) if domain == "access" else ""
    counted = cursor.sql(
        "SELECT series, bucket, event, sum(count)::BIGINT AS count FROM ("
        f"SELECT series, ts - ts % {QUARTER_MS} AS bucket, event, count(*) AS count FROM {domain}_events"
        f" WHERE series IN (SELECT series FROM wanted) AND ts >= {window.start} AND ts < {window.end}"
        f" AND event IS NOT NULL{over} GROUP BY ALL{kept}) GROUP BY ALL ORDER BY ALL"
    ).to_arrow_table()
    return event_rows(
        counted["series"].to_numpy(),
        counted["bucket"].to_numpy(),
        counted["event"].to_pylist(),
        counted["count"].to_numpy(),
    )


_KEPT_COUNTS = (
    " UNION ALL SELECT series, bucket, event, count FROM access_counts WHERE bucket >= {} AND bucket < {}"
    " AND series IN (SELECT series FROM wanted) AND phase IS DISTINCT FROM 'end'"
)
