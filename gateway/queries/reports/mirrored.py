"""Visits for the mirror in InfluxDB: whole months again whenever something new is known of a station.

A mirror that begins takes down the number the log of roll-ups has come to, then has every month told that the
store still holds. The same when the log has forgotten what the mirror has not read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import duckdb

from gateway.domain.local_time import DAY_MS, wall
from gateway.queries.reports.period import Period
from gateway.queries.reports.subjects import Subject
from gateway.queries.reports.visit_changes import SOURCES, Visited, visits_in, visits_of
from gateway.queries.reports.visit_hours import Ledger
from gateway.timeseries.changes import has_forgotten, newest
from gateway.timeseries.mirror.lines import line
from gateway.timeseries.mirror.portion import Connect, Portion, portion_of
from gateway.timeseries.mirror.positions import BEGINNING, DONE, Positions
from wire.influx import NS_A_MS, ROLLUPS, VISITS

MOST_CHANGES = 200
"""Entries of the log of roll-ups at once: at worst as many months of a station, 800 lines each."""
STATIONS_A_PORTION = 12
"""Of which a month is told at once: 800 lines each, five values in a line."""
_A_MONTH = 2**32
"""Numbers of sources that there is room for beside a month."""

Stations = Callable[[], Mapping[str, Subject]]
"""Gives the stations known now, by id."""


class Visits:
    """Hours, days and months of visits, by the log of roll-ups."""

    name = "visits"

    def __init__(
        self, ledger: Ledger, stations: Stations, clock: Callable[[], int], positions: Positions
    ) -> None:
        self._ledger, self._stations, self._clock, self._positions = ledger, stations, clock, positions

    def read(self, connect: Connect, position: int) -> Portion | None:
        """Return the months that something new is known of; duckdb.Error when the store fails."""
        with connect() as cursor:
            if position == BEGINNING or has_forgotten(cursor, position):
                self._positions.advance(PastVisits.name, BEGINNING)
                return Portion({}, newest(cursor), 0)
            upto, told = visits_of(
                cursor, self._ledger, self._stations(), position, self._clock(), limit=MOST_CHANGES
            )
            if upto == position:
                return None
            return portion_of(ROLLUPS, list(_lines(told)), upto)


class PastVisits:
    """Every month the store holds, the oldest first, some stations at a time; `DONE` when it is through.

    The place is a month, and the number a station's first source has in the store: neither changes when
    stations are added or renamed.
    """

    name = "past_visits"

    def __init__(self, ledger: Ledger, stations: Stations, clock: Callable[[], int]) -> None:
        self._ledger, self._stations, self._clock = ledger, stations, clock

    def read(self, connect: Connect, position: int) -> Portion | None:
        """Return the next stations of a month; duckdb.Error when the store fails."""
        if position == DONE:
            return None
        with connect() as cursor:
            place = _first_month(cursor) * _A_MONTH if position == BEGINNING else position
            month, reached = divmod(place, _A_MONTH)
            if place < 0 or month > _month_at(self._clock() + DAY_MS):
                return Portion({}, DONE, 0)
            found = _next_stations(cursor, reached)
            if not found:
                return Portion({}, (month + 1) * _A_MONTH, 0)
            known = self._stations()
            there = {station_id: known[station_id] for station_id, _ in found if station_id in known}
            told = visits_in(cursor, self._ledger, {_period(month): there}, self._clock())
            return portion_of(ROLLUPS, list(_lines(told)), month * _A_MONTH + found[-1][1] + 1)


def _next_stations(cursor: duckdb.DuckDBPyConnection, reached: int) -> list[tuple[str, int]]:
    """Return some stations with the number of their first source, those from ``reached`` on."""
    return cursor.execute(
        "SELECT station_id, min(id) AS first FROM sources GROUP BY station_id HAVING first >= ?"
        " ORDER BY first LIMIT ?",
        [reached, STATIONS_A_PORTION],
    ).fetchall()


def _first_month(cursor: duckdb.DuckDBPyConnection) -> int:
    """Return the month of the oldest roll-up that visits come from, -1 when there is none."""
    found = [
        cursor.execute(f"SELECT min(bucket) FROM {domain}_quarters").fetchall()[0][0]  # noqa: S608 - our own names
        for domain in SOURCES
    ]
    oldest = min((bucket for bucket in found if bucket is not None), default=None)
    return -1 if oldest is None else _month_at(oldest - DAY_MS)


def _month_at(ms: int) -> int:
    """Count the months since the year 0; a day off, it is right wherever on earth."""
    day = wall(ms, "UTC")
    return day.year * 12 + day.month - 1


def _period(month: int) -> Period:
    return Period.parse(f"{month // 12}-{month % 12 + 1:02}")


def _lines(told: Iterable[Visited]) -> Iterator[str]:
    for one in told:
        if (text := _line(one)) is not None:
            yield text


def _line(visited: Visited) -> str | None:
    figure, station = visited.figure, visited.station
    return line(
        VISITS[visited.unit],
        {"region": station.region, "station": station.station_id},
        {
            "visits": figure.visits,
            "low": figure.low,
            "high": figure.high,
            "completeness": figure.completeness,
            "method": figure.method,
        },
        figure.start * NS_A_MS,
    )
