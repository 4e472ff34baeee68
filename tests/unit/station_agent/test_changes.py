from station_agent.changes import ChangeFilter
from wire.measures import MEASURES, FrameClass

HEARTBEAT_S = MEASURES["environment"]["air_temp_celsius"].heartbeat_s
DEADBAND = MEASURES["environment"]["air_temp_celsius"].deadband


def report(
    changes: ChangeFilter, at: float, domain: str = "environment", **fields: object
) -> dict[str, object]:
    """Return the fields that pass at a time, polled every 10 s."""
    passed = changes.report(
        domain, {"device": "lounge", "ts": 1} | fields, at, every_s=10, every_reading=False
    )
    return {} if passed is None else {name: passed.reading[name] for name in fields if name in passed.reading}


def test_it_passes_a_value_the_first_time() -> None:
    assert report(ChangeFilter(), 0, air_temp_celsius=21.0) == {"air_temp_celsius": 21.0}


def test_it_holds_back_what_stays_within_the_dead_band() -> None:
    changes = ChangeFilter()
    report(changes, 0, air_temp_celsius=21.0)
    assert report(changes, 10, air_temp_celsius=21.0 + DEADBAND * 0.9) == {}


def test_it_measures_the_dead_band_from_what_was_reported_last() -> None:
    changes = ChangeFilter()
    report(changes, 0, air_temp_celsius=21.0)
    assert report(changes, 10, air_temp_celsius=21.0 + DEADBAND * 0.6) == {}
    crept = 21.0 + DEADBAND * 1.2
    assert report(changes, 20, air_temp_celsius=crept) == {"air_temp_celsius": crept}


def test_it_passes_an_unchanged_value_as_heartbeat_never_late() -> None:
    changes = ChangeFilter()
    report(changes, 0.0, air_temp_celsius=21.0)
    passed = [
        at for at in range(10, 400, 10) if report(changes, at + 0.001 * (at % 3), air_temp_celsius=21.0)
    ]
    gaps = [after - before for before, after in zip([0, *passed], passed, strict=False)]
    assert gaps
    assert max(gaps) <= HEARTBEAT_S + 5
    assert min(gaps) >= HEARTBEAT_S - 5


def test_it_passes_a_change_of_quality_or_epoch() -> None:
    changes = ChangeFilter()
    report(changes, 0, air_temp_celsius=21.0)
    assert report(changes, 10, air_temp_celsius=21.0, quality="stale")
    assert report(changes, 20, air_temp_celsius=21.0)


def test_it_lets_only_the_changed_fields_of_a_reading_pass() -> None:
    changes = ChangeFilter()
    report(changes, 0, air_temp_celsius=21.0, humidity_pct=50.0)
    assert report(changes, 10, air_temp_celsius=21.0, humidity_pct=80.0) == {"humidity_pct": 80.0}


def test_it_passes_events_always() -> None:
    changes = ChangeFilter()
    for at in (0, 1, 2):
        passed = changes.report(
            "access", {"device": "door", "ts": 1, "event": "granted"}, at, every_s=1, every_reading=False
        )
        assert passed is not None
        assert passed.frame_class is FrameClass.EVENT


def test_it_calls_a_change_of_state_an_event_and_its_repetition_a_sample() -> None:
    changes = ChangeFilter()
    classes = []
    for at, state in ((0, "closed"), (1, "closed"), (2, "open")):
        passed = changes.report(
            "access", {"device": "door", "ts": 1, "door_state": state}, at, every_s=1, every_reading=True
        )
        assert passed is not None
        classes.append(passed.frame_class)
    assert classes == [FrameClass.EVENT, FrameClass.SAMPLE, FrameClass.EVENT]


def test_it_calls_smoke_an_alarm_each_time() -> None:
    changes = ChangeFilter()
    for at in (0, 1):
        passed = changes.report(
            "environment",
            {"device": "hall", "ts": 1, "smoke_alarm": "alarm"},
            at,
            every_s=1,
            every_reading=True,
        )
        assert passed is not None
        assert passed.frame_class is FrameClass.ALARM


def test_it_keeps_devices_and_domains_apart() -> None:
    changes = ChangeFilter()
    report(changes, 0, air_temp_celsius=21.0)
    other = {"device": "hall", "ts": 1, "air_temp_celsius": 21.0}
    assert changes.report("environment", other, 1, every_s=10, every_reading=False)


def test_it_lets_all_pass_again_after_forgetting() -> None:
    changes = ChangeFilter()
    report(changes, 0, air_temp_celsius=21.0)
    changes.forget()
    assert report(changes, 10, air_temp_celsius=21.0)
