"""Whether people could use a station when it was to be open, and each thing in it; how long repairs took.

A minute counts when a door was usable, there was power, and the station did not say that it was closed
(domain catalogue 6.1). Planned maintenance is left out; time nobody heard is neither.
"""

from collections.abc import Mapping, Sequence
from statistics import mean

import numpy as np

from gateway.queries.reports.alerts import opened_alerts
from gateway.queries.reports.period import Period
from gateway.queries.reports.subjects import Subject, seconds_in, without
from gateway.queries.reports.table import (
    QUARTER_MS,
    Column,
    Kind,
    Row,
    Sources,
    of_station,
    quarters,
    share,
    station_columns,
)
from gateway.state.alert_rows import AlertRow, Verdict
from gateway.timeseries.footfall import choose_series
from gateway.timeseries.tallies import Open, Tally, opened, tallied

COLUMNS = station_columns(
    Column("device", "", "设施", "Facility", is_key=True),
    Column("availability", "1", "可用率", "Availability"),
    Column("scheduled_min", "min", "应开放分钟", "Scheduled"),
    Column("usable_min", "min", "可用分钟", "Usable"),
    Column("unusable_min", "min", "不可用分钟", "Unusable"),
    Column("unheard_min", "min", "无数据分钟", "Unheard"),
    Column("planned_min", "min", "计划维护分钟", "Planned maintenance"),
    Column("repairs", "1", "维修次数", "Repairs"),
    Column("mttr_h", "h", "平均修复时间", "Mean time to repair"),
)
_BROKEN: Mapping[str, Mapping[str, Sequence[str]]] = {
    "facility": {
        "appliance_state": ("fault",),
        "locker_cell_state": ("fault",),
        "kiosk_online": ("false",),
        "aed_status": ("self_test_failed", "battery_low", "pads_expired", "removed"),
    },
    "water": {"valve_state": ("fault",)},
    "access": {"lock_state": ("fault",)},
}
"""States of things in a station with which they cannot be used; a dispenser tells a code, 0 when it works."""
_CODE = "dispenser_fault_code"


def build(sources: Sources, stations: Sequence[Subject], period: Period) -> list[Row]:
    """Return a row for each station, followed by one for each thing in it."""
    repairs: dict[str, list[AlertRow]] = {}
    for alert in opened_alerts(sources, stations, period):
        if alert.verdict not in {Verdict.FALSE, Verdict.TEST}:
            repairs.setdefault(alert.station_id, []).append(alert)
    return [
        row
        for station in stations
        for row in _of_station(sources, station, period, repairs.get(station.station_id, []))
    ]


def _of_station(sources: Sources, station: Subject, period: Period, repairs: Sequence[AlertRow]) -> list[Row]:
    promised = sources.scheduled(station, period)
    scheduled = without(promised, sources.planned(station, period))
    starts = quarters(scheduled)
    seconds = seconds_in(scheduled, np.array(starts, np.int64), QUARTER_MS)
    whole_s = float(seconds.sum())
    planned_s = sum(end - begin for begin, end in promised) / 1_000 - whole_s
    choose_series(sources.cursor, [station.station_id])
    found = opened(sources.cursor, dict(zip(starts, seconds.tolist(), strict=True))) if starts else {}
    heard = found.get(station.station_id, Open(0.0, 0.0))
    rows = [_row(station, None, whole_s, heard, planned_s, repairs)]
    for device, told in sorted(_facilities(sources, starts).items()):
        of_device = [alert for alert in repairs if alert.device == device]
        rows.append(_row(station, device, whole_s, told, planned_s, of_device))
    return rows


def _facilities(sources: Sources, starts: Sequence[int]) -> dict[str, Open]:
    """Return how long each thing was heard and broken, while the station was to be open."""
    parts = dict.fromkeys(starts, 0)
    found: dict[str, Open] = {}
    for domain, states in _BROKEN.items():
        names = [*states, *([_CODE] if domain == "water" else [])]
        for one in tallied(sources.cursor, domain, names, parts):
            heard, broken = found.get(one.device, Open(0.0, 0.0))
            is_broken = _is_broken(one, states)
            found[one.device] = Open(heard + one.covered_s, broken + (one.covered_s if is_broken else 0.0))
    return found


def _is_broken(one: Tally, states: Mapping[str, Sequence[str]]) -> bool:
    return one.value != "0" if one.name == _CODE else one.value in states[one.name]


def _row(
    station: Subject,
    device: str | None,
    whole_s: float,
    told: Open,
    planned_s: float,
    repairs: Sequence[AlertRow],
) -> Row:
    heard_s = min(told.heard_s, whole_s)
    unusable_s = min(told.unusable_s, heard_s)
    hours = [(row.resolved - row.opened) / 3_600_000 for row in repairs if row.resolved is not None]
    return {
        **of_station(station),
        "device": device,
        "availability": share(heard_s - unusable_s, heard_s),
        "scheduled_min": round(whole_s / 60),
        "usable_min": round((heard_s - unusable_s) / 60) if heard_s else None,
        "unusable_min": round(unusable_s / 60) if heard_s else None,
        "unheard_min": round((whole_s - heard_s) / 60),
        "planned_min": round(planned_s / 60),
        "repairs": len(hours),
        "mttr_h": round(mean(hours), 2) if hours else None,
        "completeness": share(heard_s, whole_s),
        "note": "" if heard_s else "no_data",
    }


KIND = Kind("availability", "开放与设施可用率", "Availability", COLUMNS, build)
