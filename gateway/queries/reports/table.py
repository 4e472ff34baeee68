"""A report as a table: columns with their units and names in both languages, rows of plain values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np

from gateway.domain.local_time import MINUTE_MS
from gateway.domain.schedules import Maintenance
from gateway.domain.visits import Hours, Reckoned
from gateway.queries.reports.period import Period
from gateway.queries.reports.subjects import Spans, Subject, merged
from gateway.queries.reports.visit_hours import Ledger
from gateway.state.alerts import Alerts

Cell = str | int | float | None
Row = dict[str, Cell]
Words = Mapping[str, tuple[str, str]]
"""What a word in a cell is called, zh and en."""

NOTES: Words = {
    "": ("", ""),
    "no_data": ("无数据", "no data"),
    "partial": ("部分站点无数据", "some stations without data"),
    "suppressed": ("人数过少，不公开", "too few, not shown"),
    "forgotten": ("职业仅保留30天", "occupations are kept for 30 days only"),
    "no_alerts": ("无告警", "no alerts"),
    "no_tariff": ("未配置电价", "no tariff"),
    "estimated": ("无数据，按平时估计", "no data, estimated as usual"),
    "no_presence": ("无人数传感器", "no sensor of people inside"),
}
QUARTER_MS = 15 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key, unit (UCUM; empty for words), names; ``words`` names what its cells may hold.

    The key columns of a row say what it is about.
    """

    key: str
    unit: str
    zh: str
    en: str
    is_key: bool = False
    words: Words | None = None


REGION = Column("region", "", "区域", "Region", is_key=True)
STATION = Column("station_id", "", "站点编号", "Station", is_key=True)
NAME_ZH = Column("name_zh", "", "站点名称", "Name (Chinese)")
NAME_EN = Column("name_en", "", "英文名称", "Name (English)")
COMPLETENESS = Column("completeness", "1", "数据完整率", "Completeness")
NOTE = Column("note", "", "备注", "Note", words=NOTES)
_OF_STATION = (REGION, STATION, NAME_ZH, NAME_EN)


@dataclass(frozen=True, slots=True)
class Sources:
    """What the figures of one report are read from; ``now`` in ms."""

    cursor: duckdb.DuckDBPyConnection
    ledger: Ledger
    alerts: Alerts
    windows: Sequence[Maintenance]
    now: int

    def span(self, station: Subject, period: Period) -> tuple[int, int]:
        """Return the part of a period that has passed, in the station's clock."""
        start, end = period.span(station.tz)
        return start, min(end, self.now)

    def scheduled(self, station: Subject, period: Period) -> Spans:
        """Return when a station was to be open, from when it was first heard."""
        start, end = self.span(station, period)
        since = end if station.first_seen is None else max(start, station.first_seen)
        return station.scheduled(since, end, self.ledger.calendar)

    def hours(self, stations: Sequence[Subject], period: Period) -> Iterator[dict[str, Hours]]:
        """Yield what was seen in the hours of each month of a period, by station."""
        for month in period.months():
            yield self.ledger.hours(self.cursor, month, stations, self.now)

    def reckoned(self, stations: Sequence[Subject], period: Period) -> Iterator[dict[str, Reckoned]]:
        """Yield what the hours of each month of a period amount to, by station."""
        for month in period.months():
            yield self.ledger.reckoned(self.cursor, month, stations, self.now)

    def heard(self, stations: Sequence[Subject], period: Period) -> dict[str, tuple[float, float]]:
        """Return the seconds in which a station's counter or doors were heard, and all scheduled ones."""
        found: dict[str, tuple[float, float]] = {}
        for hours in self.hours(stations, period):
            for station in stations:
                start, end = period.span(station.tz)
                if (seen := hours.get(station.station_id)) is not None:
                    inside = (seen.starts >= start) & (seen.starts < end)
                    heard = np.maximum(np.maximum(seen.counted_s, seen.guarded_s), seen.present_s)
                    heard_s, whole_s = found.get(station.station_id, (0.0, 0.0))
                    found[station.station_id] = (
                        heard_s + float(np.minimum(heard, seen.whole_s)[inside].sum()),
                        whole_s + float(seen.whole_s[inside].sum()),
                    )
        return found

    def planned(self, station: Subject, period: Period) -> Spans:
        """Return when the whole station was to be worked on."""
        start, end = self.span(station, period)
        windows = [one for one in self.windows if one.scope.covers(station.station_id, station.region, "")]
        return merged(each for one in windows for each in one.when.between(start, end, station.tz))


def station_columns(*columns: Column) -> tuple[Column, ...]:
    """Return the columns of a report about stations: which, what of them, and how much is known."""
    return (*_OF_STATION, *columns, COMPLETENESS, NOTE)


Build = Callable[[Sources, Sequence[Subject], Period], list[Row]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of report. ``build`` makes its rows; ``hides`` makes those rows fit for everybody to see."""

    key: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    build: Build
    hides: Callable[[list[Row]], list[Row]] = field(default=lambda rows: rows)

    @property
    def keys(self) -> tuple[str, ...]:
        """The key columns."""
        return tuple(column.key for column in self.columns if column.is_key)


def of_station(station: Subject) -> Row:
    """Return the cells that name a station."""
    return {
        "region": station.region,
        "station_id": station.station_id,
        "name_zh": station.zh,
        "name_en": station.en,
    }


def of_region(region: str | None) -> Row:
    """Return the cells that name all stations of a region."""
    return {"region": region, "station_id": None, "name_zh": "合计", "name_en": "Total"}


def share(part: float, whole: float, digits: int = 4) -> float | None:
    """Return a share, None of nothing."""
    return round(part / whole, digits) if whole else None


def quarters(spans: Spans) -> list[int]:
    """Return the starts of the quarters of an hour that touch any of the stretches."""
    return sorted({at for begin, end in spans for at in range(begin - begin % QUARTER_MS, end, QUARTER_MS)})
