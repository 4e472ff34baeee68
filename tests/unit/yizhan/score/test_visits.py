"""Visits against who really came, and the page that says how good they are."""

import math
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from simulators.archetypes import ARCHETYPES
from yizhan.score.command import app
from yizhan.score.turnstile import Month, Trouble, live
from yizhan.score.visit_cases import CASES, Compared, compare
from yizhan.score.visit_table import missed, page, table

GOOD = Compared(
    "as usual", "urban_kiosk", 12.0, 7, truth=360, visits=357, low=328, high=386, method="counter"
)
JUNE = Month("urban_kiosk", 12, 2026, 6, seed=4)


def test_it_finds_the_truth_in_the_band_at_every_kind_of_station_and_whatever_is_wrong() -> None:
    """One month of every case, the kinds in turn; `make soak` plays many more."""
    kinds = [*ARCHETYPES, "urban_kiosk", "urban_standard"]
    found = [compare(case, kinds[n % len(kinds)], 2_000 + n) for n, case in enumerate(CASES)]
    assert sum(one.is_inside for one in found) >= math.floor(0.95 * len(found)), [
        one for one in found if not one.is_inside
    ]


def test_its_band_is_narrow_enough_to_be_of_use_at_twelve_visits_a_day() -> None:
    for case in ("as usual", "no counter", "counter stands still 2 to 10 days"):
        assert compare(case, "urban_kiosk", 3_000, 12.0).half_width < 0.10


def test_a_month_of_a_door_knows_who_came_and_what_the_counter_made_of_them() -> None:
    hours, came = live(JUNE, Trouble(noise=0.0))
    assert len(came) == 30 * 24
    assert hours.staff.sum() == 30
    assert abs(hours.entries.sum() - came.sum() - 30) <= 1
    assert hours.grants.sum() < came.sum()
    assert (hours.counted_s == 3_600).mean() > 0.99


def test_what_nobody_hears_is_not_in_the_hours() -> None:
    start, _ = JUNE.span
    day = (start, start + 86_400_000)
    hours, came = live(JUNE, Trouble(all_unheard=day))
    assert came[:24].sum() > 0
    for column in (hours.counted_s, hours.guarded_s, hours.present_s, hours.grants, hours.person_s):
        assert column[:23].sum() == 0
    assert hours.guarded_s[24:].min() == 3_600


def test_its_page_says_how_it_was_made_and_what_fell_short() -> None:
    bad = replace(GOOD, truth=500, low=0, high=700)
    worse = replace(bad, truth=900)
    text = page([GOOD, worse], "yizhan score visits --months 1", "2026-11-22")
    assert "Made by `yizhan score visits --months 1` on 2026-11-22" in text
    assert "| every station-month | 2 | 50.0% |" in text
    assert "- as usual, urban_kiosk, 12 a day, seed 7: 900 came, 357 told (0 to 700, counter)" in text
    assert not list(missed([GOOD]))
    assert len(list(missed([worse]))) == 2
    assert "Outside" not in "\n".join(table([GOOD]))


@pytest.mark.soak
def test_the_truth_is_in_the_band_of_95_percent_of_many_station_months() -> None:
    answer = CliRunner().invoke(app, ["visits", "--months", "20", "--seed", "5000"])
    assert answer.exit_code == 0, answer.output
