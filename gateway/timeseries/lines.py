"""The line a counter is on when a quarter begins: what its growth in the quarter is reckoned from."""

import duckdb
import numpy as np
import pyarrow as pa

from gateway.domain.counters import GLITCH_MS
from gateway.timeseries.quarters import QUARTER_MS, Ints, Samples, Window
from gateway.timeseries.samples import NOTHING, appended, readings, samples_of, within
from wire.measures import Measure

_BEFORE_MS = 2 * GLITCH_MS
"""Samples read before a quarter: a fault is forgotten an hour after it."""
LOOKED_AT_MS = _BEFORE_MS + QUARTER_MS
"""The same in quarters, with one more to compare the first of them with."""
_DAY_MS = 86_400_000
_EARLIER = 5
"""Quarters looked back at for a counter not heard in that time."""
_ROUNDED = 2e-6
"""How far growth, rounded to six decimals, may be from what two samples differ by."""


def before(
    cursor: duckdb.DuckDBPyConnection, measure: Measure, inside: Samples, told: pa.Table | None, start: int
) -> list[Samples]:
    """Return samples of a counter before `start` (ms), oldest first, for those that `inside` has after it.

    ``told`` has the counter's quarters of the last `LOOKED_AT_MS`. One that grew by what it shows, quarter by
    quarter, has no fault that must be followed further: its last samples in two quarters stand for all. Of
    others the readings are looked at, which costs as much as eight quarters.
    """
    known = NOTHING if told is None else _ends(told)
    doubtful = np.setdiff1d(inside.series, NOTHING.series if told is None else _plain(told))
    if not len(doubtful):
        return [known]
    cursor.register("doubtful", pa.table({"series": doubtful.astype(np.int32)}))
    when = within(Window(start - _BEFORE_MS, start))
    raw = samples_of(readings(cursor, measure.domain, (measure.name,), "doubtful", when), measure.name)
    heard, times = np.unique(raw.series, return_counts=True)
    # a single sample must not stand for the line before it: it may be a wrong zero
    silent = np.setdiff1d(doubtful, heard[times > 1])
    return [*_long_ago(cursor, measure, silent, start), _without(known, doubtful), raw]


def _plain(told: pa.Table) -> Ints:
    """Return the series that grew by what they show, each time that two quarters can be compared."""
    taken = told.filter(told["count"].to_numpy() > 0)
    series, epoch = taken["series"].to_numpy(), taken["epoch"].to_numpy()
    shown = np.diff(taken["last"].to_numpy()) - taken["increase"].to_numpy()[1:]
    follows = series[1:] == series[:-1]
    odd = follows & ((np.abs(shown) > _ROUNDED) | (epoch[1:] != epoch[:-1]))
    return np.setdiff1d(series[1:][follows], series[1:][odd])


def _ends(told: pa.Table) -> Samples:
    """Return the last samples of two quarters; of a counter not heard in any, the one that still holds."""
    count, series = told["count"].to_numpy(), told["series"].to_numpy()
    taken = np.flatnonzero(count > 0)
    among = series[taken]
    last_two = np.append(among[2:] != among[:-2], np.ones(min(2, len(among)), np.bool_))
    silent = np.flatnonzero(np.isin(series, among, invert=True))
    return samples_of(told.take(np.sort(np.concatenate([taken[last_two], silent]))), "last")


def _without(samples: Samples, series: Ints) -> Samples:
    kept = np.isin(samples.series, series, invert=True)
    return Samples(samples.series[kept], samples.ts[kept], samples.values[kept], samples.epochs[kept])


def _long_ago(cursor: duckdb.DuckDBPyConnection, measure: Measure, silent: Ints, start: int) -> list[Samples]:
    """Return what counters said when they last said anything."""
    found = []
    for since in (start - _DAY_MS, 0):
        if not len(silent):
            break
        cursor.register("silent", pa.table({"series": silent.astype(np.int32)}))
        found.append(_last_said(cursor, measure, Window(since, start - _BEFORE_MS)))
        silent = np.setdiff1d(silent, found[-1].series)
    return found


def _last_said(cursor: duckdb.DuckDBPyConnection, measure: Measure, since: Window) -> Samples:
    """Return what the series `silent` said in the last quarters that heard of them.

    Of quarters whose readings are not kept any more there is the last value.
    """
    quarters = cursor.sql(
        f"SELECT series, bucket, last_ts AS ts, epoch, last AS {measure.name} FROM {measure.domain}_quarters"
        f" WHERE name = '{measure.name}' AND bucket >= {since.start} AND bucket < {since.end}"
        " AND count > 0 AND series IN (SELECT series FROM silent)"
        f" QUALIFY row_number() OVER (PARTITION BY series ORDER BY bucket DESC) <= {_EARLIER}"
        " ORDER BY series, ts"
    ).to_arrow_table()
    if not quarters.num_rows:
        return NOTHING
    buckets = sorted(set(quarters["bucket"].to_pylist()))
    listed = ", ".join(map(str, buckets))
    heard = f"{within(Window(buckets[0], since.end))} AND ts - ts % {QUARTER_MS} IN ({listed})"
    raw = samples_of(readings(cursor, measure.domain, (measure.name,), "silent", heard), measure.name)
    kept = pa.array(np.isin(quarters["series"].to_numpy(), raw.series, invert=True))
    return appended([samples_of(quarters.filter(kept), measure.name), raw])
