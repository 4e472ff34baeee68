"""People inside, visits and uses of cubicles, counted along with the batches in order of receipt."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gateway.alerting.detection.occurrences import before
from gateway.alerting.detection.places import Places
from gateway.alerting.detection.rows import Bools, Column, Rows
from gateway.alerting.detection.standing import Field
from gateway.alerting.detection.view import View
from gateway.domain.occupancy import Occupancy

FIELDS = ("people_in_total", "people_out_total", "zone_occupied", "cubicle_occupied", "zone_people_count")
COUNTED: frozenset[Field] = frozenset(("occupancy", name) for name in FIELDS)
AGAIN_MS = 60_000
"""A reading that says what the one before said is passed on once in this time: time alone settles a count."""


class Count(NamedTuple):
    """How a station's figures stand after a reading; those of confidence and people may be unknown."""

    frame: int
    station: int
    ts: int
    received: int
    inside: float
    confidence: float
    visits: int
    uses: int
    visited: bool


class People:
    """One count per station; what says nothing new is not passed on."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._occupancy: dict[str, Occupancy] = {}
        self._visits: dict[str, int] = {}
        self._uses: dict[str, int] = {}

    def take(self, view: View) -> list[Count]:
        """Count a batch; returns what changed, in order of receipt."""
        counts = [*self._of_doors(view), *self._of_grants(view)]
        counts.sort()
        return counts

    def _of_doors(self, view: View) -> Iterator[Count]:
        rows = view.readings("occupancy")
        columns = (
            [] if rows is None else [column for name in FIELDS if (column := rows.column(name)) is not None]
        )
        if rows is None or not columns:
            return
        news = np.zeros(len(rows), np.bool_)
        for column in columns:
            news[column.rows[_is_news(view, column)]] = True
        epochs = rows.epochs
        for row in np.flatnonzero(news).tolist():
            yield self._observe(view, rows, row, columns, epochs[row])

    def _observe(self, view: View, rows: Rows, row: int, columns: list[Column], epoch: int | None) -> Count:
        series = self._places.series[int(rows.series[row])]
        fields = {column.name: _value(column, row) for column in columns}
        occupancy = self._of(series.station_id)
        entries = occupancy.entries
        occupancy.observe(series.device, int(rows.ts[row]), fields, epoch)
        entered = max(0, occupancy.entries - entries)
        self._visits[series.station_id] = self._visits.get(series.station_id, 0) + entered
        if fields.get("cubicle_occupied") is True and self._begins(view, rows, row):
            self._uses[series.station_id] = self._uses.get(series.station_id, 0) + 1
        return self._count(series.station_id, rows, row, visited=entered > 0)

    def _begins(self, view: View, rows: Rows, row: int) -> bool:
        column = rows.column("cubicle_occupied")
        place = None if column is None else column.place(row)
        if column is None or place is None:
            return False
        previous = before(view, column)
        return bool(previous.there[place]) and not previous.values[place]

    def _of_grants(self, view: View) -> Iterator[Count]:
        """Where no door counts people, whoever is let in is a visit."""
        rows = view.events("access")
        column = None if rows is None else rows.column("event")
        if rows is None or column is None or "granted" not in column.words[1]:
            return
        codes, words = column.words
        for place in np.flatnonzero(codes == words.index("granted")).tolist():
            row = int(column.rows[place])
            station_id = self._places.series[int(rows.series[row])].station_id
            if self._of(station_id).inside is None:
                self._visits[station_id] = self._visits.get(station_id, 0) + 1
                yield self._count(station_id, rows, row, visited=True)

    def _count(self, station_id: str, rows: Rows, row: int, *, visited: bool) -> Count:
        occupancy = self._of(station_id)
        drift = occupancy.drift_per_100_entries
        return Count(
            frame=int(rows.frame[row]),
            station=self._places.station_number(station_id),
            ts=int(rows.ts[row]),
            received=int(rows.received[row]),
            inside=np.nan if occupancy.inside is None else occupancy.inside,
            confidence=np.nan if drift is None else max(0.0, 1 - abs(drift) / 100),
            visits=self._visits.get(station_id, 0),
            uses=self._uses.get(station_id, 0),
            visited=visited,
        )

    def _of(self, station_id: str) -> Occupancy:
        occupancy = self._occupancy.get(station_id)
        if occupancy is None:
            occupancy = self._occupancy[station_id] = Occupancy(self._places.tz(station_id))
        return occupancy

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        told = {station_id: one.snapshot() for station_id, one in self._occupancy.items()}
        return {"occupancy": told, "visits": self._visits, "uses": self._uses}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        for station_id, told in saved["occupancy"].items():
            self._of(station_id).restore(told)
        self._visits, self._uses = dict(saved["visits"]), dict(saved["uses"])


def _is_news(view: View, column: Column) -> Bools:
    previous = before(view, column)
    values, was = column.values, previous.values
    if column.name == "zone_people_count":
        values, was = np.sign(values), np.sign(was)
    same = previous.there & (values == was) & (column.ts // AGAIN_MS == previous.ts // AGAIN_MS)
    news: Bools = column.known & ~same
    return news


def _value(column: Column, row: int) -> object:
    """Return a value as `Occupancy` takes it: counters are whole numbers."""
    place = column.place(row)
    value = None if place is None else column.value(place)
    return int(value) if isinstance(value, float) else value
