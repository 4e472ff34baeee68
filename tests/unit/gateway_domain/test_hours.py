from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.holidays import Holidays
from gateway.domain.hours import Hours, hours_of, spans, within
from gateway.domain.local_time import DAY_MS, HOUR_MS
from gateway.domain.registry import OpenHours

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"
CALENDAR = Holidays()
CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("days", "begin", "end", "moment", "is_in"),
    [
        ("mon-sun", "00:00", "24:00", "2026-11-22T00:00+08:00", True),
        ("mon-fri", "08:00", "18:00", "2026-11-23T18:00+08:00", False),
        ("mon-fri", "08:00", "18:00", "2026-11-23T17:59+08:00", True),
        ("sun", "22:00", "06:00", "2026-11-23T05:59+08:00", True),  # Monday morning is of Sunday's night
        ("sun", "22:00", "06:00", "2026-11-22T05:59+08:00", False),
        ("fri-mon", "08:00", "09:00", "2026-11-22T08:30+08:00", True),  # over the end of the week
        ("fri-mon", "08:00", "09:00", "2026-11-24T08:30+08:00", False),
        ("workday", "08:00", "18:00", "2026-02-14T12:00+08:00", True),  # a Saturday that is worked
        ("dayoff", "08:00", "18:00", "2026-02-14T12:00+08:00", False),
        ("dayoff", "08:00", "18:00", "2026-10-01T12:00+08:00", True),
        ("workday,sun", "08:00", "18:00", "2026-11-22T12:00+08:00", True),
    ],
)
def test_it_reads_hours_as_the_register_writes_them(
    days: str, begin: str, end: str, moment: str, *, is_in: bool
) -> None:
    hours = hours_of([OpenHours.model_validate({"days": days, "from": begin, "to": end})])
    assert within(hours, at(moment), SHANGHAI, CALENDAR) is is_in


def test_it_is_always_within_no_hours_at_all() -> None:
    assert within((), at("2026-11-22T03:00+08:00"), SHANGHAI, CALENDAR)


def test_it_ends_by_the_wall_in_the_nights_when_clocks_change() -> None:
    night = Hours.of("mon-sun", "22:00", "06:00")
    days = date(2026, 3, 28), date(2026, 10, 24), date(2026, 11, 1)
    spans_of_nights = [night.span(day, BERLIN) for day in days]
    assert [(end - begin) / HOUR_MS for begin, end in spans_of_nights] == [7, 9, 8]


@given(CLOCKS, CLOCKS, st.integers(0, 400 * 24 * 4), st.sampled_from([SHANGHAI, BERLIN, "Pacific/Chatham"]))
def test_it_is_within_exactly_when_some_span_holds_the_moment(
    begin: str, end: str, quarter: int, tz: str
) -> None:
    hours = (Hours.of("tue,thu-fri,dayoff", begin, end),)
    moment = at("2026-01-01T00:00+00:00") + quarter * 15 * 60_000
    found = list(spans(hours, moment - DAY_MS, moment + DAY_MS, tz, CALENDAR))
    assert within(hours, moment, tz, CALENDAR) == any(b <= moment < e for b, e in found)


@given(CLOCKS, CLOCKS, st.integers(0, 400))
def test_it_never_has_an_empty_span(begin: str, end: str, days: int) -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC).date() + timedelta(days=days)
    first, last = Hours.of("mon-sun", begin, end).span(day, BERLIN)
    assert first < last <= first + 26 * HOUR_MS
