from datetime import date
from pathlib import Path

import pytest

from gateway.domain.holidays import Holidays, HolidayYear
from gateway.errors import SettingsError


def load(tmp_path: Path, text: str) -> Holidays:
    path = tmp_path / "holidays.yaml"
    path.write_text(text, encoding="utf-8")
    return Holidays.load(path)


def test_it_knows_the_swapped_days_of_a_year_that_was_announced() -> None:
    calendar = Holidays()
    assert calendar.is_workday(date(2026, 2, 14))  # a Saturday, worked for 20 February
    assert not calendar.is_workday(date(2026, 2, 20))
    assert calendar.is_holiday(date(2026, 2, 20))
    assert calendar.name(date(2026, 10, 1)) == "国庆节"


def test_it_takes_a_common_weekend_for_days_off_and_no_holidays() -> None:
    calendar = Holidays()
    assert not calendar.is_workday(date(2026, 11, 22))
    assert not calendar.is_holiday(date(2026, 11, 22))
    assert calendar.is_workday(date(2026, 11, 23))


def test_it_lets_the_file_of_an_operator_replace_a_year_whole(tmp_path: Path) -> None:
    calendar = load(tmp_path, "2026:\n  holidays: {2026-03-02: 试行假}\n  workdays: [2026-03-07]\n")
    assert not calendar.is_workday(date(2026, 3, 2))
    assert calendar.is_workday(date(2026, 3, 7))
    assert calendar.is_workday(date(2026, 10, 1))
    assert calendar.is_holiday(date(2025, 10, 1))


def test_it_lacks_the_next_year_from_november_on() -> None:
    calendar = Holidays()
    assert calendar.lacks(date(2024, 10, 31)) is None
    assert calendar.lacks(date(2024, 11, 1)) is None
    far = date(2090, 11, 1)
    assert calendar.lacks(far) == 2090
    told = Holidays({2090: HolidayYear({}, frozenset(), announced=True)})
    assert told.lacks(far) == 2091
    assert told.lacks(date(2090, 10, 31)) is None


def test_it_does_without_a_file(tmp_path: Path) -> None:
    assert Holidays.load(tmp_path / "none.yaml").knows(2026)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2027: {holiday: {}}\n", "2027.holiday"),
        ("2027: {holidays: {2028-01-01: 元旦}}\n", "write it under 2028"),
        ("2027: {workdays: [2027-01-01]}\n", "no weekend day"),
        ("2027: {holidays: {2027-01-02: 元旦}, workdays: [2027-01-02]}\n", "also a holiday"),
        ("1900: {}\n", "a year from 2001"),
        ("- a\n", "2027-01-01"),
        ("2027: {workdays: [2027-02-30]}\n", "out of range"),
        ("2027: [", "not YAML"),
    ],
)
def test_it_says_what_is_wrong_in_the_file(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load(tmp_path, text)
