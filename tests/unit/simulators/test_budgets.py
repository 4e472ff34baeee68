from __future__ import annotations

from functools import lru_cache
from statistics import mean

import pytest

from tests.unit.simulators.stories import Story, day, taken

# Visits, water in m3 and energy in kWh (mild, hot) of an average day: domain catalogue, sections 5.1 and 5.4.
BUDGETS = {
    "urban_kiosk": (12, 0.01, 3.4, 15),
    "urban_standard": (40, 0.11, 7, 27),
    "public_hall": (120, 0.35, 15, 63),
    "trucker_home": (70, 0.93, 40, 156),
}
DAYS = {"urban_kiosk": 3, "urban_standard": 3, "public_hall": 2, "trucker_home": 2}
"""The fewer people, the more days until they are an average."""
TOLERANCE = 0.40


def _kwh(story: Story) -> float:
    phases = story.station.archetype.phase_names
    return sum(_grown(story, phase, "energy_import_kwh_total") for phase in phases)


def _grown(story: Story, device: str, field: str) -> float:
    values = [value for _, value in story.of(device, field)]
    return float(values[-1] - values[0])


@lru_cache
def _means(archetype: str, climate: str) -> tuple[float, float]:
    """Water in m3 and energy in kWh of an average day."""
    days = [taken(archetype, seed, climate) for seed in range(1, DAYS[archetype] + 1)]
    return mean(water for water, _ in days), mean(energy for _, energy in days)


@pytest.mark.parametrize("archetype", BUDGETS)
def test_it_meets_the_daily_water_of_its_kind(archetype: str) -> None:
    water, _energy = _means(archetype, "mild")
    assert water == pytest.approx(BUDGETS[archetype][1], rel=TOLERANCE)


@pytest.mark.parametrize("archetype", BUDGETS)
@pytest.mark.parametrize(("climate", "column"), [("mild", 2), ("hot", 3)])
def test_it_meets_the_daily_energy_of_its_kind(archetype: str, climate: str, column: int) -> None:
    _water, energy = _means(archetype, climate)
    assert energy == pytest.approx(BUDGETS[archetype][column], rel=TOLERANCE)


@pytest.mark.parametrize("archetype", BUDGETS)
def test_its_meters_agree_with_what_was_true(archetype: str) -> None:
    story = day(archetype)
    phases = len(story.station.archetype.phase_names)
    drawn = sum(line["litres"] for line in story.true("water")) / 1000
    assert _grown(story, "main", "water_volume_m3_total") == pytest.approx(drawn, abs=0.003)
    used = sum(line["wh"] for line in story.true("energy")) / 1000
    per_minute = used / 1440
    assert _kwh(story) == pytest.approx(used, abs=phases * 0.02 + 5 * per_minute)


@pytest.mark.parametrize("archetype", BUDGETS)
def test_every_litre_of_the_meter_was_somebodys_use(archetype: str) -> None:
    story = day(archetype)
    end = story.readings[-1][1]["ts"]
    done = [line for line in story.true("use") if line["at"] + 3_600_000 < end]
    drawn = sum(line["litres"] for line in story.true("water"))
    late = sum(line["litres"] for line in story.true("use")) - sum(line["litres"] for line in done)
    assert sum(line["litres"] for line in done) <= drawn + 0.1
    assert drawn <= sum(line["litres"] for line in done) + late + 0.1
