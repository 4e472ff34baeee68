from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.local_time import DAY_MS, HOUR_MS, MINUTE_MS, wall
from gateway.domain.schedules import Maintenance, Recurrence, Scope, in_force, next_windows

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"
RULES = st.sampled_from(
    [
        None,
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3;COUNT=9",
        "FREQ=WEEKLY;BYDAY=TU,SA",
        "FREQ=MONTHLY;BYDAY=3TU",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=WEEKLY;UNTIL=20260601T120000",
    ]
)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def every(rule: str | None, begins: str, hours: float, tz: str | None = None) -> Recurrence:
    return Recurrence(local(begins), timedelta(hours=hours), rule, tz)


def test_it_crosses_midnight() -> None:
    nightly = every("FREQ=DAILY", "2026-11-01T22:00", 8)
    assert nightly.covers(at("2026-11-22T05:59+08:00"), SHANGHAI)
    assert not nightly.covers(at("2026-11-22T06:00+08:00"), SHANGHAI)
    assert nightly.covers(at("2026-11-22T22:00+08:00"), SHANGHAI)
    assert not nightly.covers(at("2026-11-01T05:00+08:00"), SHANGHAI)


def test_it_says_every_third_tuesday() -> None:
    third = every("FREQ=MONTHLY;BYDAY=3TU", "2026-11-01T09:00", 2)
    found = next_windows(third, at("2026-11-22T00:00+08:00"), SHANGHAI, 3)
    assert [wall(begin, SHANGHAI).isoformat() for begin, _ in found] == [
        "2026-12-15T09:00:00",
        "2027-01-19T09:00:00",
        "2027-02-16T09:00:00",
    ]


@pytest.mark.parametrize(
    ("begins", "hours", "tz", "real_hours"),
    [
        ("2026-03-28T22:00", 8, BERLIN, 7),  # the clock goes forward at 02:00
        ("2026-10-24T22:00", 8, BERLIN, 9),
        ("2026-11-24T22:00", 8, BERLIN, 8),
        ("2026-03-29T02:15", 0.5, BERLIN, 1.5),  # a time that there is not
        ("2026-10-25T02:15", 0.5, BERLIN, 1.5),  # a time that there is twice: both
    ],
)
def test_it_keeps_to_the_wall_when_clocks_change(
    begins: str, hours: float, tz: str, real_hours: float
) -> None:
    [(begin, end)] = next_windows(every(None, begins, hours, tz), at("2026-01-01T00:00Z"), SHANGHAI)
    assert (end - begin) / HOUR_MS == real_hours


def test_it_takes_the_zone_of_the_station_unless_it_names_one() -> None:
    noon = at("2026-11-22T12:00+08:00")
    assert every(None, "2026-11-22T12:00", 1).covers(noon, SHANGHAI)
    assert not every(None, "2026-11-22T12:00", 1).covers(noon, BERLIN)
    assert every(None, "2026-11-22T05:00", 1, BERLIN).covers(noon, SHANGHAI)


@given(RULES, st.integers(0, 600), st.floats(0.25, 80), st.integers(0, 250 * 96))
def test_it_is_open_exactly_in_the_windows_it_lists(
    rule: str | None, first: int, hours: float, quarter: int
) -> None:
    begins = local("2026-01-01T00:00") + timedelta(minutes=first)
    when = Recurrence(begins, timedelta(hours=round(hours * 4) / 4), rule)
    moment = at("2026-01-01T00:00Z") + quarter * 15 * MINUTE_MS
    listed = next_windows(when, moment, BERLIN, 1)
    assert when.covers(moment, BERLIN) == any(begin <= moment for begin, _ in listed)
    assert all(when.covers(begin, BERLIN) and when.covers(end - 1, BERLIN) for begin, end in listed)


@given(RULES, st.integers(0, 250 * 96))
def test_it_lists_windows_in_order_and_none_that_is_over(rule: str | None, quarter: int) -> None:
    when = every(rule, "2026-01-01T22:00", 3)
    now = at("2026-01-01T00:00Z") + quarter * 15 * MINUTE_MS
    found = next_windows(when, now, SHANGHAI, 4)
    assert found == sorted(found)
    assert all(end > now for _, end in found)
    assert list(when.between(now, now + 3 * DAY_MS, SHANGHAI)) == [
        window for window in next_windows(when, now, SHANGHAI, 9) if window[0] < now + 3 * DAY_MS
    ]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("every tuesday", "FREQ=MONTHLY;BYDAY=3TU"),
        ("FREQ=HOURLY", "FREQ is one of"),
        ("FREQ=DAILY;BYHOUR=2", "BYHOUR does not go with"),
        ("FREQ=DAILY;BYMONTHDAY=30;BYMONTH=2", "BYMONTHDAY does not go with"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never comes true"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY"),
        ("FREQ=WEEKLY;INTERVAL=0", "INTERVAL"),
        ("FREQ=WEEKLY;COUNT=-1", "COUNT"),
        ("FREQ=WEEKLY;UNTIL=20270101T000000Z", "UNTIL is local"),
        ("FREQ=WEEKLY;UNTIL=20200101", "never comes true"),
        ("FREQ=WEEKLY;RDATE:20260101", "write an RRULE"),
    ],
)
def test_it_says_what_to_write_instead_of_a_wrong_rule(rule: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        every(rule, "2026-11-22T12:00", 1)


@pytest.mark.parametrize("hours", [0, -1, 32 * 24])
def test_it_refuses_a_window_without_a_proper_length(hours: float) -> None:
    with pytest.raises(ValueError, match="at most 31 days"):
        every(None, "2026-11-22T12:00", hours)


@pytest.mark.parametrize(
    ("scope", "station_id", "region", "device", "covers"),
    [
        (Scope(station_id="a"), "a", "r", "door", True),
        (Scope(station_id="a"), "b", "r", "door", False),
        (Scope(station_id="a", device="door"), "a", "r", "door", True),
        (Scope(station_id="a", device="door"), "a", "r", "", False),
        (Scope(region="r"), "b", "r", "", True),
        (Scope(region="r"), "b", None, "", False),
        (Scope(), "b", None, "", True),
    ],
)
def test_it_holds_for_a_station_a_device_or_a_region(
    scope: Scope, station_id: str, region: str | None, device: str, *, covers: bool
) -> None:
    window = Maintenance("m", scope, every(None, "2026-11-22T12:00", 1), "paint", "li", 0)
    now = at("2026-11-22T12:30+08:00")
    assert (in_force([window], station_id, region, device, now, SHANGHAI) is window) is covers
    assert in_force([window], station_id, region, device, now + HOUR_MS, SHANGHAI) is None
