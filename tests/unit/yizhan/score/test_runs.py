from __future__ import annotations

from collections import Counter

import pytest
from typer.testing import CliRunner

from simulators.scenarios import BREAKDOWNS, WEATHERS
from yizhan.score.command import app
from yizhan.score.runs import Wanted


def _days(wanted: Wanted) -> float:
    return sum(story.days for town in wanted.quiet() for story in town)


@pytest.mark.parametrize("days", [20, 400])
def test_quiet_days_are_spread_over_every_weather_and_every_kind_of_station(days: int) -> None:
    wanted = Wanted((), 1, days, seed=1)
    assert _days(wanted) == days
    places = Counter(
        (story.name, story.site.archetype)
        for town in wanted.quiet()
        for story in town
        for _ in range(int(story.days))
    )
    assert set(places.values()) == {days // 20}
    assert len(places) == len(WEATHERS) * 4


def test_those_who_are_judged_together_begin_and_end_together_and_are_different_stations() -> None:
    for town in Wanted((), 1, 400, seed=1).quiet():
        assert len({(story.start_ms, story.end_ms) for story in town}) == 1
        assert len({story.site.station_id for story in town}) == len(town)


def test_one_kind_of_station_gets_all_the_days_and_the_faults_it_can_have() -> None:
    wanted = Wanted(tuple(BREAKDOWNS), 2, 20, seed=1, archetype="urban_kiosk")
    assert _days(wanted) == 20
    assert {story.site.archetype for story in wanted.stories()} == {"urban_kiosk"}
    told = {story.name for story in wanted.stories()}
    assert "F20" not in told
    assert {"F05", "F19"} <= told


def test_what_was_asked_for_can_be_asked_for_again() -> None:
    assert Wanted(tuple(BREAKDOWNS), 3, 20, 1).command == (
        "yizhan score --faults all --runs 3 --quiet-days 20 --seed 1"
    )
    assert Wanted(("F01",), 1, 0, 7, "public_hall").command == (
        "yizhan score --faults F01 --runs 1 --quiet-days 0 --seed 7 --archetype public_hall"
    )


@pytest.mark.parametrize(
    ("option", "value", "says"), [("--faults", "F99", "F01"), ("--archetype", "x", "public_hall")]
)
def test_what_there_is_not_is_refused_with_what_there_is(option: str, value: str, says: str) -> None:
    answer = CliRunner().invoke(app, [option, value])
    assert answer.exit_code == 2
    assert says in answer.output
