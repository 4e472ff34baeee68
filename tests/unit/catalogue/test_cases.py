"""Cases: unit tests for rules, as data."""

from pathlib import Path

import pytest

from catalogue.cases import Case, Input, load_cases
from catalogue.documents import CatalogueError
from catalogue.loading import BUILT_IN, load
from tests.unit.catalogue.writing import write

CATALOGUE = load()


def test_it_has_a_case_in_which_every_rule_opens() -> None:
    told = {case.rule for case in load_cases(BUILT_IN / "cases", CATALOGUE) if case.expect}

    assert CATALOGUE.rules.keys() - told == set()


def test_it_has_a_case_in_which_every_gravest_severity_is_reached() -> None:
    reached = {
        (case.rule, one.severity) for case in load_cases(BUILT_IN / "cases", CATALOGUE) for one in case.expect
    }
    gravest = {(rule_id, rule.gravest) for rule_id, rule in CATALOGUE.rules.items()}

    assert gravest - reached == set()


def test_it_names_every_case_once() -> None:
    names = [(case.rule, case.name) for case in load_cases(BUILT_IN / "cases", CATALOGUE)]

    assert len(names) == len(set(names))


def test_it_expects_transitions_in_order_and_of_severities_the_rule_has() -> None:
    for case in load_cases(BUILT_IN / "cases", CATALOGUE):
        times = [one.at for one in case.expect]
        has = {level.severity for level in CATALOGUE.rules[case.rule].levels}
        assert times == sorted(times), case.name
        assert {one.severity for one in case.expect if one.severity} <= has, case.name
        assert all(one.latest >= one.at for one in case.expect), case.name


def test_it_repeats_a_reading_along_a_line() -> None:
    line = Input.model_validate(
        {"at": "1m", "every": "30s", "until": "2m", "says": {"environment.co_ppm": {"from": 10, "to": 30}}}
    )

    assert line.domain == "environment"
    assert list(line.readings()) == [
        (60_000, {"co_ppm": 10.0}),
        (90_000, {"co_ppm": 20.0}),
        (120_000, {"co_ppm": 30.0}),
    ]


def test_it_takes_one_reading_alone() -> None:
    one = Input.model_validate({"at": "5s", "event": "access.denied", "says": {"access.reason": "expired"}})

    assert list(one.readings()) == [(5_000, {"reason": "expired"})]


def test_it_starts_at_noon_unless_told() -> None:
    case = Case.model_validate({"rule": "EN-01", "name": "n", "input": [{"at": "0s", "happens": "lost"}]})

    assert case.start_ms == 1_795_147_200_000


def test_it_repeats_a_reading_on_days_running() -> None:
    daily = Input.model_validate(
        {"at": "1h", "every": "1h", "until": "2h", "days": 2, "says": {"environment.co_ppm": 3}}
    )

    assert [at // 3_600_000 for at, _ in daily.readings()] == [1, 2, 25, 26]


BAD = [
    ("{at: 0s, says: {environment.co: 3}}", "there is no field environment.co"),
    ("{at: 0s, event: access.opened}", "there is no event access.opened"),
    ("{at: 0s}", "write says, event, or happens"),
    ("{at: 0s, every: 5s, says: {environment.co_ppm: 3}}", "every and until go together"),
    ("{at: 0s, says: {environment.co_ppm: 3, water.pipe_empty: true}}", "a reading is of one domain"),
    ("{at: 0s, says: {station.people_inside_count: 3}}", "is worked out by the gateway"),
    ("{at: 0s, stations: 2, says: {environment.co_ppm: 3}}", "more stations than there are: 1"),
    ("{at: soon, says: {environment.co_ppm: 3}}", "write a length of time"),
]


@pytest.mark.parametrize(("reading", "what"), BAD)
def test_it_tells_a_bad_case_with_its_line(tmp_path: Path, reading: str, what: str) -> None:
    folder = write(
        tmp_path / "cases", f"cases:\n- rule: EN-03\n  name: bad\n  input:\n  - {reading}\n", "own.yaml"
    )

    with pytest.raises(CatalogueError) as caught:
        load_cases(folder, CATALOGUE)

    told = str(caught.value)
    assert f"{folder / 'own.yaml'}:5: " in told
    assert what in told


def test_it_tells_a_case_of_no_rule(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "cases", "cases:\n- rule: EN-99\n  name: n\n  input:\n  - {at: 0s, happens: lost}\n"
    )

    with pytest.raises(CatalogueError, match=r"own\.yaml:2: there is no rule EN-99"):
        load_cases(folder, CATALOGUE)


def test_it_finds_no_cases_where_there_is_no_folder(tmp_path: Path) -> None:
    assert load_cases(tmp_path / "none", CATALOGUE) == ()
