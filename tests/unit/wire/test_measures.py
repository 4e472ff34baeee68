"""The tables hold together: units, ranges, closed values, classes, two languages."""

import re

import pytest

from wire.measures import (
    DOMAINS,
    EVENT_FIELDS,
    EVENTS,
    MEASURES,
    EventKind,
    FrameClass,
    Kind,
    Measure,
    class_of,
)

ROWS = [row for table in MEASURES.values() for row in table.values()]
KINDS = [kind for table in EVENTS.values() for kind in table.values()]
NAMED = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.domain}.{row.name}")
UNITS_IN_NAMES = {
    "celsius": "Cel",
    "pct": "%",
    "ppm": "[ppm]",
    "kpa": "kPa",
    "s": "s",
    "v": "V",
    "a": "A",
    "w": "W",
    "ma": "mA",
    "hz": "Hz",
    "days": "d",
    "ms": "ms",
    "lux": "lx",
    "count": "1",
    "ratio": "1",
}


def test_it_has_the_seven_domains_in_the_order_of_the_contract() -> None:
    assert DOMAINS == ("occupancy", "access", "water", "power", "environment", "facility", "agent")
    assert tuple(MEASURES) == tuple(EVENTS) == tuple(EVENT_FIELDS) == DOMAINS
    assert all(row.domain == domain for domain in DOMAINS for row in MEASURES[domain].values())
    assert all(kind.domain == domain for domain in DOMAINS for kind in EVENTS[domain].values())


@NAMED
def test_it_names_fields_by_quantity_and_unit(row: Measure) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", row.name)
    assert row.name.endswith("_total") == (row.kind is Kind.COUNTER)
    last = row.name.removesuffix("_total").rsplit("_", 1)[-1]
    assert UNITS_IN_NAMES.get(last, row.unit) == row.unit


@NAMED
def test_it_describes_every_field_completely(row: Measure) -> None:
    assert re.search(r"[一-鿿]|PM2\.5", row.zh)
    assert row.en
    assert row.en.isascii()
    assert row.heartbeat_s >= 10
    assert row.deadband >= 0
    assert (row.type in {"enum", "words"}) == bool(row.values)
    assert (row.type == "text") == (row.pattern is not None)
    assert (row.kind is Kind.COUNTER) == (row.resolution is not None)
    if row.low is not None and row.high is not None:
        assert row.low < row.high
    if row.type in {"bool", "enum", "words", "text"}:
        assert (row.low, row.high, row.danger, row.sentinels) == (None, None, None, ())


@NAMED
def test_it_puts_danger_only_where_there_is_a_limit(row: Measure) -> None:
    assert row.danger not in {"low", "both"} or row.low is not None
    assert row.danger not in {"high", "both"} or row.high is not None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.domain}.{kind.name}")
def test_it_describes_every_event_completely(kind: EventKind) -> None:
    assert re.search(r"[一-鿿]", kind.zh)
    assert kind.en.isascii()
    assert set(kind.fields) <= set(EVENT_FIELDS[kind.domain])
    if kind.frame_class is FrameClass.ALARM:
        assert not any(field.required for field in kind.fields), "half an alarm is better than none"


def test_it_keeps_event_fields_and_measures_apart() -> None:
    for domain, fields in EVENT_FIELDS.items():
        names = [field.name for field in fields]
        assert len(set(names)) == len(names)
        assert not {"device", "ts", "event", "quality", "epoch", *MEASURES[domain]} & set(names)
        for field in fields:
            assert field.values or field.pattern or (field.low is not None and field.high is not None)


def test_it_has_every_access_event_of_the_catalogue() -> None:
    assert set(EVENTS["access"]) == {
        "granted",
        "granted_no_entry",
        "denied",
        "lockout",
        "exit_button",
        "door_opened",
        "door_closed",
        "door_forced",
        "door_held",
        "lock_open",
        "lock_closed",
        "fire_release",
        "tailgate",
        "reverse",
        "loiter",
        "tamper",
        "duress",
        "input_fault",
        "buffer_nearly_full",
        "mains_off",
        "battery_low",
        "mqtt_state",
    }


ALARMS = [
    ("environment", {"smoke_alarm": "alarm"}),
    ("environment", {"heat_alarm": True}),
    ("environment", {"co_ppm": 31.0, "air_temp_celsius": 20.0}),
    ("occupancy", {"event": "panic_button"}),
    ("occupancy", {"fall_suspected": True}),
    ("access", {"event": "duress"}),
    ("access", {"event": "fire_release", "phase": "end"}),
    ("access", {"event": "door_forced"}),
    ("access", {"event": "tamper"}),
    ("access", {"door_tamper": True}),
    ("access", {"door_mode": "fire_release"}),
    ("water", {"leak_detected": True}),
]
EVENTS_AND_CHANGES = [
    ("environment", {"smoke_alarm": "test"}),
    ("occupancy", {"fall_suspected": False}),
    ("access", {"event": "granted"}),
    ("power", {"event": "breaker_trip", "cause": "arc"}),
    ("power", {"ups_status": ["OB", "LB"]}),
    ("facility", {"event": "feedback", "score": 1}),
]
SAMPLES = [
    ("environment", {"co_ppm": 30.0}),
    ("power", {"voltage_v": 229.8}),
    ("agent", {"event": "heartbeat"}),
    ("agent", {"face_image": True}),
]


@pytest.mark.parametrize(
    ("domain", "fields", "worth"),
    [
        *((domain, fields, FrameClass.ALARM) for domain, fields in ALARMS),
        *((domain, fields, FrameClass.EVENT) for domain, fields in EVENTS_AND_CHANGES),
        *((domain, fields, FrameClass.SAMPLE) for domain, fields in SAMPLES),
    ],
)
def test_it_classes_a_reading_by_what_it_says(
    domain: str, fields: dict[str, object], worth: FrameClass
) -> None:
    assert class_of(domain, {"device": "x", "ts": 0, **fields}) is worth


def test_it_takes_the_heartbeat_of_a_state_for_a_sample_unless_it_is_an_alarm() -> None:
    assert class_of("access", {"door_state": "open"}, changed=False) is FrameClass.SAMPLE
    assert class_of("water", {"leak_detected": True}, changed=False) is FrameClass.ALARM


@pytest.mark.parametrize(
    ("field", "value", "suspect"),
    [
        ("nh3_ppm", 655.35, True),
        ("nh3_ppm", 12.0, False),
        ("h2s_ppm", 65.534, True),
        ("co2_ppm", 65_535, True),
        ("co2_ppm", 299, True),
        ("co2_ppm", 300, False),
        ("air_temp_celsius", -127.0, True),
        ("heat_alarm", True, False),
        ("smoke_alarm", "alarm", False),
    ],
)
def test_it_suspects_sentinels_and_values_out_of_range(
    field: str,
    value: object,
    suspect: bool,  # noqa: FBT001 - the expected answer
) -> None:
    assert MEASURES["environment"][field].is_suspect(value) is suspect


def test_it_tells_16_bit_from_32_bit_counters_by_what_they_have_shown() -> None:
    people = MEASURES["occupancy"]["people_in_total"]
    assert people.modulus == people.modulus_for(65_535) == 2**16
    assert people.modulus_for(65_536) == 2**32
    assert people.modulus_for(2**40) is None
    assert MEASURES["agent"]["uptime_s"].modulus is None
