from __future__ import annotations

import itertools

from simulators.faults import make_fault
from simulators.links import LINKS, YEAR_2000_MS, ClockProfile, LinkProfile

T0 = 1_776_355_200_000
DAY_MS = 86_400_000


def test_a_perfect_link_is_always_up() -> None:
    link = LinkProfile()
    assert link.up(0)
    assert link.next_change(0) is None


def test_outages_that_touch_become_one() -> None:
    link = LinkProfile().with_outages([(10, 20), (40, 50), (20, 30)])
    assert link.outages == ((10, 30), (40, 50))
    assert [link.up(at) for at in (9, 10, 29, 30, 45, 50)] == [True, False, False, True, False, True]
    assert [link.next_change(at) for at in (0, 10, 30, 49, 50)] == [10, 30, 40, 50, None]


def test_a_flapping_link_breaks_six_times_for_90_to_200_seconds() -> None:
    outages = make_fault("F10", T0).outages()
    assert len(outages) == 6
    assert all(90_000 <= end - start <= 200_000 for start, end in outages)
    assert all(90_000 <= after[0] - before[1] <= 200_000 for before, after in itertools.pairwise(outages))


def test_a_bad_link_breaks_more_often_than_a_good_one() -> None:
    good, bad = (LINKS[name].profile(1, T0, 30) for name in ("lte", "bad_lte"))
    assert len(bad.outages) > len(good.outages)
    assert bad.outages == LINKS["bad_lte"].profile(1, T0, 30).outages
    assert bad.loss > good.loss


def test_a_clock_of_local_time_is_eight_hours_ahead() -> None:
    clock = make_fault("F11", T0).clock()
    assert clock is not None
    assert clock.reads(T0 - 1) == T0 - 1
    assert clock.reads(T0 + 5) - (T0 + 5) == 28_800_000
    assert clock.is_synced(T0 + 5)


def test_a_drifting_clock_is_1728_ms_off_after_a_day() -> None:
    clock = make_fault("F12", T0).clock()
    assert clock is not None
    assert clock.reads(T0 + DAY_MS) - (T0 + DAY_MS) == 1_728
    assert not clock.is_synced(T0)


def test_a_reset_clock_starts_in_2000() -> None:
    clock = make_fault("F12", T0, reset=True).clock()
    assert clock is not None
    assert clock.reads(T0 + 1_000) == YEAR_2000_MS + 1_000


def test_a_good_clock_is_right() -> None:
    clock = ClockProfile()
    assert clock.reads(T0) == T0
    assert clock.is_synced(T0)
