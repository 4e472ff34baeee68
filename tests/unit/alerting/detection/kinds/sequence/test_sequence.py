"""AC-02, AC-07 and AC-08: what ought to have come before, and what ought to follow."""

from dataclasses import replace

import pytest

from tests.unit.alerting.detection.kinds.timetable import (
    catalogued,
    changes,
    event,
    however_cut,
    together,
    told,
)
from tests.unit.alerting.detection.stage import Said, Stage


def door(at: float, state: str) -> Said:
    return told(at, "access", "front", door_state=state)


def empty(at: float) -> Said:
    return told(at, "occupancy", "lounge", zone_occupied=False)


# -- what ought to have come before


def test_a_door_that_nobody_was_let_in_by_is_forced() -> None:
    stage = Stage(catalogued("AC-02"))
    (one,) = stage.play(empty(0), event(5, "front", "door_opened"))
    assert (one.change, one.severity, one.value, one.incomplete) == ("opened", "P1", "door_opened", False)


@pytest.mark.parametrize("right", ["granted", "exit_button", "lock_open"])
def test_a_door_opened_by_right_is_not_forced(right: str) -> None:
    stage = Stage(catalogued("AC-02"))
    assert stage.play(empty(0), event(5, "front", right), event(15, "front", "door_opened")) == []
    assert stage.until(120) == []


def test_being_let_in_eleven_seconds_before_is_too_long_ago() -> None:
    stage = Stage(catalogued("AC-02"))
    frames = [empty(0), event(5, "front", "granted"), event(16.001, "front", "door_opened")]
    assert changes(stage.play(*frames)) == [("opened", "P1")]


def test_being_let_in_afterwards_is_no_excuse() -> None:
    stage = Stage(catalogued("AC-02"))
    stage.play(empty(0), event(5, "front", "door_opened"))
    assert stage.play(event(6, "front", "granted")) == []


def test_being_let_in_at_another_door_is_no_excuse() -> None:
    stage = Stage(catalogued("AC-02"))
    frames = [empty(0), event(5, "back", "granted"), event(6, "front", "door_opened")]
    assert changes(stage.play(*frames)) == [("opened", "P1")]


def test_somebody_inside_may_open_the_door() -> None:
    stage = Stage(catalogued("AC-02"))
    assert (
        stage.play(told(0, "occupancy", "lounge", zone_occupied=True), event(5, "front", "door_opened")) == []
    )


def test_a_forced_door_ends_a_minute_later_once_it_is_closed() -> None:
    stage = Stage(catalogued("AC-02"))
    stage.play(empty(0), event(5, "front", "door_opened"), door(6, "open"))
    assert stage.until(60) == []
    assert stage.play(door(62, "open"), empty(63), door(67, "open")) == []
    assert changes(stage.play(door(80, "closed"))) == [("cleared", "P1")]


def test_what_the_device_reports_is_a_miss_at_once_and_the_same_one() -> None:
    stage = Stage(catalogued("AC-02"))
    frames = [empty(0), event(5, "front", "door_forced"), event(6, "front", "door_opened")]
    assert changes(stage.play(*frames)) == [("opened", "P1")]


def test_a_gap_in_the_numbers_holds_it_up_for_ten_seconds_and_says_so() -> None:
    stage = Stage(catalogued("AC-02"))
    stage.play(empty(0))
    assert stage.play(replace(event(5, "front", "door_opened"), seq=3)) == []
    assert stage.until(14.9) == []
    (one,) = stage.until(15)
    assert (one.change, one.incomplete) == ("opened", True)


def test_a_gap_that_closes_with_the_grant_takes_it_back() -> None:
    stage = Stage(catalogued("AC-02"))
    stage.play(empty(0))
    assert stage.play(replace(event(5, "front", "door_opened"), seq=3)) == []
    assert stage.play(replace(event(4, "front", "granted"), seq=2, delay=4)) == []
    assert stage.until(120) == []


def test_a_gap_that_closes_without_a_grant_is_concluded_upon_at_once() -> None:
    stage = Stage(catalogued("AC-02"))
    stage.play(empty(0))
    assert stage.play(replace(event(5, "front", "door_opened"), seq=3)) == []
    assert stage.play(replace(empty(4), seq=2, delay=4)) == []
    (one,) = stage.until(8.1)
    assert (one.change, one.incomplete) == ("opened", False)


def test_a_gap_early_in_an_hour_that_is_judged_at_once_holds_it_up_all_the_same() -> None:
    frames = [empty(0), replace(event(5, "front", "door_opened"), seq=4), door(6, "open")]
    hours = [door(at, "closed") for at in range(60, 3_600, 300)]
    another = [replace(door(3_000.5, "closed"), seq=90), replace(door(3_001, "closed"), seq=95)]
    (one,) = [
        told
        for told in however_cut([catalogued("AC-02")], together([*frames, *hours, *another]))
        if told.change == "opened"
    ]
    assert one.incomplete


def test_an_old_gap_holds_nothing_up() -> None:
    stage = Stage(catalogued("AC-02"))
    stage.play(empty(0), replace(empty(2), seq=3), empty(30), empty(55))
    assert changes(stage.play(event(60, "front", "door_opened"))) == [("opened", "P1")]


def test_a_forced_door_of_the_past_is_told_as_such() -> None:
    stage = Stage(catalogued("AC-02"))
    stage.play(told(0, "occupancy", "lounge", zone_occupied=False, delay=900))
    (one,) = stage.play(told(5, "access", "front", event="door_opened", delay=900))
    assert one.retrospective


# -- what ought to follow


def test_three_people_let_in_whom_the_door_did_not_open_for() -> None:
    stage = Stage(catalogued("AC-07"))
    frames = [event(at, "front", "granted") for at in (0, 60, 120)]
    assert stage.play(*frames) == []
    (one,) = stage.until(140)
    assert (one.change, one.severity, one.value, one.limit) == ("opened", "P2", 3.0, 3.0)


def test_a_door_that_opens_within_ten_seconds_is_fine() -> None:
    stage = Stage(catalogued("AC-07"))
    frames = [
        [event(at, "front", "granted"), event(at + 10, "front", "door_opened")] for at in (0, 60, 120, 180)
    ]
    assert stage.play(*(one for pair in frames for one in pair)) == []
    assert stage.until(400) == []


def test_one_good_entry_ends_it() -> None:
    stage = Stage(catalogued("AC-07"))
    stage.play(*(event(at, "front", "granted") for at in (0, 60, 120)))
    assert changes(stage.until(140)) == [("opened", "P2")]
    good = [event(300, "front", "granted"), event(303, "front", "door_opened")]
    assert changes(stage.play(*good)) == [("cleared", "P2")]


def test_it_needs_three_within_half_an_hour() -> None:
    stage = Stage(catalogued("AC-07"))
    stage.play(*(event(at * 1000, "front", "granted") for at in range(4)))
    assert stage.until(5000) == []


def test_whoever_presses_to_get_out_twice_in_vain_is_locked_in() -> None:
    stage = Stage(catalogued("AC-08"))
    assert stage.play(event(0, "front", "exit_button"), event(20, "front", "exit_button")) == []
    assert changes(stage.until(33)) == [("opened", "P1")]
    out = [event(60, "front", "exit_button"), event(62, "front", "door_opened")]
    assert changes(stage.play(*out)) == [("cleared", "P1")]


def test_pressing_beside_an_open_door_is_no_miss() -> None:
    stage = Stage(catalogued("AC-08"))
    stage.play(door(0, "open"), event(1, "front", "exit_button"), event(5, "front", "exit_button"))
    assert stage.until(100) == []


# -- however it comes


def test_it_says_the_same_however_the_frames_are_cut_into_batches() -> None:
    frames = [empty(0)]
    for at in range(30, 1500, 70):
        frames += [event(at, "front", "granted")] * (at % 3 == 0) + [empty(at + 1)]
        frames += [event(at + 5, "front", "door_opened"), door(at + 6, "open"), door(at + 20, "closed")]
    rules = [catalogued("AC-02"), catalogued("AC-07"), catalogued("AC-08")]
    assert len(however_cut(rules, together(frames))) > 3


def test_what_waits_survives_a_restart() -> None:
    stage = Stage(catalogued("AC-08"))
    stage.play(event(0, "front", "exit_button"), event(20, "front", "exit_button"))
    saved, stage.engine = stage.engine.save(), stage.fresh()
    stage.engine.restore(saved)
    assert changes(stage.until(33)) == [("opened", "P1")]
