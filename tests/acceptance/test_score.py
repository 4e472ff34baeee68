"""How good the alerts are: every fault is seen in time, and nobody is called on quiet days.

`yizhan score` prints the same as a table; `make soak` plays more of it.
"""

import os

import pytest

from simulators.scenarios import BREAKDOWNS
from yizhan.score.runs import Wanted, score
from yizhan.score.table import table
from yizhan.score.tally import Tally

SOAK_RUNS = int(os.environ.get("YIZHAN_SOAK_RUNS", "20"))


def played(wanted: Wanted) -> Tally:
    tally = score(wanted, lambda _line: None)
    missed = list(tally.missed_targets())
    assert missed == [], "\n".join([*missed, *table(tally)])
    return tally


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BREAKDOWNS)
def test_a_fault_is_seen_in_time_and_nothing_else_is_told(name: str) -> None:
    tally = played(Wanted((name,), 1, 0, seed=1))
    assert tally.stories[name] == tally.good[name] == 1


@pytest.mark.timeout(600)
def test_nobody_is_called_in_twenty_quiet_station_days() -> None:
    assert played(Wanted((), 1, 20, seed=1)).quiet_days == 20


@pytest.mark.soak
@pytest.mark.parametrize("name", BREAKDOWNS)
def test_a_fault_is_seen_in_time_wherever_and_however_it_happens(name: str) -> None:
    played(Wanted((name,), SOAK_RUNS, 0, seed=100))


@pytest.mark.soak
def test_at_most_one_false_call_in_four_hundred_quiet_station_days() -> None:
    assert played(Wanted((), 1, 400, seed=5)).quiet_days >= 400
