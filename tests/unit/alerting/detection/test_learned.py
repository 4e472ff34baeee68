"""What is usual: over the past only, and only when there is enough of it."""

import numpy as np
import pytest

from catalogue.kinds.spec import Learned
from gateway.alerting.detection.learned import MOST, Usual, needed
from gateway.domain.alerts import Key

KEY = Key("TS-01", "louxing-07", "")
DAY = 86_400_000


def learned(**said: object) -> Learned:
    return Learned.model_validate({"of": "load", "fn": "median", "over": "7d", "least": 3, **said})


def remembering(*loads: float | None) -> Usual:
    usual = Usual(("load", "degrees"))
    for day, load in enumerate(loads):
        usual.note(KEY, day * DAY, {"load": load, "degrees": float(day % 4)})
    return usual


@pytest.mark.parametrize(
    ("fn", "expected"),
    [("median", 3.0), ("mean", 4.0), ("p20", 1.8), ("p95", 8.8), ("stddev", float(np.std([1, 2, 3, 4, 10])))],
)
def test_it_works_figures_out_over_the_past(fn: str, expected: float) -> None:
    found = remembering(1.0, 2.0, 3.0, 4.0, 10.0).value(KEY, learned(fn=fn), 5 * DAY, {})
    assert found == pytest.approx(expected)


def test_today_is_no_part_of_the_past() -> None:
    assert remembering(1.0, 1.0, 1.0, 99.0).value(KEY, learned(), 3 * DAY, {}) == 1.0


def test_what_is_longer_ago_is_forgotten() -> None:
    usual = remembering(99.0, 99.0, *[1.0] * 6)
    assert usual.value(KEY, learned(over="4d", fn="mean"), 8 * DAY, {}) == 1.0


def test_too_few_days_are_no_habit_and_unknown_ones_do_not_count() -> None:
    assert remembering(1.0, 2.0).value(KEY, learned(), 2 * DAY, {}) is None
    assert remembering(1.0, None, None, 2.0).value(KEY, learned(), 4 * DAY, {}) is None


def test_it_fits_a_straight_line_and_asks_it_for_today() -> None:
    usual = remembering(*(10.0 + 2.0 * (day % 4) for day in range(8)))
    fitted = learned(fn="fit", by=["degrees"], over="28d")
    assert usual.value(KEY, fitted, 8 * DAY, {"degrees": 20.0}) == pytest.approx(50.0)
    assert usual.value(KEY, fitted, 8 * DAY, {"degrees": None}) is None


def test_it_remembers_a_day_once_and_not_for_ever() -> None:
    usual = remembering(*[1.0] * 200)
    usual.note(KEY, 199 * DAY, {"load": 2.0})
    assert len(usual.past[KEY]) == MOST
    assert usual.past[KEY][-1][1] == 2.0


def test_it_remembers_what_learned_figures_are_of() -> None:
    assert needed({"a": learned(), "b": learned(of="energy", by=["load", "visits"])}) == (
        "load",
        "energy",
        "visits",
    )
