"""What befell the stations, as the dashboards tell it: alerts, an open door, water that runs, silence."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from dashboards.asking import asked
from dashboards.boards import BOARDS
from dashboards.model import Board
from tests.integration.dashboards.conftest import END_MS, FAULTS, HOURS, Fleet
from tests.integration.dashboards.test_queries import opened
from tests.support.lived_mirror import HOUR_MS
from tests.support.panels import Shown, shown
from wire.measures import EVENTS

LED_TO: Mapping[str, tuple[str, ...]] = {
    "F01": ("WA-03", "WA-04", "WA-05"),
    "F02": ("WA-01", "WA-07"),
    "F03": ("WA-06",),
    "F04": ("PW-15", "EN-06", "WA-12", "WA-13"),
    "F05": ("AC-02", "AC-01"),
    "F06": ("AC-01",),
    "F07": ("AC-11",),
    "F08": ("PW-01",),
    "F09": ("AG-01",),
    "F10": ("AG-02",),
    "F11": ("AG-03",),
    "F14": ("PW-14",),
    "F16": ("PW-13",),
    "F17": ("OC-04",),
    "F18": ("OC-03",),
    "F19": ("EN-01", "AC-06"),
    "F20": ("EN-03",),
}
"""Rules that have to speak of a fault. A clock that drifts by 20 ppm, a counter that misses one in 25 and a
meter that was changed are no matter for anybody within a week."""
CASES = sorted(
    {
        (station_id, rule, "recent" if hours < 1 else "earlier")
        for station_id, faults in FAULTS.items()
        for hours, fault in faults
        for rule in LED_TO.get(fault, ())
        if hours < HOURS
    }
)


def board_of(name: str) -> Board:
    return next(board for board in BOARDS if board.name == name)


def panel_of(fleet: Fleet, board: str, panel: str, **variables: tuple[str, ...]) -> Shown:
    of = board_of(board)
    return shown(of, next(one for one in of.panels if one.name == panel), opened(of, **variables), fleet.ask)


@pytest.mark.parametrize(("station", "rule", "when"), CASES)
def test_it_tells_of_the_alerts_a_fault_led_to(louxing: Fleet, station: str, rule: str, when: str) -> None:
    there = panel_of(louxing, "station", "alerts", station=(station,)).rows
    assert rule in {row["rule"] for row in there}
    assert next(row["opened"] for row in panel_of(louxing, "alerts", "rules").rows if row["rule"] == rule)
    if when == "recent":  # the list of all stations ends after 300 entries
        everywhere = panel_of(louxing, "alerts", "history").rows
        assert (station, rule) in {(row["station"], row["rule"]) for row in everywhere}


def test_it_lists_only_what_makes_an_alert_another_than_it_was(louxing: Fleet) -> None:
    there = panel_of(louxing, "station", "alerts", station=("louxing-01",)).rows
    assert all(row["state"] for row in (*there, *panel_of(louxing, "alerts", "history").rows))


def test_it_marks_alerts_in_the_charts_where_they_opened(louxing: Fleet) -> None:
    board = board_of("station")
    asked_of = asked(board.annotations[0].influxql, opened(board, station=("louxing-05",)))
    [marks] = louxing.ask(asked_of)
    at, rule = marks["columns"].index("time"), marks["columns"].index("rule")
    [forced] = [row[at] for row in marks["values"] if row[rule] == "AC-02"]
    assert abs(forced - (END_MS - 0.7 * HOUR_MS)) < 60_000


def test_it_lists_as_standing_what_nobody_has_closed_and_nothing_else(louxing: Fleet) -> None:
    standing = Counter((row["station"], row["rule"]) for row in panel_of(louxing, "alerts", "standing").rows)
    left = [row for row in louxing.happened.alerts if row.is_open]
    assert standing == Counter((row.station_id, row.rule) for row in left)
    assert {one for one, count in standing.items() if count > 1}


def test_it_counts_what_is_open(louxing: Fleet) -> None:
    rows = panel_of(louxing, "alerts", "open").rows
    left = Counter(row.severity for row in louxing.happened.alerts if row.is_open)
    assert {level: _sum(rows, f"open_p{level[1]}") for level in left} == left


def _sum(rows: list[dict[str, Any]], column: str) -> int:
    return sum(row[column] for row in rows)


def test_it_shows_the_door_that_was_forced(louxing: Fleet) -> None:
    at_door = panel_of(louxing, "station", "passages", station=("louxing-05",)).rows
    assert "door_forced" in {row["event"] for row in at_door}
    kinds = panel_of(louxing, "station", "door_events", station=("louxing-05",)).series
    [forced] = [one for one in kinds if one.name == EVENTS["access"]["door_forced"].zh]
    assert sum(filter(None, forced.values)) == 1


def test_it_shows_the_water_of_a_burst_hose(louxing: Fleet) -> None:
    flow = panel_of(louxing, "station", "flow", station=("louxing-02",), device=("main",)).series
    assert max(value for one in flow for value in one.values if value is not None) > 25
    pressure = panel_of(louxing, "station", "pressure", station=("louxing-02",)).series
    assert min(value for one in pressure for value in one.values if value is not None) < 100


def test_it_shows_who_is_not_heard_and_a_gap_in_what_he_said(louxing: Fleet) -> None:
    states = {row["station"]: row["state"] for row in panel_of(louxing, "fleet", "worst").rows}
    assert states.pop("louxing-08") == "offline"
    assert set(states.values()) == {"online"}
    dead = END_MS - int(0.4 * HOUR_MS)
    light = panel_of(louxing, "station", "light", station=("louxing-08",)).series
    last = max(
        at for one in light for at, value in zip(one.times, one.values, strict=True) if value is not None
    )
    assert dead - 10 * 60_000 < last < dead + 60_000
