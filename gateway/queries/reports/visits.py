"""Person-visits (服务人次): of the whole period, and of the days, months or hours it has."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from gateway.domain.local_time import HOUR_MS
from gateway.domain.visits import Figure, Reckoned, figures
from gateway.queries.reports.period import Period, begin_of
from gateway.queries.reports.small_cells import FEWEST_VISITS, hide
from gateway.queries.reports.subjects import Subject
from gateway.queries.reports.table import (
    Cell,
    Column,
    Kind,
    Row,
    Sources,
    Words,
    of_region,
    of_station,
    share,
    station_columns,
)

LEVELS: Words = {
    "year": ("年", "year"),
    "month": ("月", "month"),
    "day": ("日", "day"),
    "hour": ("小时", "hour"),
}
METHODS: Words = {
    "counter": ("客流计数", "counter"),
    "grants": ("开门记录", "grants"),
    "presence": ("在站感应", "presence"),
    "mixed": ("多种方法", "mixed"),
}
COLUMNS = station_columns(
    Column("level", "", "统计周期", "Level", is_key=True, words=LEVELS),
    Column("start", "", "时间", "Time", is_key=True),
    Column("visits", "1", "服务人次", "Person-visits"),
    Column("low", "1", "下限", "Low"),
    Column("high", "1", "上限", "High"),
    Column("method", "", "统计方法", "Method", words=METHODS),
    Column("covered_s", "s", "有数据时长", "Covered"),
    Column("scheduled_s", "s", "应开放时长", "Scheduled"),
)
FIGURES = ("visits", "low", "high", "method")
_PARTS = {"year": "month", "month": "day", "day": "hour"}


def build(sources: Sources, stations: Sequence[Subject], period: Period) -> list[Row]:
    """Return a row for the period and one for each of its parts: of every region, then every station."""
    months = list(sources.reckoned(stations, period))
    by_region: dict[str | None, list[Row]] = {}
    for station in stations:
        reckoned = [month[station.station_id] for month in months if station.station_id in month]
        by_region.setdefault(station.region, []).extend(_of_station(station, period, reckoned))
    return [row for region, rows in by_region.items() for row in (*_totals(region, rows), *rows)]


def _of_station(station: Subject, period: Period, reckoned: Sequence[Reckoned]) -> list[Row]:
    if not reckoned:
        return []
    whole, parts = _bounds(period, station.tz, int(reckoned[-1].starts[-1]) + HOUR_MS)
    rows = [_row(station, period.unit, one) for one in figures(reckoned, whole)]
    return rows + [_row(station, _PARTS[period.unit], one) for one in figures(reckoned, parts)]


def _bounds(period: Period, tz: str, told: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], ...]:
    """Return the bounds of the period and of its parts, up to the hour that is told last."""
    start, end = period.span(tz)
    end = min(end, told)
    if period.unit == "year":
        begins = [begin_of(month.first, tz) for month in period.months()]
    elif period.unit == "month":
        begins = [begin_of(day, tz) for day in period.days()]
    else:
        begins = list(range(start, end, HOUR_MS))
    parts = [*(begin for begin in begins if begin < end), end]
    return np.array([start, end], np.int64), np.array(parts, np.int64)


def _row(station: Subject, level: str, figure: Figure) -> Row:
    is_usual = figure.method is None and figure.whole_s > 0
    note = "no_data" if figure.visits is None else "estimated" if is_usual else ""
    return {
        **of_station(station),
        "level": level,
        "start": _written(figure.start, level, station.tz),
        "visits": figure.visits,
        "low": figure.low,
        "high": figure.high,
        "method": None if figure.method is None else str(figure.method),
        "covered_s": figure.covered_s,
        "scheduled_s": figure.whole_s,
        "completeness": figure.completeness,
        "note": note,
    }


def _written(ms: int, level: str, tz: str) -> str:
    moment = datetime.fromtimestamp(ms / 1_000, ZoneInfo(tz))
    if level == "hour":
        return moment.isoformat(timespec="minutes")
    return format(moment, {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}[level])


def _totals(region: str | None, rows: Sequence[Row]) -> list[Row]:
    """Add up the stations of a region. Their bands are added too: what is wrong may be wrong everywhere."""
    by_time: dict[tuple[object, object], list[Row]] = {}
    for row in rows:
        by_time.setdefault((row["level"], row["start"]), []).append(row)
    return [_total(region, together) for together in by_time.values()]


def _total(region: str | None, rows: Sequence[Row]) -> Row:
    def added(key: str) -> int:
        return sum(int(row[key] or 0) for row in told)

    told = [row for row in rows if row["visits"] is not None]
    methods = {row["method"] for row in told} - {None}
    covered, whole = (sum(int(row[key] or 0) for row in rows) for key in ("covered_s", "scheduled_s"))
    note = "no_data" if not told else "partial" if len(told) < len(rows) else ""
    return {
        **of_region(region),
        "level": rows[0]["level"],
        "start": rows[0]["start"],
        "visits": added("visits") if told else None,
        "low": added("low") if told else None,
        "high": added("high") if told else None,
        "method": None if not methods else str(methods.pop()) if len(methods) == 1 else "mixed",
        "covered_s": covered,
        "scheduled_s": whole,
        "completeness": share(covered, whole),
        "note": note,
    }


def public(rows: list[Row]) -> list[Row]:
    """Hide small hours; totals of a region are left out hour by hour: they would tell of the last station."""
    kept = [row for row in rows if row["station_id"] is not None or row["level"] != "hour"]
    return hide(kept, "visits", FEWEST_VISITS, FIGURES, _line)


def _line(row: Row) -> tuple[Cell, str] | None:
    return (row["station_id"], str(row["start"])[:10]) if row["level"] == "hour" else None


KIND = Kind("visits", "服务人次", "Person-visits", COLUMNS, build, public)
