import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.occupancy import Occupancy

MINUTE = 60_000
NOON = 1_795_320_000_000
"""2026-11-22T04:00:00Z, noon in China."""
FOUR_AT_NIGHT = NOON + 16 * 60 * MINUTE


def counted(occupancy: Occupancy, minute: int, people_in: int, people_out: int, door: str = "front") -> None:
    fields = {"people_in_total": people_in, "people_out_total": people_out}
    occupancy.observe(door, NOON + minute * MINUTE, fields)


def vacant(occupancy: Occupancy, minutes: range, zone: str = "lounge") -> None:
    for minute in minutes:
        occupancy.observe(zone, NOON + minute * MINUTE, {"zone_occupied": False})


def test_it_knows_nothing_before_a_door_has_counted() -> None:
    occupancy = Occupancy()
    occupancy.observe("lounge", NOON, {"zone_occupied": True})
    assert occupancy.inside is None


def test_it_begins_with_in_minus_out_where_that_can_be_people() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 1_042, 1_039)
    assert occupancy.inside == 3


def test_it_begins_with_nobody_where_the_totals_hold_years_of_drift() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 20_000, 12_000)
    assert occupancy.inside == 0


def test_it_adds_up_several_doors() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 10, 10, "front")
    counted(occupancy, 0, 10, 10, "back")
    counted(occupancy, 1, 14, 10, "front")
    counted(occupancy, 1, 10, 13, "back")
    assert occupancy.inside == 1


def test_it_takes_in_and_out_from_separate_readings() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 10, 10)
    occupancy.observe("front", NOON + MINUTE, {"people_in_total": 12})
    occupancy.observe("front", NOON + 2 * MINUTE, {"people_out_total": 11})
    assert occupancy.inside == 1


def test_it_shows_a_negative_count_as_it_is() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 10, 10)
    counted(occupancy, 1, 10, 14)
    assert occupancy.inside == -4


def test_it_counts_through_a_roll_over() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 65_534, 65_534)
    counted(occupancy, 1, 1, 65_535)
    counted(occupancy, 2, 1, 65_535)
    assert occupancy.inside == 3 - 1


def test_it_is_not_moved_by_a_single_zero() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 500, 498)
    counted(occupancy, 1, 0, 0)
    counted(occupancy, 2, 501, 498)
    assert occupancy.inside == 3


def test_it_skips_a_total_that_comes_late() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 10, 10)
    counted(occupancy, 5, 15, 12)
    counted(occupancy, 3, 13, 10)
    assert occupancy.inside == 3


def test_it_starts_from_zero_when_every_zone_has_been_vacant() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 10, 10)
    counted(occupancy, 1, 13, 11)
    vacant(occupancy, range(2, 22))
    assert occupancy.inside == 2
    vacant(occupancy, range(22, 23))
    assert occupancy.inside == 0
    assert occupancy.anchored_at == NOON + 22 * MINUTE


def test_it_keeps_the_count_while_one_zone_is_occupied() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 10, 10)
    counted(occupancy, 1, 13, 11)
    for minute in range(2, 60):
        occupancy.observe("shower-1", NOON + minute * MINUTE, {"cubicle_occupied": True})
        vacant(occupancy, range(minute, minute + 1))
    assert occupancy.inside == 2


def test_it_does_not_believe_a_zone_that_fell_silent() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 10, 10)
    counted(occupancy, 1, 13, 11)
    occupancy.observe("shower-1", NOON + 2 * MINUTE, {"cubicle_occupied": False})
    vacant(occupancy, range(2, 60))
    assert occupancy.inside == 2


def test_it_waits_while_people_pass_the_door() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 10, 10)
    vacant(occupancy, range(1, 20))
    counted(occupancy, 20, 12, 10)
    vacant(occupancy, range(21, 39))
    assert occupancy.inside == 2


def test_it_anchors_at_night_where_no_zone_is_watched() -> None:
    occupancy = Occupancy("Asia/Shanghai")
    counted(occupancy, 0, 10, 10)
    counted(occupancy, 1, 15, 12)
    minutes = (FOUR_AT_NIGHT - NOON) // MINUTE
    counted(occupancy, minutes - 1, 15, 12)
    assert occupancy.inside == 3
    counted(occupancy, minutes, 15, 12)
    assert occupancy.inside == 0


def test_it_does_not_anchor_at_night_over_a_sleeper() -> None:
    occupancy = Occupancy("Asia/Shanghai")
    counted(occupancy, 0, 10, 10)
    counted(occupancy, 1, 11, 10)
    minutes = (FOUR_AT_NIGHT - NOON) // MINUTE
    occupancy.observe("lounge", FOUR_AT_NIGHT - MINUTE, {"zone_occupied": True})
    counted(occupancy, minutes, 11, 10)
    assert occupancy.inside == 1


def test_it_publishes_the_drift_of_a_hundred_entries() -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 0, 0)
    vacant(occupancy, range(1, 23))
    counted(occupancy, 30, 50, 48)
    early = occupancy.drift_per_100_entries
    vacant(occupancy, range(31, 60))
    assert (early, occupancy.drift_per_100_entries) == (None, 4.0)
    assert occupancy.inside == 0


def test_it_survives_a_restart() -> None:
    before = Occupancy()
    counted(before, 0, 65_530, 65_529)
    vacant(before, range(1, 5))
    counted(before, 5, 65_534, 65_530)
    counted(before, 6, 1, 65_530)
    after = Occupancy()
    after.restore(before.snapshot())
    for occupancy in (before, after):
        counted(occupancy, 7, 2, 65_531)
    assert after.inside == before.inside
    assert after.snapshot() == before.snapshot()


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=100))
def test_it_agrees_with_a_count_by_hand(passages: list[tuple[int, int]]) -> None:
    occupancy = Occupancy("UTC")
    people_in = people_out = 0
    counted(occupancy, 0, 0, 0)
    for minute, (entered, left) in enumerate(passages, 1):
        people_in += entered
        people_out += left
        counted(occupancy, minute, people_in, people_out)
    assert occupancy.inside == people_in - people_out


@pytest.mark.parametrize("fields", [{}, {"people_inside_count": 7}, {"people_in_total": "many"}])
def test_it_never_takes_a_device_s_own_count(fields: dict[str, object]) -> None:
    occupancy = Occupancy()
    counted(occupancy, 0, 10, 10)
    occupancy.observe("front", NOON + MINUTE, fields)
    assert occupancy.inside == 0
