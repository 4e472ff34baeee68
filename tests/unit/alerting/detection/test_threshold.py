import pytest

from gateway.domain.registry import StationSpec
from tests.unit.alerting.detection.stage import STATION, Said, Stage, overrides, rule, sample, told
from tests.unit.gateway_ingest.ticks import NOW

LADDER = [
    {"if": {"value": True, "above": 30}, "for": "2m", "severity": "P3"},
    {"if": {"value": True, "above": 300}, "severity": "P1"},
]


def co(at: float, ppm: float, *, station: str = STATION, **more: object) -> Said:
    return sample(at, "environment", "lounge", station=station, co_ppm=ppm, **more)


def test_it_judges_a_value_against_its_limit_and_shows_both() -> None:
    stage = Stage(rule())
    (one,) = stage.play(co(0, 20.0), co(10, 130.0), co(20, 140.0))
    assert (one.value, one.limit, one.since) == (130.0, 100.0, one.at)
    assert told(stage.play(co(30, 90.0)))[0][0] == "cleared"


def test_it_waits_for_covered_time_and_fires_between_readings() -> None:
    stage = Stage(rule(levels=LADDER))
    stage.play(co(0, 40.0), co(30, 40.0), co(60, 40.0), co(90, 40.0))
    assert told(stage.until(121)) == [("opened", "P3", 120)]
    assert told(stage.play(co(122, 400.0))) == [("raised", "P1", 122)]


def test_a_value_beyond_the_dangerous_side_counts_clamped_and_a_sentinel_does_not() -> None:
    stage = Stage(rule())
    assert stage.play(co(0, 65_535.0)) == []
    (one,) = stage.play(co(10, 4_000.0))
    assert one.value == 1_000.0


def test_a_stale_value_neither_opens_nor_clears() -> None:
    stage = Stage(rule())
    assert stage.play(co(0, 400.0, quality="stale")) == []
    stage.play(co(10, 400.0))
    assert stage.play(co(20, 10.0, quality="stale")) == []


def test_a_threshold_may_differ_from_station_to_station() -> None:
    high = {"limit": {"value": 100, "unit": "[ppm]", "source": "own"}}
    one = rule(
        parameters=high, levels=[{"if": {"value": True, "above": {"param": "limit"}}, "severity": "P1"}]
    )
    stage = Stage(one, parameters=overrides(one, stations={("louxing-08", "limit"): 10.0}))
    frames = [co(0, 50.0), co(1, 50.0, station="louxing-08"), co(2, 150.0)]
    opened = stage.engine.take(stage.batch(*frames))
    assert {(told.key.station_id, told.limit) for told in opened} == {
        ("louxing-07", 100.0),
        ("louxing-08", 10.0),
    }


def test_other_fields_of_the_station_are_taken_as_they_stood_at_the_row() -> None:
    only_closed = {"field": "access.door_state", "is": "closed"}
    stage = Stage(rule(when=only_closed))
    assert stage.play(co(0, 400.0)) == []
    door = [
        sample(at, "access", "front", door_state=state)
        for at, state in ((1, "open"), (3, "closed"), (5, "open"))
    ]
    batch = stage.batch(door[0], co(2, 400.0), door[1], co(4, 400.0), door[2], co(6, 400.0))
    assert told(stage.engine.take(batch)) == [("opened", "P1", 4), ("cleared", "P1", 6)]


def test_what_stood_too_long_ago_is_unknown() -> None:
    stage = Stage(rule(when={"field": "access.door_state", "is": "closed"}))
    stage.play(sample(0, "access", "front", door_state="closed"))
    assert stage.play(co(91, 400.0)) == []
    fresh = Stage(rule(when={"field": "access.door_state", "is": "closed"}))
    fresh.play(sample(0, "access", "front", door_state="closed"))
    assert len(fresh.play(co(89, 400.0))) == 1


@pytest.mark.parametrize(("role", "opens"), [("shower", 1), ("lounge", 0)])
def test_a_role_narrows_it_to_some_devices(role: str, opens: int) -> None:
    spec = StationSpec.model_validate(
        {"station_id": "louxing-07", "region": "louxing", "devices": {"lounge": {"role": "shower"}}}
    )
    wanted = {"name": "environment.co_ppm", "roles": ["shower" if role == "shower" else "toilet"]}
    assert len(Stage(rule(subject=wanted), specs=[spec]).play(co(0, 400.0))) == opens


def test_the_role_of_one_subject_does_not_let_in_devices_of_another() -> None:
    subjects = ["water.water_temp_celsius", {"name": "environment.air_temp_celsius", "roles": ["toilet"]}]
    stage = Stage(rule(subject=subjects, levels=[{"if": {"value": True, "below": 5}, "severity": "P3"}]))
    assert stage.play(sample(0, "environment", "lounge", air_temp_celsius=1.0)) == []
    assert len(stage.play(sample(1, "water", "pipe-1", water_temp_celsius=1.0))) == 1


def test_devices_whose_time_is_up_in_the_same_moment_open_in_the_order_of_their_names() -> None:
    stage = Stage(rule(levels=LADDER))
    readings = [{"device": device, "ts": NOW, "co_ppm": 40.0} for device in ("b", "a", "c")]
    stage.play(Said(0, {"environment": readings}))
    assert [one.key.device for one in stage.until(45)] == []
    stage.play(
        *(
            Said(at, {"environment": [{**one, "ts": NOW + at * 1000} for one in readings]})
            for at in (30, 60, 90)
        )
    )
    assert [one.key.device for one in stage.until(121)] == ["a", "b", "c"]


def test_late_readings_open_retrospectively() -> None:
    stage = Stage(rule())
    late = co(0, 400.0)
    (one,) = stage.play(Said(0, late.readings, delay=900.0))
    assert one.retrospective


def test_samples_in_a_row_are_counted() -> None:
    stage = Stage(rule(levels=[{"if": {"value": True, "above": 100}, "severity": "P4", "samples": 3}]))
    assert stage.play(co(0, 200.0), co(10, 200.0), co(20, 5.0), co(30, 200.0), co(40, 200.0)) == []
    assert told(stage.play(co(50, 200.0))) == [("opened", "P4", 50)]
