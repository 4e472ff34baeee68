"""Person-visits out of hours that were seen in one way or another."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.local_time import DAY_MS, HOUR_MS
from gateway.domain.visits import Figure, Floats, Hours, Method, figures, hours_between
from gateway.domain.visits_by_source import ENTRIES_PER_PERSON, PEOPLE_PER_GRANT, STAY_S, reckon

TZ = "Asia/Shanghai"
NOVEMBER = 1_793_462_400_000  # 2026-11-01T00:00+08:00
DAYS = 30
SIZE = 24 * DAYS
KIOSK = "urban_kiosk"
STARTS = hours_between(NOVEMBER, NOVEMBER + DAYS * DAY_MS)
MONTH = np.array([NOVEMBER, NOVEMBER + DAYS * DAY_MS])


def hourly(value: float) -> Floats:
    return np.full(SIZE, float(value))


def seen(entries: float = 0, grants: float = 0, person_s: float = 0) -> Hours:
    """Return a month in which every hour is the same, told by whatever is not zero."""
    return Hours(
        starts=STARTS,
        whole_s=hourly(3_600),
        entries=hourly(entries),
        exits=hourly(entries),
        counted_s=hourly(3_600 if entries else 0),
        grants=hourly(grants),
        staff=hourly(0),
        guarded_s=hourly(3_600 if grants else 0),
        person_s=hourly(person_s),
        present_s=hourly(3_600 if person_s else 0),
    )


def month(hours: Hours) -> Figure:
    return figures([reckon(hours, TZ, KIOSK)], MONTH)[0]


def test_it_corrects_a_counter_for_what_counters_see_twice_and_miss() -> None:
    told = month(seen(entries=2))
    assert (told.visits, told.method) == (round(2 * SIZE / ENTRIES_PER_PERSON), Method.COUNTER)
    assert width(told) > 0


def test_it_counts_groups_behind_one_grant_where_nothing_counts_people() -> None:
    told = month(seen(grants=2))
    assert (told.visits, told.method) == (round(2 * SIZE * PEOPLE_PER_GRANT), Method.GRANTS)


def test_it_divides_time_spent_inside_by_the_usual_stay_where_nothing_else_is_heard() -> None:
    told = month(seen(person_s=STAY_S[KIOSK]))
    assert (told.visits, told.method) == (SIZE, Method.PRESENCE)
    assert told.high is not None
    assert told.high > 1.3 * SIZE


def test_it_leaves_out_staff_who_were_counted_a_minute_later() -> None:
    hours = seen(entries=2, grants=1)
    staff, entries = hours.staff.copy(), hours.entries.copy()
    staff[10], entries[10], entries[11] = 1, 0, 3
    assert month(replace(hours, staff=staff, entries=entries)).visits == round(
        (2 * SIZE - 2) / ENTRIES_PER_PERSON
    )


def test_it_takes_grants_for_days_on_which_a_counter_stands_still() -> None:
    hours = seen(entries=2, grants=2)
    entries = hours.entries.copy()
    entries[5 * 24 : 9 * 24] = 0
    told = month(replace(hours, entries=entries, exits=entries))
    assert told.method is Method.MIXED
    assert told.visits is not None
    assert abs(told.visits - 2 * SIZE / ENTRIES_PER_PERSON) < 0.02 * SIZE
    assert told.completeness == 1.0


def test_it_shares_out_over_a_gap_what_a_counter_that_went_on_counting_shows_after_it() -> None:
    hours = seen(entries=2)
    entries, counted_s = hours.entries.copy(), hours.counted_s.copy()
    entries[240:288], counted_s[240:288] = 0, 0
    entries[288] = 2 + 2 * 48
    told = month(replace(hours, entries=entries, exits=entries, counted_s=counted_s))
    assert told.visits == month(hours).visits
    assert told.completeness == round(1 - 48 / SIZE, 4)
    days = figures([reckon(replace(hours, entries=entries, counted_s=counted_s), TZ, KIOSK)], STARTS[::24])
    assert {day.visits for day in days} <= {47, 48}


def test_it_takes_an_unheard_day_for_a_usual_one_which_may_as_well_have_been_empty() -> None:
    hours = seen(entries=2)
    entries, counted_s = hours.entries.copy(), hours.counted_s.copy()
    entries[240:264], counted_s[240:264] = 0, 0
    told = reckon(replace(hours, entries=entries, exits=entries, counted_s=counted_s), TZ, KIOSK)
    day = figures([told], np.array([NOVEMBER + 10 * DAY_MS, NOVEMBER + 11 * DAY_MS]))[0]
    assert (day.method, day.completeness) == (None, 0.0)
    assert day.visits == pytest.approx(47, abs=1)
    assert day.low == 0
    assert figures([told], MONTH)[0].visits == month(hours).visits


def test_it_widens_the_band_by_exits_that_differ_from_entries_unless_doors_bear_these_out() -> None:
    hours = seen(entries=3)
    lost = replace(hours, exits=hourly(2))
    with_doors = replace(lost, grants=hourly(3 / 1.23), guarded_s=hourly(3_600))
    assert width(month(lost)) > 3 * width(month(hours))
    assert width(month(with_doors)) < 1.2 * width(month(hours))


def test_it_says_nothing_of_a_month_nobody_heard() -> None:
    told = month(seen())
    assert (told.visits, told.low, told.high, told.method, told.completeness) == (None, None, None, None, 0.0)


def test_it_does_not_fill_up_hours_in_which_the_station_was_closed() -> None:
    hours = seen(entries=2)
    shut = np.tile(np.arange(24) >= 22, DAYS)
    counted_s, whole_s = np.where(shut, 0, 3_600.0), np.where(shut, 0, 3_600.0)
    entries = np.where(shut, 0, 2.0)
    told = month(replace(hours, entries=entries, exits=entries, counted_s=counted_s, whole_s=whole_s))
    assert told.visits == round(2 * 22 * DAYS / ENTRIES_PER_PERSON)
    assert told.completeness == 1.0


def width(told: Figure) -> int:
    assert told.low is not None
    assert told.high is not None
    return told.high - told.low


@st.composite
def months(draw: st.DrawFn) -> Hours:
    """Draw a month in which everything may be there or not."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)

    def heard() -> Floats:
        share = draw(st.sampled_from([0.0, 0.5, 1.0]))
        return rng.choice([0.0, 900.0, 3_600.0], SIZE) if share == 0.5 else hourly(3_600 * share)

    def counts() -> Floats:
        return rng.poisson(draw(st.sampled_from([0.1, 2.0, 40.0])), SIZE).astype(np.float64)

    return Hours(
        STARTS,
        heard(),
        counts(),
        counts(),
        heard(),
        counts(),
        counts() // 3,
        heard(),
        counts() * 600,
        heard(),
    )


@given(months())
def test_its_hours_add_up_to_days_and_its_days_to_the_month_and_every_band_holds_its_figure(
    hours: Hours,
) -> None:
    reckoned = reckon(hours, TZ, KIOSK)
    end = NOVEMBER + DAYS * DAY_MS
    by_hour = figures([reckoned], np.append(STARTS, end))
    by_day = figures([reckoned], np.append(STARTS[::24], end))
    total = figures([reckoned], MONTH)[0]
    assert total.visits is None or total.visits == sum(one.visits or 0 for one in by_hour)
    for n, day in enumerate(by_day):
        assert day.visits is None or day.visits == sum(
            one.visits or 0 for one in by_hour[24 * n : 24 * n + 24]
        )
    for one in (*by_hour, *by_day, total):
        if one.visits is not None and one.low is not None and one.high is not None:
            assert 0 <= one.low <= one.visits <= one.high
        assert one.completeness is None or 0 <= one.completeness <= 1


def test_a_year_is_the_sum_of_its_months() -> None:
    first = reckon(seen(entries=2), TZ, KIOSK)
    second = replace(first, starts=first.starts + DAYS * DAY_MS)
    both = figures([first, second], np.array([NOVEMBER, NOVEMBER + 2 * DAYS * DAY_MS]))[0]
    each = figures([first, second], np.array([NOVEMBER, MONTH[1], MONTH[1] + DAYS * DAY_MS]))
    assert both.visits == sum(one.visits or 0 for one in each)
    assert HOUR_MS * SIZE == DAYS * DAY_MS
