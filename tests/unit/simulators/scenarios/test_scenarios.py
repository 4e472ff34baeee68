from __future__ import annotations

import pytest

from simulators.archetypes import ARCHETYPES
from simulators.faults import FAULTS, name_of
from simulators.instruments import instruments_of
from simulators.scenarios import BREAKDOWNS, WEATHERS, quiet
from simulators.scenarios.scenario import HOUR_MS


def test_there_is_a_story_of_every_fault() -> None:
    assert BREAKDOWNS.keys() == FAULTS.keys()


@pytest.mark.parametrize("name", BREAKDOWNS)
def test_the_same_seed_tells_the_same_and_another_something_else(name: str) -> None:
    row = BREAKDOWNS[name]
    told = {seed: row.tell(seed) for seed in range(8)}
    assert told[3] == row.tell(3)
    assert len({(one.site.archetype, one.start_ms, one.faults) for one in told.values()}) == 8


@pytest.mark.parametrize("name", BREAKDOWNS)
def test_a_fault_begins_when_and_where_it_can_happen(name: str) -> None:
    row = BREAKDOWNS[name]
    first, last = row.begins
    for seed in range(20):
        story = row.tell(seed)
        (fault,) = story.faults
        hour = (fault.start_ms / HOUR_MS + 8) % 24
        assert name_of(fault) == name
        assert first - 0.01 <= hour <= last + 0.01
        assert story.start_ms < fault.start_ms < story.end_ms
        assert story.site.archetype in row.archetypes


def test_what_shows_a_fault_stands_where_it_happens() -> None:
    needs = {"F02": "leak_detected", "F08": "ups_status", "F17": "cubicle_motion_age_s", "F20": "co_ppm"}
    for name, field in needs.items():
        for archetype in BREAKDOWNS[name].archetypes:
            fields = {each for one in instruments_of(ARCHETYPES[archetype]) for each in one.fields}
            assert field in fields, (name, archetype)


def test_a_station_of_a_kind_is_told_of_when_asked_for_and_refused_when_it_cannot_be() -> None:
    assert BREAKDOWNS["F02"].tell(1, "trucker_home").site.archetype == "trucker_home"
    with pytest.raises(ValueError, match="F20 happens at trucker_home"):
        BREAKDOWNS["F20"].tell(1, "urban_kiosk")


@pytest.mark.parametrize("weather", WEATHERS)
def test_quiet_days_have_their_weather_and_no_fault(weather: str) -> None:
    story = quiet(weather, "urban_standard", seed=4, days=2)
    assert story == quiet(weather, "urban_standard", seed=4, days=2)
    assert story.faults == ()
    assert story.days == 2
    readings = story.station().advance(story.start_ms + 24 * HOUR_MS)
    outside = [r["outdoor_temp_celsius"] for _, r in readings if "outdoor_temp_celsius" in r]
    assert (max(outside) > 35) is (weather == "heat")
    assert (min(outside) < 0) is (weather == "cold")
