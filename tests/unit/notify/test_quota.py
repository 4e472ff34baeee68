"""Never more calls in any stretch of time, and always one left for what is urgent."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.notify.quota import Quota

MINUTE_MS = 60_000


def take_if_free(quota: Quota, now: int, *, urgent: bool) -> bool:
    if quota.wait_ms(now, urgent=urgent):
        return False
    quota.take(now)
    return True


@given(st.lists(st.tuples(st.integers(0, 9_000), st.booleans()), max_size=200))
def test_it_holds_in_every_window(tries: list[tuple[int, bool]]) -> None:
    quota, now, calls = Quota(((18, MINUTE_MS), (5, 1_000))), 0, []
    for step, urgent in tries:
        now += step
        if take_if_free(quota, now, urgent=urgent):
            calls.append(now)
    for most, span_ms in ((18, MINUTE_MS), (5, 1_000)):
        for call in calls:
            assert sum(1 for other in calls if call <= other < call + span_ms) <= most


@given(st.lists(st.integers(0, 9_000), max_size=60))
def test_the_wait_it_states_is_exactly_long_enough(steps: list[int]) -> None:
    quota, now = Quota(((6, MINUTE_MS), (2, 1_000))), 0
    for step in steps:
        now += step
        wait = quota.wait_ms(now, urgent=True)
        if wait:
            assert quota.wait_ms(now + wait - 1, urgent=True) == 1
        now += wait
        assert quota.wait_ms(now, urgent=True) == 0
        quota.take(now)


def test_it_keeps_a_fifth_for_what_is_urgent() -> None:
    quota = Quota(((18, MINUTE_MS),))
    assert sum(take_if_free(quota, 0, urgent=False) for _ in range(30)) == 15
    assert sum(take_if_free(quota, 0, urgent=True) for _ in range(30)) == 3


def test_a_quota_of_one_serves_everybody() -> None:
    assert take_if_free(Quota(((1, 1_000),)), 0, urgent=False)


def test_it_pauses_for_everybody_when_told_it_was_too_much() -> None:
    quota = Quota(((18, MINUTE_MS),))
    quota.pause(0, 10 * MINUTE_MS)
    quota.pause(0, MINUTE_MS)
    assert quota.wait_ms(MINUTE_MS, urgent=True) == 9 * MINUTE_MS
    assert quota.wait_ms(10 * MINUTE_MS, urgent=True) == 0


def test_a_clock_that_is_put_back_an_hour_does_not_silence_the_robot() -> None:
    quota = Quota(((2, MINUTE_MS),))
    now = 3_600_000
    quota.take(now)
    quota.take(now)
    assert 0 < quota.wait_ms(0, urgent=True) <= MINUTE_MS
    assert quota.wait_ms(MINUTE_MS, urgent=True) == 0


def test_nor_does_it_make_a_pause_longer() -> None:
    quota = Quota(((18, MINUTE_MS),))
    quota.take(3_600_000)
    quota.pause(3_600_000, 10 * MINUTE_MS)
    assert quota.wait_ms(0, urgent=True) == 10 * MINUTE_MS
