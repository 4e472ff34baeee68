from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.domain.alerts import Change, Key, Transition
from simulators.faults import FAULTS, make_fault
from simulators.scenarios import BREAKDOWNS
from yizhan.score.judging import Heard, Told, judge
from yizhan.score.oracle import ALLOWED_MS, ORACLES, Must, Oracle

T0 = 1_776_355_200_000
MINUTE_MS = 60_000
FAULT = make_fault("F17", T0, still_after_min=6.0)
ORACLE = Oracle((Must("OC-04", 5, "P1", after="still_after_min"),), never=frozenset({"OC-01"}))


def _opened(rule: str, minutes: float, severity: str = "P1", change: Change = Change.OPENED) -> Transition:
    at = T0 + int(minutes * MINUTE_MS)
    return Transition(Key(rule, "s-1", "shower-4"), change, severity, at, at, at)


def test_what_comes_in_time_is_found_with_its_delay() -> None:
    judged = judge(FAULT, ORACLE, Heard([_opened("OC-04", 9)], []))
    assert judged.good
    assert judged.found[0].delay_ms == 3 * MINUTE_MS
    assert judged.found[0].pages


def test_an_alert_comes_too_late_one_moment_after_its_deadline_and_the_way_there() -> None:
    last = 11 + ALLOWED_MS / MINUTE_MS
    assert judge(FAULT, ORACLE, Heard([_opened("OC-04", last)], [])).good
    assert not judge(FAULT, ORACLE, Heard([_opened("OC-04", last + 0.01)], [])).good


def test_an_alert_that_is_not_grave_enough_counts_once_it_is_raised() -> None:
    mild = _opened("OC-04", 7, "P3")
    assert not judge(FAULT, ORACLE, Heard([mild], [])).good
    raised = replace(_opened("OC-04", 10), change=Change.RAISED)
    assert judge(FAULT, ORACLE, Heard([mild, raised], [])).found[0].delay_ms == 4 * MINUTE_MS


@pytest.mark.parametrize("change", [Change.CLEARED, Change.LOWERED])
def test_what_ends_is_no_alert_and_what_came_before_the_fault_is_not_about_it(change: Change) -> None:
    heard = Heard([_opened("OC-04", 8, change=change), _opened("OC-04", -1)], [])
    assert judge(FAULT, ORACLE, heard).found[0].delay_ms is None


def test_what_must_not_open_is_wrong_even_when_nobody_was_told() -> None:
    heard = Heard([_opened("OC-04", 9), _opened("OC-01", 1, "P4")], [])
    assert judge(FAULT, ORACLE, heard).wrong == ("OC-01 opened",)


def test_a_consequence_may_open_but_nobody_may_hear_of_it() -> None:
    oracle = Oracle(untold=frozenset({"WA-06"}))
    opened = _opened("WA-06", 3, "P2")
    assert judge(FAULT, oracle, Heard([opened], [])).good
    told = Told("WA-06", "P2", T0 + 1)
    assert judge(FAULT, oracle, Heard([opened], [told])).wrong == ("WA-06 was told",)


def test_pages_beyond_those_allowed_repeats_and_gravity_are_wrong() -> None:
    told = [Told("AG-01", "P2", T0 + n) for n in range(3)] + [Told("EN-01", "P1", T0), Told("X-01", "P4", T0)]
    oracle = Oracle(pages=frozenset({"AG-01"}), at_most={"AG-01": 2}, no_severity="P1")
    assert judge(FAULT, oracle, Heard([_opened("EN-01", 0)], told)).wrong == (
        "EN-01 paged",
        "EN-01 became P1",
        "AG-01 was told 3 times, not 2",
    )


def test_there_is_an_oracle_for_every_fault_and_its_parameters_are_the_faults() -> None:
    assert ORACLES.keys() == FAULTS.keys()
    for name, oracle in ORACLES.items():
        known = BREAKDOWNS[name].tell(1).faults[0].parameters
        assert {must.after for must in oracle.must if must.after} <= known.keys()


def test_every_story_lasts_beyond_the_deadlines_it_is_held_against() -> None:
    for name, oracle in ORACLES.items():
        for seed in range(6):
            story = BREAKDOWNS[name].tell(seed)
            (fault,) = story.faults
            for must in oracle.must:
                after = float(str(fault.parameters[must.after])) if must.after else 0.0
                assert fault.start_ms + (after + must.minutes) * MINUTE_MS <= story.end_ms, (name, must.rule)
