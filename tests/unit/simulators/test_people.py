from __future__ import annotations

from statistics import mean, variance

import numpy as np
import pytest

from simulators.archetypes import ARCHETYPES
from simulators.arrivals import Visit, before_closing, visits_of
from simulators.footfall import MODULUS
from simulators.personas import PERSONAS
from simulators.place import Guest, Place
from simulators.plan import Plan
from simulators.uses import USES
from simulators.weather import CLIMATES, Weather
from tests.unit.simulators.stories import MIDNIGHT_MS, day, live

_MONDAY = 739_000 - 739_000 % 7 + 1
_WEEKS = 20


def _days(archetype: str, climate: str = "mild") -> list[list[Visit]]:
    of, weather, rng = ARCHETYPES[archetype], Weather(CLIMATES[climate]), np.random.default_rng(5)
    days = range(_MONDAY, _MONDAY + 7 * _WEEKS)
    return [visits_of(of, of.visits_per_day, weather.day(ordinal, rng), rng) for ordinal in days]


def _people(visits: list[Visit]) -> int:
    return sum(visit.size for visit in visits)


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_as_many_people_come_as_to_stations_of_its_kind(archetype: str) -> None:
    counts = [_people(visits) for visits in _days(archetype)]
    assert mean(counts) == pytest.approx(ARCHETYPES[archetype].visits_per_day, rel=0.15)


def test_days_differ_more_than_chance_alone_would_make_them() -> None:
    counts = [_people(visits) for visits in _days("public_hall")]
    assert variance(counts) > 4 * mean(counts)


@pytest.mark.parametrize(("persona", "hours"), [("rider", (14, 17)), ("sanitation", (10, 13))])
def test_each_persona_comes_at_its_own_hours(persona: str, hours: tuple[int, int]) -> None:
    times = [v.hour for visits in _days("public_hall") for v in visits if v.persona is PERSONAS[persona]]
    busy = sum(hours[0] <= hour < hours[1] for hour in times) / len(times)
    assert busy > 2 * 3 / 24


def test_heat_brings_people_in() -> None:
    mild, hot = (mean(_people(v) for v in _days("urban_standard", climate)) for climate in ("mild", "hot"))
    assert hot > 1.1 * mild


def test_a_perfect_counter_counts_everybody() -> None:
    story = live("public_hall", hours=13, noise=0)
    totals = story.of("front-door", "people_in_total")
    arrived = [line for line in story.true("person") if line["arrive"] < totals[-1][0]]
    assert (totals[-1][1] - totals[0][1]) % MODULUS == len(arrived)


def test_a_real_counter_errs_by_some_per_cent() -> None:
    off, people = 0, 0
    for seed in (1, 2):
        story = live("public_hall", seed=seed, hours=16)
        totals = story.of("front-door", "people_in_total")
        people += len(story.true("person"))
        off += abs((totals[-1][1] - totals[0][1]) % MODULUS - len(story.true("person")))
    assert 0 < off / people < 0.15


def test_everybody_who_enters_leaves_and_the_door_saw_it() -> None:
    story = day("public_hall")
    for line in story.true("person"):
        assert line["arrive"] < line["leave"]
    granted = [r for _, r in story.readings if r.get("event") == "granted"]
    groups = {(line["arrive"], line["group"]) for line in story.true("person")}
    assert len(groups) <= len(granted) <= len(story.true("person")) + 5
    assert all(len(r.get("subject_ref", "a" * 16)) == 16 for r in granted)


def test_the_door_opens_and_closes_in_turn() -> None:
    states = [value for _, value in day("urban_standard").of("front-door", "door_state")]
    opened = [r["event"] for _, r in day("urban_standard").readings if r.get("event") in _DOOR_EVENTS]
    assert {"open", "closed"} <= set(states)
    assert opened[::2] == ["door_opened"] * len(opened[::2])
    assert opened[1::2] == ["door_closed"] * len(opened[1::2])


_DOOR_EVENTS = {"door_opened", "door_closed"}


def test_truth_is_told_no_further_than_time_has_come() -> None:
    story = live("public_hall", hours=9.4)
    assert max(line["at"] for line in story.truth) <= MIDNIGHT_MS + 9.4 * 3_600_000


def test_nobody_showers_longer_than_half_an_hour_however_much_water_they_take() -> None:
    rng = np.random.default_rng(5)
    place = Place(ARCHETYPES["trucker_home"], {})
    guest = Guest(PERSONAS["truck"], 0, 3_600_000)
    taken = []
    for _ in range(2_000):
        place.free_at.clear()
        use = USES["shower"](Plan(), place, guest, rng)
        assert use is not None
        taken.append(use)
    assert max(use.seconds for use in taken) <= 25 * 60
    assert max(use.litres for use in taken) > 120


def test_one_comes_out_before_the_next_goes_in() -> None:
    place = Place(ARCHETYPES["urban_standard"], {})
    first, second = (place.take(("toilet-1",), 1_000, 60, 900_000) for _ in range(2))
    assert first == ("toilet-1", 1_000)
    assert second is not None
    assert second[1] - (1_000 + 60_000) >= 10_000


def test_whoever_is_inside_goes_before_the_door_is_locked() -> None:
    late = Visit(PERSONAS["rider"], 21.2, 1, 120.0)
    cut = before_closing(late, 6, 22)
    assert cut is not None
    assert cut.hour + cut.stay_min / 60 < 22
    assert before_closing(Visit(PERSONAS["rider"], 21.6, 1, 10.0), 6, 22) is None
    assert before_closing(late, 0, 24) is late
