"""Published reports for the mirror in InfluxDB: figures as they were frozen, new versions over old ones.

Figures of single hours stay behind: they are the small cells, and a series for each hour of a week of each
station is more than charts can use. What is hidden from the public is hidden here too.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from gateway.domain.registry import DEFAULT_TZ
from gateway.queries.reports.kinds import KINDS
from gateway.queries.reports.mirrored import Stations
from gateway.queries.reports.period import Period, begin_of
from gateway.queries.reports.table import Kind, Row
from gateway.state.publications import Publication, Publications
from gateway.timeseries.mirror.lines import line
from gateway.timeseries.mirror.portion import Connect, Portion, portion_of
from wire.influx import NS_A_MS, REPORTS, ROLLUPS, FieldType

Place = tuple[int, tuple[tuple[str, str], ...]]
"""Where a point is: its time in ms, and its tags."""
Figures = Mapping[str, object]
_NOTHING = {FieldType.FLOAT: 0.0, FieldType.STRING: ""}


class Published:
    """Versions of reports in the order they were published, one at a time; it has 500 stations at most."""

    name = "reports"

    def __init__(self, publications: Publications, stations: Stations) -> None:
        self._publications, self._stations = publications, stations

    def read(self, connect: Connect, position: int) -> Portion | None:  # noqa: ARG002 - figures are in the state
        """Return the next version; SQLAlchemyError when the state cannot be read."""
        found = self._publications.after(position)
        if found is None:
            return None
        number, publication = found
        return portion_of(ROLLUPS, list(self._lines(publication)), number)

    def _lines(self, publication: Publication) -> Iterator[str]:
        """Yield the points of a version, and what earlier ones said of figures that it has no more.

        A point that is written over keeps the fields nobody names: they are told as nothing, and `withdrawn`
        says which.
        """
        told = self._points(publication)
        before: dict[Place, set[str]] = {}
        of = publication.kind, publication.period, publication.region
        for earlier in self._publications.versions(*of):
            if earlier.version < publication.version:
                for place, figures in self._points(earlier).items():
                    before.setdefault(place, set()).update(figures)
        for place in {**told, **before}:
            figures = told.get(place, {})
            gone = sorted(before.get(place, set()) - figures.keys())
            nothing = {name: _NOTHING[REPORTS.fields[name]] for name in gone}
            about = {"withdrawn": " ".join(gone), "version": publication.version}
            yield _line(place, {**figures, **nothing, **about})

    def _points(self, publication: Publication) -> dict[Place, Figures]:
        """Return the figures there are, by place."""
        kind, period = KINDS.get(publication.kind), Period.parse(publication.period)
        if kind is None:
            return {}
        about = {"region": publication.region, "kind": kind.key, "period": period.unit}
        known = self._stations()
        found: dict[Place, Figures] = {}
        for row in _shown(kind, publication.rows):
            station = known.get(str(row.get("station_id")))
            begin = begin_of(_first(row, period), DEFAULT_TZ if station is None else station.tz)
            found[begin, tuple((about | _tags(row)).items())] = _figures(row)
        return found


def _shown(kind: Kind, rows: Sequence[Row]) -> Iterator[Row]:
    for row in kind.hides(list(rows)):
        if row.get("level") != "hour" and row.get("hour") is None:
            yield row


def _first(row: Row, period: Period) -> date:
    start = row.get("start")
    return period.first if start is None else Period.parse(str(start)).first


def _tags(row: Row) -> dict[str, str]:
    said = {**{name: row.get(name) for name in REPORTS.tags}, "station": row.get("station_id")}
    return {name: str(value) for name, value in said.items() if value is not None}


def _figures(row: Row) -> Figures:
    return {name: value for name, value in row.items() if name in REPORTS.fields and value is not None}


def _line(place: Place, fields: Figures) -> str:
    begin, tags = place
    told = line(REPORTS, dict(tags), fields, begin * NS_A_MS)
    if told is None:
        raise ValueError(f"{tags}: a version of a report says nothing")
    return told
