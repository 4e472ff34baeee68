"""Buckets answered from the tiers: what grew, and all there is of times whose readings are not kept any more.

Tiers speak up to where they agree with the readings; from there on the same is computed from the readings.
Which answers come from where, and why: docs/decisions/tiers.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from gateway.domain.buckets import STEP_MS, Every, bucket_starts
from gateway.domain.counters import GLITCH_MS
from gateway.timeseries import tiers, touched
from gateway.timeseries.days import days_between
from gateway.timeseries.gathering import field_rows
from gateway.timeseries.quarters import QUARTER_MS, Window
from gateway.timeseries.tables import views

FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class Stretch:
    """Series of one domain between two times, ``start <= bucket < end`` (ms), in buckets."""

    domain: str
    series: Sequence[int]
    start: int
    end: int
    every: Every
    tz: ZoneInfo


def told_until(cursor: duckdb.DuckDBPyConnection, domain: str, series: Sequence[int]) -> int:
    """Return the quarter's start (ms) before which the quarters of all series agree with the readings.

    `FOREVER` when nothing waits to be told.
    """
    of_these = f"series IN ({', '.join(map(str, series))})"
    noted = touched.noted_upto(cursor)
    # a late sample may change what an hour before it grew
    waiting = " ".join(
        f"UNION ALL SELECT min(ts) - {GLITCH_MS} FROM {view} WHERE frame > {noted} AND {of_these}"
        for view in (f"{domain}_samples", f"{domain}_events")
        if view in views()
    )
    unrolled = f"SELECT min(since) AS ts FROM unrolled WHERE {of_these}"
    ((until,),) = cursor.execute(f"SELECT min(ts) FROM ({unrolled} {waiting})").fetchall()
    return FOREVER if until is None else int(until) // QUARTER_MS * QUARTER_MS


def grown(
    cursor: duckdb.DuckDBPyConnection, stretch: Stretch, names: Sequence[str]
) -> list[tuple[int, int, str, float]]:
    """Return (bucket, series, name, increase) of a stretch of whole quarters that are told."""
    rows = (
        f"SELECT bucket, series, name, increase FROM ({_rows(cursor, stretch)})"
        " WHERE count > 0 AND name IN (SELECT unnest(?::VARCHAR[]))"
    )
    if stretch.every in STEP_MS:
        whole = f"SELECT *, bucket - bucket % {STEP_MS[stretch.every]} AS whole FROM ({rows})"
    else:
        starts = bucket_starts(stretch.start, stretch.end, stretch.every, stretch.tz)
        days = f"SELECT unnest({starts}::BIGINT[]) AS whole"
        whole = f"SELECT r.*, d.whole FROM ({rows}) r ASOF JOIN ({days}) d ON r.bucket >= d.whole"
    return cursor.execute(
        f"SELECT whole, series, name, sum(increase) FROM ({whole}) GROUP BY ALL", [[*names]]
    ).fetchall()


def summed_up(cursor: duckdb.DuckDBPyConnection, stretch: Stretch, names: Sequence[str]) -> pa.Table:
    """Return the rows of a stretch, columns as in `quarters.ROWS`, one a bucket of its `every`.

    What is not told yet is computed; a stretch that begins or ends within a quarter has it whole.
    """
    start = stretch.start - stretch.start % QUARTER_MS
    until = min(max(told_until(cursor, stretch.domain, stretch.series), start), stretch.end)
    parts = [_rows(cursor, Stretch(stretch.domain, stretch.series, start, until, stretch.every, stretch.tz))]
    if until < stretch.end:
        window = Window(until, stretch.end + -stretch.end % QUARTER_MS)
        cursor.register("wanted", pa.table({"series": pa.array(stretch.series, pa.int32())}))
        computed = [*field_rows(cursor, stretch.domain, window)]
        if computed:
            cursor.register("computed", pa.concat_tables(computed))
            parts.append("SELECT * FROM computed")
    named = ", ".join(f"'{name}'" for name in names)
    starts = bucket_starts(start, stretch.end, stretch.every, stretch.tz)
    finer = (
        f"SELECT r.*, d.whole FROM (SELECT * FROM ({' UNION ALL '.join(parts)}) WHERE name IN ({named})) r"
        f" ASOF JOIN (SELECT unnest({starts}::BIGINT[]) AS whole) d ON r.bucket >= d.whole"
    )
    return cursor.sql(f"{tiers.combined(finer)} ORDER BY bucket, series").to_arrow_table()


def _rows(cursor: duckdb.DuckDBPyConnection, stretch: Stretch) -> str:
    """Return a SELECT of the stored rows of a stretch: days where they will do, else quarters."""
    domain, start, end = stretch.domain, stretch.start, stretch.end
    first, last = _days(cursor, stretch)
    of_these = f"series IN ({', '.join(map(str, stretch.series))})"
    if first >= last:
        return f"SELECT * FROM {domain}_quarters WHERE bucket >= {start} AND bucket < {end} AND {of_these}"
    days, quarters = f"SELECT * FROM {domain}_days", f"SELECT * FROM {domain}_quarters"
    return (
        f"{days} WHERE bucket >= {first} AND bucket < {last} AND {of_these}"
        f" UNION ALL {quarters} WHERE bucket >= {start} AND bucket < {first} AND {of_these}"
        f" UNION ALL {quarters} WHERE bucket >= {last} AND bucket < {end} AND {of_these}"
    )


def _days(cursor: duckdb.DuckDBPyConnection, stretch: Stretch) -> tuple[int, int]:
    """Return from when to when (ms) days that are told will do; an empty span where there are none."""
    if stretch.every not in {Every.DAY, Every.MONTH, Every.YEAR} or stretch.start >= stretch.end:
        return 0, 0
    of_these = f"series IN ({', '.join(map(str, stretch.series))})"
    zones = cursor.execute(
        "SELECT DISTINCT tz FROM zones WHERE station_id IN"
        f" (SELECT station_id FROM series WHERE {of_these.replace('series', 'id', 1)})"
    ).fetchall()
    if zones != [(stretch.tz.key,)]:
        return 0, 0
    whole = [
        (since, until)
        for since, until in days_between(stretch.start, stretch.end, stretch.tz)
        if stretch.start <= since and until <= stretch.end
    ]
    if not whole:
        return 0, 0
    ((untold,),) = cursor.execute(f"SELECT min(since) FROM untold_days WHERE {of_these}").fetchall()
    first, last = whole[0][0], whole[-1][1]
    return first, last if untold is None else min(last, max(int(untold), first))
