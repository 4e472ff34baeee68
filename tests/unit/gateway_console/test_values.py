"""What people write into a form, as a value of a field."""

import pytest

from gateway.console.forms import Form, Refusal
from gateway.console.values import choices, range_of, value_of
from wire.measures import MEASURES, Measure


def measure(name: str) -> Measure:
    return next(rows[name] for rows in MEASURES.values() if name in rows)


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("water_volume_m3_total", " 5.2 ", 5.2),
        ("people_in_total", "12", 12),
        ("people_in_total", "１２", 12),
        ("leak_detected", "true", True),
        ("leak_detected", "false", False),
        ("smoke_alarm", "normal", "normal"),
        ("ups_status", "OL, CHRG", ["OL", "CHRG"]),
        ("ups_status", "OL，CHRG", ["OL", "CHRG"]),
        ("agent_version", "1.2.3", "1.2.3"),
    ],
)
def test_a_value_is_read_as_its_field_has_it(field: str, written: str, value: object) -> None:
    read = value_of(measure(field), Form({"value": written}))
    assert (read, type(read)) == (value, type(value))


def test_a_value_is_taken_away_where_that_is_chosen() -> None:
    assert value_of(measure("smoke_alarm"), Form({"remove": "1"})) is None


@pytest.mark.parametrize(
    ("field", "fields", "key"),
    [
        ("water_volume_m3_total", {}, "value_needed"),
        ("water_volume_m3_total", {"value": "1", "remove": "1"}, "value_or_none"),
        ("water_volume_m3_total", {"value": "1,5"}, "number_needed"),
        ("water_volume_m3_total", {"value": "inf"}, "number_needed"),
        ("water_volume_m3_total", {"value": "-0.1"}, "value_range"),
        ("air_temp_celsius", {"value": "-127"}, "value_sentinel"),
        ("people_in_total", {"value": "1.5"}, "whole_number_needed"),
        ("leak_detected", {"value": "perhaps"}, "choice_needed"),
        ("smoke_alarm", {"value": "fog"}, "choice_needed"),
        ("ups_status", {"value": "OL, ON"}, "value_unknown"),
    ],
)
def test_what_is_no_value_of_its_field_is_refused(field: str, fields: dict[str, str], key: str) -> None:
    with pytest.raises(Refusal) as refusal:
        value_of(measure(field), Form(fields))
    assert refusal.value.key == key


def test_what_is_plausible_is_told_with_its_unit() -> None:
    assert range_of(measure("water_volume_m3_total")) == "0 – 999999.999 m³"
    assert range_of(measure("leak_detected")) == ""


def test_the_words_of_a_field_are_offered_in_the_reader_s_language() -> None:
    assert choices(measure("leak_detected"), "zh") == [("true", "是"), ("false", "否")]
    assert ("alarm", "报警") in choices(measure("smoke_alarm"), "zh")
    assert ("alarm", "alarm") in choices(measure("smoke_alarm"), "en")
    assert choices(measure("water_volume_m3_total"), "en") == []
