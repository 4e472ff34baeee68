"""AC-03, AC-11 and AG-02: how often something happened lately."""

from gateway.state.births import Happening
from tests.unit.alerting.detection.kinds.timetable import catalogued, changes, event, however_cut, told
from tests.unit.alerting.detection.stage import Said, Stage, happening

MINUTE = 60


def denied(at: float, **fields: object) -> Said:
    return event(at, "front", "denied", **{"reason": "unknown", **fields})


def test_five_refusals_in_ten_minutes_at_one_door_are_told() -> None:
    stage = Stage(catalogued("AC-03"))
    assert stage.play(*(denied(at * MINUTE) for at in range(4))) == []
    (one,) = stage.play(denied(4 * MINUTE))
    assert (one.change, one.severity, one.value, one.limit) == ("opened", "P3", 5.0, 5.0)


def test_refusals_at_different_doors_are_not_added_up() -> None:
    stage = Stage(catalogued("AC-03"))
    doors = ["front", "back"]
    assert stage.play(*(event(at, doors[at % 2], "denied", reason="unknown") for at in range(8))) == []


def test_three_refusals_of_one_person_are_enough() -> None:
    stage = Stage(catalogued("AC-03"))
    mine, other = "k3v7tq2m5x4c6bzn", "a3v7tq2m5x4c6bzn"
    assert (
        stage.play(denied(0, subject_ref=mine), denied(1, subject_ref=other), denied(2, subject_ref=mine))
        == []
    )
    (one,) = stage.play(denied(3, subject_ref=mine))
    assert (one.value, one.limit) == (3.0, 3.0)


def test_what_happened_longer_ago_than_the_window_does_not_count() -> None:
    stage = Stage(catalogued("AC-03"))
    assert stage.play(*(denied(at * 2.6 * MINUTE) for at in range(12))) == []


def test_ten_refusals_are_worse_and_it_is_over_when_quiet_for_long() -> None:
    stage = Stage(catalogued("AC-03"))
    assert changes(stage.play(*(denied(at) for at in range(10)))) == [("opened", "P3"), ("raised", "P2")]
    assert changes(stage.until(10 * MINUTE - 1)) == []
    quiet = stage.until(16 * MINUTE)
    assert changes(quiet)[-1] == ("cleared", "P2") or changes(quiet)[-1] == ("cleared", "P3")
    assert stage.until(30 * MINUTE) == []


def test_one_who_is_let_in_ends_an_outage_of_the_service_behind_the_door() -> None:
    outage = [denied(at, reason="auth_unavailable") for at in (0, 10, 20)]
    stage = Stage(catalogued("AC-11"))
    assert changes(stage.play(*outage)) == [("opened", "P2")]
    assert changes(stage.play(event(30, "front", "granted"))) == [("cleared", "P2")]


def test_one_let_in_among_the_refused_keeps_it_from_opening() -> None:
    stage = Stage(catalogued("AC-11"))
    frames = [denied(0, reason="auth_unavailable"), event(5, "front", "granted")]
    assert stage.play(*frames, *(denied(at, reason="auth_unavailable") for at in (10, 20))) == []


def test_four_changes_of_the_link_within_half_an_hour_are_told() -> None:
    stage = Stage(catalogued("AG-02"))
    stage.play(told(0, "agent", "agent", uptime_s=5))
    opened = []
    for turn in range(2):
        opened += stage.until(
            60 + turn * 300, happening(60 + turn * 300, Happening.WILL, state="lost", session=turn)
        )
        opened += stage.until(
            120 + turn * 300, happening(120 + turn * 300, Happening.BIRTH, boot_id="b", session=turn + 1)
        )
    assert changes(opened) == [("opened", "P3")]


def test_late_refusals_make_a_retrospective_alert_only() -> None:
    stage = Stage(catalogued("AC-03"))
    late = [told(400 + at, "access", "front", event="denied", reason="unknown", delay=500) for at in range(5)]
    (one,) = stage.play(*late)
    assert one.retrospective
    assert stage.play(*(denied(905 + at) for at in range(4))) == []


def test_the_window_is_one_of_reading_time() -> None:
    stage = Stage(catalogued("AC-03"))
    slow = [told(at, "access", "front", event="denied", reason="unknown", delay=280) for at in range(4)]
    assert stage.play(*slow, denied(700)) == []


def test_it_says_the_same_however_the_frames_are_cut_into_batches() -> None:
    frames = [denied(at * 35) for at in range(20)] + [
        event(900 + at * 70, "back", "denied") for at in range(20)
    ]
    assert len(however_cut([catalogued("AC-03")], frames)) > 1


def test_it_goes_on_counting_after_a_restart() -> None:
    stage = Stage(catalogued("AC-03"))
    stage.play(*(denied(at) for at in range(4)))
    saved, stage.engine = stage.engine.save(), stage.fresh()
    stage.engine.restore(saved)
    assert changes(stage.play(denied(5))) == [("opened", "P3")]
