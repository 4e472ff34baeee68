"""Visits for the mirror in InfluxDB: whole months again whenever something new is known of a station."""

from collections.abc import Callable, Mapping

from gateway.queries.reports.subjects import Subject
from gateway.queries.reports.visit_changes import Visited, visits_of
from gateway.queries.reports.visit_hours import Ledger
from gateway.timeseries.mirror.lines import line
from gateway.timeseries.mirror.portion import Connect, Portion, portion_of
from wire.influx import NS_A_MS, ROLLUPS, VISITS

MOST_CHANGES = 200
"""Entries of the log of roll-ups at once: at worst as many months of a station, 800 lines each."""


class Visits:
    """Hours, days and months of visits, by the log of roll-ups; ``stations`` are those known now, by id.

    A mirror that begins gets the months that the log still knows of, forty days back.
    """

    name = "visits"

    def __init__(
        self, ledger: Ledger, stations: Callable[[], Mapping[str, Subject]], clock: Callable[[], int]
    ) -> None:
        self._ledger, self._stations, self._clock = ledger, stations, clock

    def read(self, connect: Connect, position: int) -> Portion | None:
        """Return the months that something new is known of; duckdb.Error when the store fails."""
        after = max(position, 0)
        with connect() as cursor:
            upto, told = visits_of(
                cursor, self._ledger, self._stations(), after, self._clock(), limit=MOST_CHANGES
            )
            if upto == after:
                return None
            return portion_of(ROLLUPS, [text for one in told if (text := _line(one))], upto)


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
