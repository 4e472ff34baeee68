"""AG-06: what ought to move and does not."""

import pytest

from catalogue.model import Rule
from gateway.domain.alerts import Transition
from tests.unit.alerting.detection.kinds.timetable import HOUR, MINUTE, catalogued, changes, however_cut, told
from tests.unit.alerting.detection.stage import Said, Stage, rule
from tests.unit.gateway_ingest.ticks import NOW

WINDOW = 10 * MINUTE


def air(minute: float, celsius: float) -> Said:
    return told(minute * MINUTE, "environment", "lounge", air_temp_celsius=celsius)


def quick(**more: object) -> Rule:
    """Return a rule that needs ten minutes of stillness."""
    levels = [{"for": "10m", "severity": "P4"}]
    return rule(kind="flatline", subject="environment.air_temp_celsius", levels=levels, **more)


def at_once(stage: Stage, frames: list[Said]) -> list[Transition]:
    return stage.engine.take(stage.batch(*frames))


def test_a_temperature_that_stands_still_for_six_hours_is_told_and_ends_when_it_moves() -> None:
    stage = Stage(catalogued("AG-06"))
    assert at_once(stage, [air(m, 21.5) for m in range(360)]) == []
    (one,) = at_once(stage, [air(m, 21.5) for m in range(360, 362)])
    assert (one.change, one.severity, one.value, one.at) == ("opened", "P4", 21.5, NOW + 6 * HOUR * 1000)
    assert changes(stage.play(air(362, 21.6))) == [("cleared", "P4")]


def test_one_that_moves_now_and_then_is_well() -> None:
    stage = Stage(catalogued("AG-06"))
    assert at_once(stage, [air(m, 21.5 + (m // 300) % 2 / 10) for m in range(1_200)]) == []


def test_time_that_nobody_measured_does_not_count() -> None:
    stage = Stage(catalogued("AG-06"))
    frames = [air(m, 21.5) for m in (*range(200), *range(500, 658))]
    assert at_once(stage, frames) == []
    assert changes(at_once(stage, [air(m, 21.5) for m in range(658, 662)])) == [("opened", "P4")]


def test_the_fields_of_a_device_are_followed_apart() -> None:
    stage = Stage(catalogued("AG-06"))
    frames = [
        told(m * MINUTE, "environment", "lounge", air_temp_celsius=20 + m % 7 / 10, co2_ppm=600)
        for m in range(362)
    ]
    (one,) = at_once(stage, frames)
    assert one.value == 600.0
    assert at_once(stage, [air(m, 20 + m % 7 / 10) for m in range(362, 363)]) == []


def test_time_during_which_the_rule_does_not_apply_does_not_count() -> None:
    closed = {"not": {"field": "facility.station_mode", "is": "planned_off"}}
    stage = Stage(quick(when=closed))
    frames = [air(m, 21.0) for m in range(8)]
    stage.play(told(0, "facility", "station", station_mode="planned_off"), *frames)
    stage.play(told(8 * MINUTE, "facility", "station", station_mode="open"))
    assert stage.play(*(air(m, 21.0) for m in range(8, 17))) == []
    stage.play(told(17 * MINUTE, "facility", "station", station_mode="open"))
    told_of = stage.play(*(air(m, 21.0) for m in range(17, 20)))
    assert changes(told_of) == [("opened", "P4")]


@pytest.mark.parametrize(("swing", "opens"), [(0.1, 1), (0.4, 0)])
def test_a_tolerance_is_measured_from_where_stillness_began(swing: float, opens: int) -> None:
    stage = Stage(quick(**{"with": {"tolerance": 0.2}}))
    assert len(at_once(stage, [air(m, 21.0 + swing * (m % 2)) for m in range(13)])) == opens


def test_a_slow_drift_is_no_stillness() -> None:
    stage = Stage(quick(**{"with": {"tolerance": 0.2}}))
    assert at_once(stage, [air(m, 21.0 + 0.05 * m) for m in range(60)]) == []


def test_it_says_the_same_however_the_frames_are_cut_into_batches() -> None:
    values = [21.0, 21.1, 21.1, 20.9]
    frames = [air(m, values[m // 14 % 4]) for m in range(80)]
    for tolerance in (0.0, 0.05):
        assert len(however_cut([quick(**{"with": {"tolerance": tolerance}})], frames)) > 2


def test_stillness_survives_a_restart() -> None:
    stage = Stage(quick())
    stage.play(*(air(m, 21.0) for m in range(9)))
    saved, stage.engine = stage.engine.save(), stage.fresh()
    stage.engine.restore(saved)
    assert changes(stage.play(*(air(m, 21.0) for m in range(9, 12)))) == [("opened", "P4")]
