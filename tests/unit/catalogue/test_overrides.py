"""What a folder of rules changes: numbers, whole rules, rules switched off."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.catalogue import Catalogue, Override
from catalogue.conditions import Compare
from catalogue.documents import CatalogueError
from catalogue.loading import load
from catalogue.model import Rule
from tests.unit.catalogue.writing import rule_file, write

BURST = """\
parameters:
  WA-02:
    burst: {value: 30, profiles: {trucker_home: 50}, stations: {louxing-07: 18}}
"""


@pytest.mark.parametrize(
    ("profile", "station_id", "number"),
    [
        (None, "a", 30),
        ("urban_kiosk", "a", 30),
        ("public_hall", "a", 30),
        ("trucker_home", "a", 50),
        ("trucker_home", "louxing-07", 18),
    ],
)
def test_it_takes_the_narrowest_number(
    tmp_path: Path, profile: str | None, station_id: str, number: float
) -> None:
    catalogue = load([write(tmp_path / "rules", BURST)])

    assert catalogue.parameter("WA-02", "burst", profile, station_id) == number


def test_it_has_numbers_by_profile_of_its_own() -> None:
    catalogue = load()

    assert catalogue.parameter("WA-02", "burst", "urban_kiosk", "a") == 25
    assert catalogue.parameter("WA-02", "burst", "public_hall", "a") == 40


def test_it_puts_numbers_into_conditions_and_times() -> None:
    rule = load().rule_for("WA-03", "trucker_home", "a")
    condition = rule.levels[0].if_

    assert rule.levels[0].for_ms == 2 * 3_600_000
    assert isinstance(condition, Compare)
    assert condition.above == pytest.approx(0.2)


def test_it_gives_the_same_rule_for_the_same_numbers(tmp_path: Path) -> None:
    catalogue = load([write(tmp_path / "rules", BURST)])

    assert catalogue.rule_for("WA-02", None, "a") is catalogue.rule_for("WA-02", "urban_kiosk", "b")
    assert catalogue.rule_for("WA-02", None, "a") is not catalogue.rule_for("WA-02", None, "louxing-07")


def test_it_switches_a_rule_off_with_its_reason(tmp_path: Path) -> None:
    catalogue = load([write(tmp_path / "rules", "off: {WA-21: the host pays a flat rate}\n")])

    assert "WA-21" not in catalogue.rules
    assert catalogue.off == {"WA-21": "the host pays a flat rate"}
    assert len(catalogue.rules) == 113


def test_it_refuses_to_switch_off_what_another_rule_asks_for(tmp_path: Path) -> None:
    folder = write(tmp_path / "rules", "off: {AC-07: no need}\n")

    with pytest.raises(CatalogueError, match=r"own\.yaml:1: FA-09 asks for alerts of AC-07"):
        load([folder])


def test_it_replaces_a_rule_by_one_of_the_same_id(tmp_path: Path) -> None:
    catalogue = load([rule_file(tmp_path / "rules", "ZZ-01:", "EN-03:")])

    assert catalogue.rules["EN-03"].name.en == "trial"
    assert len(catalogue.rules) == 114


def test_it_takes_the_later_of_two_folders(tmp_path: Path) -> None:
    first = write(tmp_path / "first", "parameters: {WA-02: {burst: {value: 30}}}\n")
    second = write(tmp_path / "second", "parameters: {WA-02: {burst: {value: 31}}}\n")

    assert load([first, second]).parameter("WA-02", "burst", None, "a") == 31


def test_it_takes_an_empty_file(tmp_path: Path) -> None:
    assert len(load([write(tmp_path / "rules", "# nothing yet\n")]).rules) == 114


def test_it_keeps_words_words(tmp_path: Path) -> None:
    catalogue = load(
        [
            rule_file(
                tmp_path / "rules",
                "  levels:",
                "  when: {field: facility.appliance_state, is: off}\n  levels:",
            )
        ]
    )
    condition = catalogue.rules["ZZ-01"].when

    assert isinstance(condition, Compare)
    assert condition.is_ == "off"


@given(
    value=st.none() | st.floats(0, 100),
    profile=st.none() | st.floats(0, 100),
    station=st.none() | st.floats(0, 100),
)
def test_it_never_invents_a_number(value: float | None, profile: float | None, station: float | None) -> None:
    override = Override(
        value=value,
        profiles={} if profile is None else {"urban_kiosk": profile},
        stations={} if station is None else {"a": station},
    )
    rule = BUILT_IN_RULE
    catalogue = Catalogue({rule.id: rule}, {}, {rule.id: {"burst": override}}, {})

    found = catalogue.parameter(rule.id, "burst", "urban_kiosk", "a")

    given_first = [number for number in (station, profile, value) if number is not None]
    assert found == (given_first[0] if given_first else rule.parameters["burst"].value)


BUILT_IN_RULE: Rule = load().rules["WA-02"]
