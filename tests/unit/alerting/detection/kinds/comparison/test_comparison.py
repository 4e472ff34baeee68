"""PW-10: the phases of a station's supply against each other."""

from tests.unit.alerting.detection.kinds.timetable import MINUTE, catalogued, changes, however_cut, station
from tests.unit.alerting.detection.stage import STATION, Said, Stage
from tests.unit.gateway_ingest.ticks import NOW

PHASES = ("main.l1", "main.l2", "main.l3")
THREE_PHASES = station(**{phase: {"role": "main_meter"} for phase in PHASES})


def supply(at: float, amps: tuple[float, ...], volts: tuple[float, ...] = (230.0, 230.0, 230.0)) -> Said:
    readings = [
        {"device": phase, "ts": NOW + round(at * 1000), "current_a": a, "voltage_v": v}
        for phase, a, v in zip(PHASES, amps, volts, strict=False)
    ]
    return Said(at, {"power": readings}, STATION)


def minutes(first: int, last: int, *said: tuple[float, ...]) -> list[Said]:
    return [supply(at, *said) for at in range(first * MINUTE, last * MINUTE, 15)]


def test_phases_loaded_unevenly_for_half_an_hour_are_told() -> None:
    stage = Stage(catalogued("PW-10"), specs=[THREE_PHASES])
    assert stage.play(*minutes(0, 30, (20.0, 5.0, 8.0))) == []
    (one,) = stage.play(*minutes(30, 32, (20.0, 5.0, 8.0)))
    assert (one.change, one.severity, one.value, one.limit) == ("opened", "P4", 0.75, 0.5)
    assert changes(stage.play(*minutes(32, 34, (20.0, 18.0, 19.0)))) == [("cleared", "P4")]


def test_a_small_load_may_be_uneven() -> None:
    stage = Stage(catalogued("PW-10"), specs=[THREE_PHASES])
    assert stage.play(*minutes(0, 40, (9.0, 1.0, 1.0))) == []


def test_a_voltage_far_from_the_others_is_told_within_a_minute_and_is_worse() -> None:
    stage = Stage(catalogued("PW-10"), specs=[THREE_PHASES])
    (one,) = stage.play(*minutes(0, 3, (5.0, 5.0, 5.0), (230.0, 230.0, 205.0)))
    assert one.severity == "P3"
    assert 60 <= (one.at - NOW) / 1000 <= 90


def test_a_station_with_one_phase_is_not_judged() -> None:
    stage = Stage(catalogued("PW-10"), specs=[THREE_PHASES])
    assert stage.play(*minutes(0, 40, (20.0,))) == []


def test_a_phase_that_fell_silent_makes_it_unknown() -> None:
    stage = Stage(catalogued("PW-10"), specs=[THREE_PHASES])
    stage.play(*minutes(0, 29, (20.0, 5.0, 8.0)))
    assert stage.play(*minutes(29, 40, (20.0, 5.0))) == []


def test_it_says_the_same_however_the_frames_are_cut_into_batches() -> None:
    frames = minutes(0, 35, (20.0, 5.0, 8.0)) + minutes(35, 40, (20.0, 18.0, 19.0), (230.0, 230.0, 200.0))
    assert len(however_cut([catalogued("PW-10")], frames, specs=[THREE_PHASES])) > 1


def test_it_goes_on_after_a_restart() -> None:
    stage = Stage(catalogued("PW-10"), specs=[THREE_PHASES])
    stage.play(*minutes(0, 20, (20.0, 5.0, 8.0)))
    saved, stage.engine = stage.engine.save(), stage.fresh()
    stage.engine.restore(saved)
    assert changes(stage.play(*minutes(20, 32, (20.0, 5.0, 8.0)))) == [("opened", "P4")]
