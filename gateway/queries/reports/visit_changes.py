"""Visits of the stations something new is known of, for whoever keeps a copy of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from gateway.domain.local_time import HOUR_MS, wall
from gateway.domain.visits import Figure, Reckoned, figures
from gateway.queries.reports.period import Period, begin_of
from gateway.queries.reports.subjects import Subject
from gateway.queries.reports.visit_hours import Ledger
from gateway.timeseries.changes import retold_since

Unit = str
UNITS: Sequence[Unit] = ("1h", "1d", "1mo")
SOURCES = ("occupancy", "access")


@dataclass(frozen=True, slots=True)
class Visited:
    """One figure of a station: of an hour (`1h`), a local day (`1d`) or a calendar month (`1mo`)."""

    station: Subject
    unit: Unit
    figure: Figure


def visits_of(
    cursor: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    stations: Mapping[str, Subject],
    after: int,
    now: int,
    limit: int = 1_000,
) -> tuple[int, Iterator[Visited]]:
    """Return what the roll-ups told beyond the entry ``after`` changes, and the entry to go on from.

    Whole months, since one hour may change what is usual at others; at most ``limit`` entries are read.
    ``stations`` by id: others are left out. The same entry again tells the same visits again.
    """
    told = retold_since(cursor, after, limit)
    if not told:
        return after, iter(())
    ids = dict(cursor.execute("SELECT id, station_id FROM series").fetchall())
    months: dict[Period, dict[str, Subject]] = {}
    for entry in told:
        station = stations.get(ids.get(entry.series, ""))
        if station is None or entry.tier != "15m" or entry.domain not in SOURCES:
            continue
        for month in _months(entry.since, entry.until, station.tz):
            months.setdefault(month, {})[station.station_id] = station
    return told[-1].n, visits_in(cursor, ledger, months, now)


def visits_in(
    cursor: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    months: Mapping[Period, Mapping[str, Subject]],
    now: int,
) -> Iterator[Visited]:
    """Return the visits of calendar months, of some stations by id in each, as far as they have passed."""
    for month, there in months.items():
        for station_id, reckoned in ledger.reckoned(cursor, month, list(there.values()), now).items():
            yield from _of(there[station_id], month, reckoned)


def _of(station: Subject, month: Period, reckoned: Reckoned) -> Iterator[Visited]:
    end = int(reckoned.starts[-1]) + HOUR_MS
    days = [begin_of(day, station.tz) for day in month.days()]
    bounds = {"1h": [*reckoned.starts.tolist(), end], "1d": days, "1mo": days[:1]}
    for unit in UNITS:
        edges = [*(edge for edge in bounds[unit] if edge < end), end]
        for figure in figures([reckoned], np.array(edges, np.int64)):
            yield Visited(station, unit, figure)


def _months(since: int, until: int, tz: str) -> Iterator[Period]:
    first, last = (_month_of(ms, tz) for ms in (since, max(since, until - 1)))
    yield first
    if last != first:
        yield last


def _month_of(ms: int, tz: str) -> Period:
    return Period.parse(f"{wall(ms, tz):%Y-%m}")
