"""Reports asked for, published and asked for again: what is published stays as it was."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

import duckdb

from gateway.domain.fleet import Fleet
from gateway.domain.registry import Registry
from gateway.queries.reports.kinds import KINDS
from gateway.queries.reports.period import Period
from gateway.queries.reports.subjects import Subject, subjects
from gateway.queries.reports.table import Cell, Kind, Row, Sources
from gateway.queries.reports.visit_hours import Ledger
from gateway.state.database import State
from gateway.state.publications import Difference, Publication

MOST_STATIONS = 500
"""In one report: beyond it, ask region by region."""
MOST_DIFFERENCES = 2_000
_MOST_CORRECTIONS = 1_000


class TooManyStationsError(ValueError):
    """A report is about more stations than are told at once."""


class NothingChangedError(ValueError):
    """All figures are as they were published before."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stations a report is about; None for any. ``regions`` are those one may see."""

    regions: frozenset[str] | None = None
    station_id: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Rows of one kind over one period, and the publications they were taken from, by region."""

    kind: Kind
    period: Period
    rows: Sequence[Row]
    published: Sequence[Publication]


@dataclass(frozen=True)
class Reports:
    """Answers reports; synchronous, call it off the event loop. `duckdb.Error` when the store fails."""

    fleet: Fleet
    registry: Registry
    state: State
    ledger: Ledger
    cursor: Callable[[], duckdb.DuckDBPyConnection]

    def stations(self, wanted: Wanted) -> list[Subject]:
        """Return the stations a report would be about; TooManyStationsError says what to do."""
        found = subjects(self.fleet, self.registry, wanted.regions, wanted.station_id, wanted.region)
        if len(found) > MOST_STATIONS:
            raise TooManyStationsError(f"{len(found)} stations: give a region of at most {MOST_STATIONS}")
        return found

    def report(self, kind: Kind, period: Period, wanted: Wanted, now: int) -> Report:
        """Return the figures as published, region by region; as they are now where they are not."""
        published = [
            found[0]
            for region in self._regions(wanted)
            if (found := self.state.publications.versions(kind.key, period.text, region))
        ]
        return self._joined(kind, period, wanted, now, published)

    def version(self, kind: Kind, period: Period, wanted: Wanted, now: int, version: int) -> Report | None:
        """Return one version of the region asked for, 0 for the figures as they are now; None without it."""
        if version == 0:
            return self._joined(kind, period, wanted, now, [])
        versions = self.state.publications.versions(kind.key, period.text, wanted.region or "")
        found = [one for one in versions if one.version == version]
        return self._joined(kind, period, wanted, now, found) if found else None

    def publish(self, kind: Kind, period: Period, region: str, by: str, now: int) -> Publication:
        """Freeze the figures of a region as they are now; NothingChangedError when that was done before."""
        wanted = Wanted(region=region)
        stations = self.stations(wanted)
        rows = self._built(kind, period, stations, now)
        versions = self.state.publications.versions(kind.key, period.text, region)
        before = versions[0] if versions else None
        differences = [] if before is None else list(self._differences(kind, before, rows))
        if before is not None and not differences:
            raise NothingChangedError(
                f"nothing has changed since version {before.version}, published by {before.by}"
            )
        number = 1 if before is None else before.version + 1
        made = Publication(
            kind.key, period.text, region, number, now, by, rows, differences[:MOST_DIFFERENCES]
        )
        if not self.state.publications.add(made):
            raise NothingChangedError("somebody else has just published it")
        return made

    def _regions(self, wanted: Wanted) -> list[str]:
        return sorted({station.region for station in self.stations(wanted) if station.region is not None})

    def _joined(
        self, kind: Kind, period: Period, wanted: Wanted, now: int, published: Sequence[Publication]
    ) -> Report:
        frozen = {one.region: one for one in published}
        stations = self.stations(wanted)
        live = [station for station in stations if station.region not in frozen]
        rows = [row for one in published for row in one.rows if _is_wanted(row, wanted)]
        rows += self._built(kind, period, live, now) if live else []
        if wanted.station_id is not None:
            rows = [row for row in rows if row.get("station_id", wanted.station_id) is not None]
        return Report(kind, period, rows, published)

    def _built(self, kind: Kind, period: Period, stations: Sequence[Subject], now: int) -> list[Row]:
        with closing(self.cursor()) as cursor:
            windows = self.state.maintenance.all()
            sources = Sources(cursor, self.ledger, self.state.alerts, windows, now)
            return kind.build(sources, stations, period)

    def _differences(self, kind: Kind, before: Publication, rows: Sequence[Row]) -> Iterable[Difference]:
        old, new = _by_key(kind, before.rows), _by_key(kind, rows)
        figures = [column.key for column in kind.columns if not column.is_key]
        corrected = self._corrected(Period.parse(before.period), before)
        for key in {**old, **new}:
            named = dict(zip(kind.keys, key, strict=True))
            reason = _reason(named.get("station_id"), corrected)
            for column in figures:
                was, now = old.get(key, {}).get(column), new.get(key, {}).get(column)
                if was != now:
                    yield Difference(named, column, was, now, reason)

    def _corrected(self, period: Period, before: Publication) -> set[str]:
        """Return the stations of which people corrected readings of that time since it was published."""
        corrections = self.state.corrections.page(_MOST_CORRECTIONS, since=before.at)
        there = {
            station.station_id: period.span(station.tz)
            for station in self.stations(Wanted(region=before.region))
        }
        return {
            one.station_id
            for one in corrections
            if one.station_id in there
            and any(there[one.station_id][0] <= each.ts < there[one.station_id][1] for each in one.readings)
        }


def _reason(station_id: Cell, corrected: Collection[str]) -> str:
    """Say why a figure of a station, or (None) of all stations, is another one."""
    is_corrected = bool(corrected) if station_id is None else station_id in corrected
    return "correction" if is_corrected else "late_data"


def kind_of(key: str) -> Kind | None:
    """Return a kind of report by its key, or None."""
    return KINDS.get(key)


def _is_wanted(row: Row, wanted: Wanted) -> bool:
    return wanted.station_id is None or row.get("station_id") == wanted.station_id


def _by_key(kind: Kind, rows: Sequence[Row]) -> dict[tuple[Cell, ...], Row]:
    return {tuple(row.get(key) for key in kind.keys): row for row in rows}
