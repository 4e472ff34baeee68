"""Every query of every panel and variable against a real InfluxDB, with what Grafana puts in."""

import re
from collections import Counter
from itertools import product

import pytest

from dashboards.asking import Chosen, asked, seconds_of
from dashboards.boards import BOARDS
from dashboards.model import Board, Panel
from dashboards.texts import texts_of
from tests.integration.dashboards.conftest import END_MS, ONE_OF_EACH, Fleet
from tests.support.panels import Rows, shown

QUIET = {
    ("fleet", "alerts"),
    ("station", "alerts"),
    ("alerts", "standing"),
    ("alerts", "opened"),
    ("alerts", "taken"),
    ("alerts", "rules"),
    ("alerts", "history"),
    ("alerts", "messages"),
    ("alerts", "suppressed"),
    ("gateway", "channels"),
    ("visits", "published"),
}
"""Lists of what went wrong, or of what people publish: where nothing did, or was, they say so in words of
their own."""


def opened(board: Board, **variables: tuple[str, ...]) -> Chosen:
    """What is chosen when somebody opens a board: its own time, and everything."""
    everything: dict[str, tuple[str, ...] | None] = {"region": None, "station": None, "device": None}
    since = END_MS - seconds_of(board.since.removeprefix("now-").removesuffix("/d")) * 1_000
    return Chosen(since, END_MS, {**everything, **variables})


def openings(board: Board) -> list[Chosen]:
    """The ways to open a board: one that shows one station, with a station of each kind."""
    if any(variable.name == "station" and not variable.several for variable in board.variables):
        return [opened(board, station=(site.station_id,)) for site in ONE_OF_EACH]
    return [opened(board)]


CASES = [
    pytest.param(board, panel, id=f"{board.name}-{panel.name}") for board in BOARDS for panel in board.panels
]


@pytest.mark.parametrize(("board", "panel"), CASES)
def test_it_gets_rows_with_the_columns_the_panel_uses(louxing: Fleet, board: Board, panel: Panel) -> None:
    got = [shown(board, panel, chosen, louxing.ask) for chosen in openings(board)]
    assert not all(one.is_empty for one in got)
    for query in panel.queries:
        whens = [chosen.of(panel) for chosen in openings(board)]
        assert any(louxing.ask(asked(query.influxql, when, panel.least_s)) for when in whens), query.influxql


@pytest.mark.parametrize(("board", "panel"), CASES)
def test_it_shows_no_empty_panel_of_a_healthy_fleet(healthy: Fleet, board: Board, panel: Panel) -> None:
    got = [shown(board, panel, chosen, healthy.ask) for chosen in openings(board)]
    if (board.name, panel.name) in QUIET:
        assert texts_of(board.name).panels[panel.name].missing is not None
    else:
        assert not any(one.is_empty for one in got)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_it_fills_every_variable(louxing: Fleet, board: Board) -> None:
    for chosen, variable in product(openings(board), board.variables):
        answer = louxing.ask(asked(variable.influxql, chosen))
        assert {value for series in answer for _, value in series["values"]}


def test_it_asks_for_the_stations_somebody_chose_and_for_no_others(louxing: Fleet) -> None:
    board = next(board for board in BOARDS if board.name == "resources")
    panel = next(panel for panel in board.panels if panel.name == "peers")
    two = opened(board, station=("louxing-01", "louxing-03"))
    rows = shown(board, panel, two, louxing.ask).rows
    assert {row["station"] for row in rows} == {"louxing-01", "louxing-03"}


def test_it_finds_a_device_with_a_dot_in_its_name_and_not_its_likes(louxing: Fleet) -> None:
    board = next(board for board in BOARDS if board.name == "station")
    panel = next(panel for panel in board.panels if panel.name == "voltage")
    one = opened(board, station=("louxing-02",), device=("main.l1",))
    assert [series.name for series in shown(board, panel, one, louxing.ask).series] == ["main.l1"]


def test_it_marks_alerts_in_the_charts_of_a_station(louxing: Fleet) -> None:
    board = next(board for board in BOARDS if board.name == "station")
    marks = louxing.ask(asked(board.annotations[0].influxql, opened(board, station=("louxing-01",))))
    assert "name_zh" in marks[0]["columns"]


def rows_of(fleet: Fleet, board: str, panel: str, **variables: tuple[str, ...]) -> Rows:
    of = next(one for one in BOARDS if one.name == board)
    return shown(
        of, next(one for one in of.panels if one.name == panel), opened(of, **variables), fleet.ask
    ).rows


def test_it_lists_every_station_of_a_small_fleet_and_nobody_twice(louxing: Fleet) -> None:
    stations = [row["station"] for row in rows_of(louxing, "fleet", "worst")]
    assert sorted(stations) == [site.station_id for site in louxing.lived.sites]


def test_it_sums_up_what_stations_say(louxing: Fleet) -> None:
    listed = rows_of(louxing, "fleet", "worst")
    for panel, names in (("open", ("open_p1", "open_p2", "open_p3")), ("today", ("people_inside",))):
        [told] = rows_of(louxing, "fleet", panel)
        for name in names:
            assert told[name] == sum(row[name] for row in listed)
    [states] = rows_of(louxing, "fleet", "states")
    assert states.pop("stations") == len(listed)
    assert +Counter(states) == Counter(row["state"] for row in listed)


def test_it_tells_of_the_regions_and_stations_somebody_chose_alone(louxing: Fleet) -> None:
    for panel in ("open", "today", "states", "worst", "map"):
        assert rows_of(louxing, "fleet", panel, region=("louxing",))
        assert not rows_of(louxing, "fleet", panel, region=("louxing-east",))
    [one] = rows_of(louxing, "alerts", "open", station=("louxing-04",))
    of_all = {row["station"]: row for row in rows_of(louxing, "fleet", "worst")}
    assert one == {name: of_all["louxing-04"][name] for name in one}


def test_it_leaves_nothing_of_grafanas_in_a_query() -> None:
    for board in BOARDS:
        texts = [query.influxql for panel in board.panels for query in panel.queries]
        for text in [*texts, *(variable.influxql for variable in board.variables)]:
            assert not re.search(r"\$[a-z_{]", asked(text, opened(board)))
