"""Which time a reading gets, under right and wrong clocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.clocks import AHEAD_MS, SKEW_MS, YEAR_2020_MS, StampedTime, check_time
from wire.verdicts import Reason

NOW = 1_763_790_000_000
HOUR = 3_600_000
DAY = 24 * HOUR


def test_it_believes_a_station_whose_clock_is_right() -> None:
    assert check_time(NOW - 3 * HOUR, NOW - 200, NOW, False) == StampedTime(NOW - 3 * HOUR, None, False)  # noqa: FBT003 - a table's column


@pytest.mark.parametrize(
    ("ts", "sent", "unset", "expected"),
    [
        # sent within a minute either way is right
        (NOW - 1000, NOW - SKEW_MS, False, StampedTime(NOW - 1000, None, substituted=False)),
        (NOW - 1000, NOW + SKEW_MS, False, StampedTime(NOW - 1000, None, substituted=False)),
        # a millisecond more is not
        (NOW - 61_001, NOW - SKEW_MS - 1, False, StampedTime(NOW - 1_000, NOW - 61_001, substituted=True)),
        (NOW + 60_001, NOW + SKEW_MS + 1, False, StampedTime(NOW, NOW + 60_001, substituted=True)),
        # local time labelled UTC
        (
            NOW + 8 * HOUR - 5_000,
            NOW + 8 * HOUR,
            False,
            StampedTime(NOW - 5_000, NOW + 8 * HOUR - 5_000, substituted=True),
        ),
        # a box that woke up in 1970, and one that says its clock is not set though it looks right
        (7_000, 10_000, False, StampedTime(NOW - 3_000, 7_000, substituted=True)),
        (7_000, 10_000, True, StampedTime(NOW - 3_000, 7_000, substituted=True)),
        (NOW - 500, NOW - 100, True, StampedTime(NOW - 400, NOW - 500, substituted=True)),
        # a little ahead: never stored in the future, corrected or not
        (NOW + 30_000, NOW + 30_000, False, StampedTime(NOW, NOW + 30_000, substituted=True)),
        (NOW + AHEAD_MS, NOW, False, StampedTime(NOW, NOW + AHEAD_MS, substituted=True)),
        (NOW + 8 * HOUR + 5, NOW + 8 * HOUR, False, StampedTime(NOW, NOW + 8 * HOUR + 5, substituted=True)),
        # impossible
        (NOW + AHEAD_MS + 1, NOW, False, Reason.TS_AHEAD),
        (NOW + DAY, NOW, False, Reason.TS_AHEAD),
        (0, NOW, False, Reason.TS_TOO_OLD),
        (YEAR_2020_MS - 1, NOW, False, Reason.TS_TOO_OLD),
        (YEAR_2020_MS, NOW, False, StampedTime(YEAR_2020_MS, None, substituted=False)),
        (0, 3 * 365 * DAY, True, StampedTime(NOW - 3 * 365 * DAY, 0, substituted=True)),
        (0, 1_000 + NOW - YEAR_2020_MS, True, Reason.TS_TOO_OLD),
    ],
)
def test_it_judges_a_time_by_both_clocks(
    ts: int,
    sent: int,
    unset: bool,  # noqa: FBT001 - one of the cases
    expected: StampedTime | Reason,
) -> None:
    assert check_time(ts, sent, NOW, unset) == expected


TIMES = st.integers(0, 2 * NOW)


@given(TIMES, TIMES, st.booleans())
def test_it_stores_nothing_before_2020_and_nothing_in_the_future(ts: int, sent: int, unset: bool) -> None:  # noqa: FBT001 - drawn
    verdict = check_time(ts, sent, NOW, unset)
    if isinstance(verdict, StampedTime):
        assert YEAR_2020_MS <= verdict.ts <= NOW
        assert verdict.own_ts == (ts if verdict.substituted else None)
        assert verdict.substituted or verdict.ts == ts
