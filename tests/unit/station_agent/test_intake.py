from pathlib import Path
from typing import Any

import pytest

from station_agent.intake import BadReadingError, Intake
from station_agent.pseudonym import Pseudonyms

NOW = 1_790_000_000_000


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(Pseudonyms(tmp_path / "month.key"))


def test_it_fills_in_device_and_time(intake: Intake) -> None:
    domain, reading = intake.check({"domain": "water", "water_volume_m3_total": 3}, "main", NOW)
    assert domain == "water"
    assert reading == {"device": "main", "ts": NOW, "water_volume_m3_total": 3.0}


def test_it_lets_a_line_speak_for_another_device_and_time(intake: Intake) -> None:
    _, reading = intake.check(
        {"domain": "power", "device": "main.l2", "ts": 7, "voltage_v": 229.8}, "main", NOW
    )
    assert (reading["device"], reading["ts"]) == ("main.l2", 7)


def test_it_turns_a_credential_into_a_reference(intake: Intake) -> None:
    raw = {"domain": "access", "event": "granted", "credential": {"kind": "card", "id": "13800138000"}}
    _, reading = intake.check(raw, "door", NOW)
    assert reading["credential_kind"] == "card"
    assert len(reading["subject_ref"]) == 16
    assert "13800138000" not in str(reading)


def test_it_lets_no_unknown_field_pass(intake: Intake) -> None:
    raw = {"domain": "access", "event": "granted", "name": "张三", "phone": "13800138000", "face": "…"}
    _, reading = intake.check(raw, "door", NOW)
    assert reading == {"device": "door", "ts": NOW, "event": "granted"}
    assert intake.unknown_fields_total == 3


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({}, "domain"),
        ({"domain": "weather", "t": 1}, "domain"),
        ({"domain": ["water"], "water_volume_m3_total": 1}, "domain"),
        ({"domain": "water"}, "neither a field"),
        ({"domain": "water", "quality": "stale"}, "neither a field"),
        ({"domain": "water", "water_volume_m3_total": "3"}, "water_volume_m3_total"),
        ({"domain": "water", "water_volume_m3_total": None}, "water_volume_m3_total"),
        ({"domain": "water", "water_volume_m3_total": True}, "water_volume_m3_total"),
        ({"domain": "water", "water_volume_m3_total": float("nan")}, "water_volume_m3_total"),
        ({"domain": "water", "ts": 1.5, "water_volume_m3_total": 1}, "ts"),
        ({"domain": "water", "device": "Main Meter", "water_volume_m3_total": 1}, "device"),
        ({"domain": "access", "event": "opened_by_magic"}, "event"),
        ({"domain": "access", "event": "granted", "credential": "13800138000"}, "credential"),
        (
            {"domain": "access", "event": "granted", "credential": {"kind": "card", "id": 13800138000}},
            "credential",
        ),
        ({"domain": "access", "event": "granted", "credential": {"kind": "card", "id": ""}}, "credential"),
        (
            {"domain": "access", "event": "granted", "credential": {"kind": "x" * 9, "id": "1"}},
            "credential_kind",
        ),
    ],
)
def test_it_says_which_field_is_bad_and_repeats_no_value(
    intake: Intake, raw: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadReadingError, match=complaint) as caught:
        intake.check(raw, "door", NOW)
    assert "13800138000" not in str(caught.value)
