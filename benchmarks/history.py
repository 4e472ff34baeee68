"""(k) Years of history: what reading it takes, and what keeping it in tiers costs.

A year of quarters and days is written straight into the store: nobody waits a year. The cost of keeping tiers
is that of a quarter of an hour of readings that came through the store.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from benchmarks.bench import Bench, Row
from benchmarks.judging import AT_ONCE, EVERY_MS, POINT_RATE, Fleet, cpu_a_point
from gateway.domain.buckets import Every, day_start
from gateway.domain.registry import DEFAULT_TZ
from gateway.timeseries import tiers
from gateway.timeseries.asked import Fn, ReadingQuery
from gateway.timeseries.quarters import QUARTER_MS
from gateway.timeseries.reader import read
from gateway.timeseries.rollups import Rollups
from gateway.timeseries.store import Store

PART = "k"
TITLE = "years of history"
STATIONS = 37
ROLLED_STATIONS = 1_210
DAY_MS = 86_400_000
DOMAIN, DEVICES = "power", ("main", "wet", "sockets")
COUNTERS = ("energy_import_kwh_total",)
GAUGES = ("voltage_v", "current_a", "power_active_w", "power_factor")
_START = day_start(1_763_798_400_000, ZoneInfo(DEFAULT_TZ))
"""2025-11-22 in Shanghai."""
_OFTEN = 5
_WEEKS = 28

_ROWS = """
SELECT {start} + b * {step} AS bucket, s::INTEGER AS series, n AS name, NULL::VARCHAR AS value,
    {step} // 15000 AS count, {step} / 1000.0 AS covered_s, if(c, NULL, 220.0 + hash(b, s) % 10) AS min,
    if(c, NULL, 235.0 + hash(b, s) % 10) AS max, if(c, NULL, 229.0 + hash(b, s, n) % 1000 / 1000) AS mean,
    if(c, hash(b, s) % 100 / 100, NULL) AS increase, 230.0 AS last,
    {start} + (b + 1) * {step} - 5000 AS last_ts, if(c, 0, NULL) AS epoch
FROM range({first}, {last}) t(b), range({series}) u(s), (VALUES {fields}) f(n, c)
"""


def run(bench: Bench) -> Iterator[Row]:
    """Reading a year of tiers, then the CPU of roll-ups against that of a whole gateway."""
    with closing(Store(bench.directory / "year.duckdb")) as store:
        store.open()
        yield from _read(store, 60 if bench.quick else 365)
    with closing(Store(bench.directory / "rolled.duckdb")) as store:
        store.open()
        rolling = _roll(store, 40 if bench.quick else ROLLED_STATIONS)
    gateway = cpu_a_point(bench, {})
    yield Row(PART, f"gateway CPU a point at {POINT_RATE:,} points/s, all of it", gateway, "µs")
    yield Row(PART, "of that for quarters and days", rolling, "µs")
    yield Row(PART, "share of quarters and days", rolling / gateway * 100, "%", "< 10")


def _read(store: Store, days: int) -> Iterator[Row]:
    begun = time.monotonic()
    rows = _fill(store, days)
    yield Row(PART, f"{STATIONS} stations, {days} days: rows of quarters and days written", rows, "rows")
    yield Row(PART, "written straight into the tiers in", time.monotonic() - begun, "s")
    store.checkpoint()
    yield Row(PART, "bytes a row", store.path.stat().st_size / rows, "B")
    end = _START + days * DAY_MS
    with store.cursor() as cursor:
        year = _milliseconds(lambda: _by_day(cursor, _START, end))
        yield Row(PART, f"a year of {STATIONS} stations by day", year, "ms", "< 300")
        for every, fn, span, aim in (
            (Every.QUARTER, Fn.INCREASE, 30, "< 100"),
            (Every.DAY, Fn.INCREASE, days, ""),
            (Every.MONTH, Fn.MEAN, days, ""),
            (Every.YEAR, Fn.INCREASE, days, ""),
        ):
            begin = end - span * DAY_MS
            query = ReadingQuery(
                "s-07", DOMAIN, begin, end, every=every, fn=fn, tz=ZoneInfo(DEFAULT_TZ), limit=10_000
            )
            taken = _milliseconds(partial(read, cursor, query))
            yield Row(PART, f"one station by {every}, {fn}, {span} days", taken, "ms", aim)
        month = _milliseconds(lambda: _quarters(cursor, end - 30 * DAY_MS, end))
        yield Row(PART, "a month of one station by 15 min, all figures", month, "ms", "< 100")


def _by_day(cursor: duckdb.DuckDBPyConnection, start: int, end: int) -> None:
    cursor.sql(
        f"SELECT d.bucket, s.station_id, s.device, name, min, max, mean, increase FROM {DOMAIN}_days d"  # noqa: S608 - names of the schema
        " JOIN series s ON s.id = d.series WHERE bucket >= ? AND bucket < ? ORDER BY bucket, series, name",
        params=[start, end],
    ).to_arrow_table()


def _quarters(cursor: duckdb.DuckDBPyConnection, start: int, end: int) -> None:
    cursor.sql(
        f"SELECT * FROM {DOMAIN}_quarters WHERE bucket >= ? AND bucket < ?"  # noqa: S608 - names of the schema
        " AND series IN (SELECT id FROM series WHERE station_id = 's-07') ORDER BY bucket, series, name",
        params=[start, end],
    ).to_arrow_table()


def _milliseconds(asked: Callable[[], object]) -> float:
    """Return what it takes the second time on, in the middle of some."""
    asked()
    taken = []
    for _ in range(_OFTEN):
        begun = time.perf_counter()
        asked()
        taken.append((time.perf_counter() - begun) * 1e3)
    return sorted(taken)[_OFTEN // 2]


def _fill(store: Store, days: int) -> int:
    """Write the tiers of all stations, some weeks at a time, as the roll-ups do; return how many rows."""
    rows = 0
    with store.cursor() as cursor:
        devices = [(f"s-{n:02d}", DOMAIN, device) for n in range(STATIONS) for device in DEVICES]
        for number, of in enumerate(devices):
            cursor.execute("INSERT INTO series VALUES (?, ?, ?, ?)", [number, *of])
        cursor.execute("INSERT INTO zones SELECT DISTINCT station_id, ? FROM series", [DEFAULT_TZ])
        for tier, step in (("quarters", QUARTER_MS), ("days", DAY_MS)):
            for first in range(0, days, _WEEKS):
                last = min(first + _WEEKS, days)
                part = _rows(cursor, step, first * DAY_MS // step, last * DAY_MS // step)
                tiers.append(cursor, f"{DOMAIN}_{tier}", part)
                rows += part.num_rows
    return rows


def _rows(cursor: duckdb.DuckDBPyConnection, step: int, first: int, last: int) -> pa.Table:
    fields = [*((name, True) for name in COUNTERS), *((name, False) for name in GAUGES)]
    listed = ", ".join(f"('{name}', {is_counter})" for name, is_counter in fields)
    asked = _ROWS.format(
        start=_START, step=step, first=first, last=last, series=STATIONS * len(DEVICES), fields=listed
    )
    return cursor.sql(asked).to_arrow_table()


def _roll(store: Store, stations: int) -> float:
    """Return the CPU (µs) that a point costs in quarters and days, each told once."""
    batches = Fleet(stations).batches(store, QUARTER_MS // EVERY_MS)
    for first in range(0, len(batches), AT_ONCE):
        store.consume(batches[first : first + AT_ONCE])
    points, last = sum(batch.points for batch in batches), batches[-1].frames["frame"][-1].as_py()
    now = int(batches[-1].frames["received"][-1].as_py()) + 2 * DAY_MS
    rollups = Rollups(store)
    begun = time.process_time()
    while rollups.step(now, last):
        pass
    return (time.process_time() - begun) / points * 1e6
