"""That nothing occurred is concluded from what is there: numbers that are missing hold it up for a while."""

from dataclasses import replace

from tests.unit.alerting.detection.kinds.timetable import catalogued, event, however_cut
from tests.unit.alerting.detection.stage import Said, Stage, rule, sample, told

UNLOCKED = catalogued("AC-05")
NOBODY = rule(
    kind="absence",
    subject="access.granted",
    per="station",
    levels=[{"for": "10m", "severity": "P3"}],
    **{"with": {"of": "access.granted"}},
)


def lock(at: float, state: str, *, seq: int | None = None) -> Said:
    return replace(sample(at, "access", "front", lock_state=state), seq=seq)


def locked(until: int) -> list[Said]:
    return [lock(second, "locked") for second in range(0, until, 30)]


def test_an_unlocked_door_waits_while_a_gap_may_still_bring_the_grant() -> None:
    stage = Stage(UNLOCKED)
    stage.play(*locked(120), lock(120, "unlocked", seq=7))
    assert stage.engine.pending() == []
    granted = replace(event(119, "front", "granted"), seq=5, delay=3)
    stage.play(granted, lock(150, "unlocked"), lock(170, "locked"))
    assert stage.engine.pending() == []


def test_it_goes_on_with_the_next_reading_when_the_gap_stays_open() -> None:
    frames = [
        *locked(120),
        lock(120, "unlocked", seq=7),
        *(lock(at, "unlocked") for at in range(135, 300, 15)),
    ]
    (one,) = however_cut([UNLOCKED], frames)
    assert told([one]) == [("opened", "P2", 255)]
    # two minutes on, what it looks back to is all there
    assert not one.incomplete


def test_it_says_that_numbers_are_missing_where_it_looks_back_to() -> None:
    level = {"if": {"all": [{"value": True, "is": "unlocked"}, {"quiet": ["granted"], "within": "60s"}]}}
    at_once = rule(subject="access.lock_state", levels=[{**level, "severity": "P2"}])
    frames = [*locked(120), lock(120, "unlocked", seq=7), lock(129, "unlocked"), lock(131, "unlocked")]
    (one,) = however_cut([at_once], frames)
    assert told([one]) == [("opened", "P2", 131)]
    assert one.incomplete


def test_without_a_gap_it_waits_for_nothing_and_is_complete() -> None:
    (one,) = however_cut([UNLOCKED], [*locked(120), *(lock(at, "unlocked") for at in range(120, 300, 15))])
    assert told([one]) == [("opened", "P2", 240)]
    assert not one.incomplete


def test_what_befalls_the_link_is_in_no_frame_so_no_gap_hides_it() -> None:
    restarted = rule(
        subject="agent.uptime_s",
        levels=[{"if": {"quiet": ["station.boot"], "within": "60s"}, "severity": "P3"}],
    )
    stage = Stage(restarted)
    stage.play(sample(0, "agent", "agent", uptime_s=1))
    (one,) = stage.play(replace(sample(70, "agent", "agent", uptime_s=71), seq=9))
    assert not one.incomplete


def test_an_hour_judged_at_once_is_no_quieter_than_minute_by_minute() -> None:
    let = [let_in(second) for second in range(120, 3_600, 50)]
    opened = [lock(second, "unlocked") for second in range(130, 3_700, 30)]
    frames = sorted([*locked(120), *let, *opened], key=lambda one: one.at)
    assert however_cut([UNLOCKED], frames) == []


def let_in(at: float, *, seq: int | None = None, delay: float = 0) -> Said:
    return replace(event(at, "front", "granted"), seq=seq, delay=delay)


def test_what_ought_to_occur_may_be_in_the_gap_that_has_just_opened() -> None:
    stage = Stage(NOBODY)
    stage.play(lock(0, "locked"), let_in(60), lock(655, "locked", seq=9))
    assert stage.until(664) == []
    assert stage.play(let_in(654, seq=8, delay=11)) == []
    assert stage.until(900) == []


def test_it_is_missed_ten_seconds_later_when_the_gap_stays_open() -> None:
    stage = Stage(NOBODY)
    stage.play(lock(0, "locked"), let_in(60), lock(655, "locked", seq=9))
    (one,) = stage.until(900)
    assert told([one]) == [("opened", "P3", 670)]
    assert one.incomplete
