"""How full stations are, hour by weekday, and how much of their visits is at night."""

from collections.abc import Sequence

import numpy as np

from gateway.domain.local_time import HOUR_MS, wall
from gateway.domain.visits import Floats, Hours, figures
from gateway.domain.visits_by_source import reckon
from gateway.queries.reports.period import Period
from gateway.queries.reports.small_cells import FEWEST_VISITS, hide
from gateway.queries.reports.subjects import Subject
from gateway.queries.reports.table import (
    Cell,
    Column,
    Kind,
    Row,
    Sources,
    Words,
    of_station,
    share,
    station_columns,
)

WEEKDAYS: Words = {
    "all": ("全部", "all"),
    "mon": ("周一", "Monday"),
    "tue": ("周二", "Tuesday"),
    "wed": ("周三", "Wednesday"),
    "thu": ("周四", "Thursday"),
    "fri": ("周五", "Friday"),
    "sat": ("周六", "Saturday"),
    "sun": ("周日", "Sunday"),
}
_WEEK = list(WEEKDAYS)[1:]
COLUMNS = station_columns(
    Column("weekday", "", "星期", "Weekday", is_key=True, words=WEEKDAYS),
    Column("hour", "", "时段（起始小时）", "Hour of the day", is_key=True),
    Column("mean_inside", "1", "平均在站人数", "Mean people inside"),
    Column("capacity", "1", "容纳人数", "Capacity"),
    Column("share_of_capacity", "1", "使用率", "Mean inside / capacity"),
    Column("visits", "1", "服务人次", "Person-visits"),
    Column("night_share", "1", "夜间占比（22–6时）", "Share from 22 to 06"),
)
_FIGURES = ("mean_inside", "share_of_capacity", "visits")
_NIGHT_FROM, _NIGHT_TO = 22, 6
_HOURS_A_WEEK = 168


def build(sources: Sources, stations: Sequence[Subject], period: Period) -> list[Row]:
    """Return one row for each station, and one for each hour of its week."""
    months = list(sources.hours(stations, period))
    rows: list[Row] = []
    for station in stations:
        seen = [month[station.station_id] for month in months if station.station_id in month]
        if seen:
            rows += _of_station(station, period, seen)
    return rows


def _of_station(station: Subject, period: Period, seen: Sequence[Hours]) -> list[Row]:
    start, end = period.span(station.tz)
    clock, people, person_s, present_s, whole_s = (np.zeros(0) for _ in range(5))
    known = False
    for month in seen:
        reckoned = reckon(month, station.tz, station.profile)
        known = known or reckoned.is_known
        inside = (month.starts >= start) & (month.starts < end)
        of_day, day = month.on_the_wall(station.tz)
        first = _weekday(station, month)
        clock = np.append(clock, ((first + day) % 7 * 24 + of_day)[inside])
        edges = np.append(month.starts, month.starts[-1] + HOUR_MS)
        told = np.array([one.visits or 0 for one in figures([reckoned], edges)])
        people = np.append(people, told[inside])
        person_s, present_s = (
            np.append(person_s, month.person_s[inside]),
            np.append(present_s, month.present_s[inside]),
        )
        whole_s = np.append(whole_s, month.whole_s[inside])
    places = clock.astype(np.int64)
    sums = [
        np.bincount(places, each, _HOURS_A_WEEK).astype(np.float64)
        for each in (people, person_s, present_s, whole_s)
    ]
    return _rows(station, sums, known=known)


def _rows(station: Subject, sums: Sequence[Floats], *, known: bool) -> list[Row]:
    every = [float(each.sum()) for each in sums]
    hour = np.arange(_HOURS_A_WEEK) % 24
    night = (hour >= _NIGHT_FROM) | (hour < _NIGHT_TO)
    total = _cells(station, "all", None, every, known=known)
    total["night_share"] = share(float(sums[0][night].sum()), every[0]) if known else None
    weeks = [
        _cells(station, _WEEK[n // 24], n % 24, [float(each[n]) for each in sums], known=known)
        for n in range(_HOURS_A_WEEK)
        if sums[3][n] > 0 or sums[2][n] > 0
    ]
    return [total, *weeks]


def _cells(station: Subject, weekday: str, hour: int | None, sums: Sequence[float], *, known: bool) -> Row:
    people, person_s, present_s, whole_s = sums
    inside = share(person_s, present_s, 2)
    capacity = station.capacity
    return {
        **of_station(station),
        "weekday": weekday,
        "hour": hour,
        "mean_inside": inside,
        "capacity": capacity,
        "share_of_capacity": None if inside is None or not capacity else round(inside / capacity, 4),
        "visits": round(people) if known else None,
        "night_share": None,
        "completeness": None if not whole_s else round(min(1.0, present_s / whole_s), 4),
        "note": "" if inside is not None else "no_presence" if known else "no_data",
    }


def _weekday(station: Subject, month: Hours) -> int:
    """Return the weekday of a month's first hour, Monday 0."""
    return wall(int(month.starts[0]), station.tz).weekday()


def public(rows: list[Row]) -> list[Row]:
    """Hide the hours of the week at which hardly anybody came."""
    return hide(rows, "visits", FEWEST_VISITS, _FIGURES, _line)


def _line(row: Row) -> Cell:
    return None if row["weekday"] == "all" else row["station_id"]


KIND = Kind("utilisation", "时段使用率", "Utilisation", COLUMNS, build, public)
