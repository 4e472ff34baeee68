from tests.unit.alerting.detection.stage import STATION, Said, Stage, rule, sample, told

PANIC = rule(
    kind="event",
    subject="occupancy.panic_button",
    levels=[{"severity": "P1"}],
    life_safety=True,
    **{"with": {"lasts": "5m"}},
)
FIRE = rule(
    kind="event",
    subject="access.fire_release",
    levels=[{"severity": "P1"}],
    **{"with": {"or_while": {"field": "door_mode", "is": "fire_release"}}},
)


def event(at: float, domain: str, name: str, **more: object) -> Said:
    return sample(at, domain, "front", station=STATION, event=name, **more)


def test_an_event_without_a_phase_holds_for_its_time() -> None:
    stage = Stage(PANIC)
    (opened,) = stage.play(event(0, "occupancy", "panic_button"))
    assert (opened.value, opened.key.device) == ("panic_button", "front")
    assert stage.play(event(120, "occupancy", "panic_button")) == []
    assert stage.until(419) == []
    assert told(stage.until(420)) == [("cleared", "P1", 420)]


def test_a_begin_holds_until_its_end() -> None:
    stage = Stage(FIRE)
    assert told(stage.play(event(0, "access", "fire_release", phase="begin"))) == [("opened", "P1", 0)]
    assert stage.until(7_200) == []
    assert told(stage.play(event(7_201, "access", "fire_release", phase="end"))) == [("cleared", "P1", 7_201)]


def test_a_state_says_the_same_as_the_event() -> None:
    stage = Stage(FIRE)
    assert told(stage.play(sample(0, "access", "front", door_mode="fire_release"))) == [("opened", "P1", 0)]
    assert told(stage.play(sample(60, "access", "front", door_mode="normal"))) == [("cleared", "P1", 60)]


def test_levels_ask_the_event_s_own_fields_and_another_event_never_lowers() -> None:
    levels = [
        {"if": {"field": "score", "at_most": 2}, "severity": "P4"},
        {"if": {"field": "category", "is": "safety"}, "severity": "P2"},
    ]
    stage = Stage(rule(kind="event", subject="facility.feedback", levels=levels))
    assert stage.play(event(0, "facility", "feedback", category="praise", score=5)) == []
    first = stage.play(event(1, "facility", "feedback", category="comfort", score=1))
    assert told(first) == [("opened", "P4", 1)]
    assert told(stage.play(event(2, "facility", "feedback", category="safety", score=4))) == [
        ("raised", "P2", 2)
    ]
    assert stage.play(event(3, "facility", "feedback", category="comfort", score=1)) == []


def test_an_end_that_comes_first_cancels_the_opening() -> None:
    stage = Stage(
        rule(kind="event", subject="access.tamper", levels=[{"for": "10s", "severity": "P2"}], **{"with": {}})
    )
    stage.play(event(0, "access", "tamper", phase="begin"), event(6, "access", "tamper", phase="end"))
    assert stage.until(60) == []
    stage.play(event(70, "access", "tamper", phase="begin"))
    assert told(stage.until(80)) == [("opened", "P2", 80)]


def test_an_old_event_is_retrospective() -> None:
    stage = Stage(PANIC)
    old = event(0, "occupancy", "panic_button")
    changes = stage.play(Said(0, old.readings, delay=4_000))
    assert [(one.change, one.retrospective) for one in changes] == [("opened", True), ("cleared", True)]
