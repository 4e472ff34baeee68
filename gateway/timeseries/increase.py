"""How much a stored counter grew, bucket by bucket."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import numpy.typing as npt

from gateway.domain.buckets import STEP_MS, Every, bucket_starts
from gateway.domain.counters import dial_of, growth
from gateway.timeseries.select import counts, select_readings
from wire.measures import Measure

_DAY_MS = 86_400_000
_BEFORE = 5
"""Samples read before the start: the growth up to the first sample inside is that sample's, and a single
glitch must not stand for the line before it."""
Ints = npt.NDArray[np.int64]


def increase_by_bucket(
    cursor: duckdb.DuckDBPyConnection,
    measure: Measure,
    series: int,
    within: tuple[int, int],
    every: Every,
    tz: ZoneInfo,
) -> dict[int, float | int]:
    """Return the growth of one counter per bucket start (ms) that has a sample of it.

    Growth belongs to the bucket of the sample that proves it, so the buckets of a time add up to the
    growth over all of it, whichever way it is cut.
    """
    start, end = within
    earlier = _before(cursor, measure, series, start)
    times, values, epochs = _columns(_between(cursor, measure, series, earlier, end))
    rises = growth(dial_of(measure.domain, measure.name), times, values, epochs)
    inside = times >= start
    starts = _bucket_starts(times[inside], within, every, tz)
    buckets, places = np.unique(starts, return_inverse=True)
    sums = np.bincount(places, weights=rises[inside], minlength=len(buckets))
    rounded = np.rint(sums).astype(np.int64) if measure.type == "int" else np.round(sums, 6)
    return dict(zip(buckets.tolist(), rounded.tolist(), strict=True))


def _bucket_starts(times: Ints, within: tuple[int, int], every: Every, tz: ZoneInfo) -> Ints:
    if every in STEP_MS:
        return times - times % STEP_MS[every]
    starts = np.array(bucket_starts(*within, every, tz), dtype=np.int64)
    return starts[np.searchsorted(starts, times, side="right") - 1]


def _samples(measure: Measure, where: str) -> str:
    name = measure.name
    return select_readings(measure.domain, (name,), f"{where} AND {name} IS NOT NULL AND {counts(name)}")


def _before(cursor: duckdb.DuckDBPyConnection, measure: Measure, series: int, start: int) -> int:
    """Return the time of the fifth sample before ``start``: within a day if two are, else however old."""
    for since in (start - _DAY_MS, 0):
        samples = _samples(measure, f"series = {series} AND ts >= {since} AND ts < {start}")
        rows = cursor.execute(f"SELECT ts FROM ({samples}) ORDER BY ts DESC LIMIT {_BEFORE}").fetchall()
        if len(rows) > 1 or (rows and not since):
            return int(rows[-1][0])
    return start


def _between(
    cursor: duckdb.DuckDBPyConnection, measure: Measure, series: int, start: int, end: int
) -> Mapping[str, npt.NDArray[np.generic]]:
    samples = _samples(measure, f"series = {series} AND ts >= {start} AND ts < {end}")
    # An epoch holds until the next one is sent; before the first it is 0.
    columns: Mapping[str, npt.NDArray[np.generic]] = cursor.execute(
        f"SELECT ts, {measure.name}::DOUBLE AS total,"
        " coalesce(last_value(epoch IGNORE NULLS) OVER (ORDER BY ts, frame, idx), 0)::BIGINT AS epoch"
        f" FROM ({samples}) ORDER BY ts, frame, idx"
    ).fetchnumpy()
    return columns


def _columns(
    columns: Mapping[str, npt.NDArray[np.generic]],
) -> tuple[Ints, npt.NDArray[np.float64], Ints]:
    return (
        np.asarray(columns["ts"], dtype=np.int64),
        np.asarray(columns["total"], dtype=np.float64),
        np.asarray(columns["epoch"], dtype=np.int64),
    )
