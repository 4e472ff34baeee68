from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.buckets import Every, bucket_start, day_starts

HOUR = 3_600_000
BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-22", 24)])
def test_a_day_has_as_many_hours_as_the_clocks_say(day: str, hours: int) -> None:
    noon = ms(f"{day}T12:00:00+01:00")
    starts = day_starts(noon, noon + 30 * HOUR, BERLIN)
    assert starts[1] - starts[0] == hours * HOUR


def test_a_day_begins_at_local_midnight() -> None:
    start = ms("2026-11-22T00:00:00+08:00")
    assert day_starts(start, start + 24 * HOUR, SHANGHAI) == [start]
    assert day_starts(start - 1, start + 1, SHANGHAI) == [start - 24 * HOUR, start]


def test_shorter_buckets_begin_at_round_times() -> None:
    at = ms("2026-11-22T06:37:42+00:00")
    assert bucket_start(at, Every.QUARTER, SHANGHAI) == ms("2026-11-22T06:30:00+00:00")
    assert bucket_start(at, Every.MINUTE, SHANGHAI) == ms("2026-11-22T06:37:00+00:00")
    assert bucket_start(at, Every.RAW, SHANGHAI) == at


@given(
    st.integers(0, 4_000_000_000_000),
    st.sampled_from(["Europe/Berlin", "Asia/Shanghai", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia"]),
)
def test_every_time_is_in_the_last_day_that_began_before_it(at: int, zone: str) -> None:
    tz = ZoneInfo(zone)
    starts = day_starts(at, at + 50 * HOUR, tz)
    assert starts == sorted(set(starts))
    assert starts[0] <= at
    assert bucket_start(at, Every.DAY, tz) == starts[0]
