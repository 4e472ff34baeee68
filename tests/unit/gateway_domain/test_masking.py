import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.masking import MASK, shown_value
from wire.measures import DOMAINS, EVENTS, QUALITIES

NAME = "张三"
PHONE = 13_800_001_111


@pytest.mark.parametrize("value", [NAME, PHONE, True, None, [NAME], {"name": NAME}])
def test_it_shows_no_value_of_an_unknown_field(value: object) -> None:
    assert shown_value("access", "visitor", value) == MASK


@pytest.mark.parametrize("field", ["event", "subject_ref", "credential_kind", "quality", "door_state"])
def test_it_shows_no_name_and_no_number_of_a_person_in_a_known_field(field: str) -> None:
    assert shown_value("access", field, NAME) == MASK
    assert shown_value("access", field, str(PHONE)) == MASK


def test_it_shows_no_number_too_wide_for_an_event() -> None:
    assert shown_value("access", "event_id", PHONE) == MASK
    assert shown_value("access", "event_id", 4_000) == 4_000


@pytest.mark.parametrize(
    ("domain", "field", "value"),
    [
        ("access", "subject_ref", "k3v7tq2m5x4c6bzn"),
        ("access", "event", "granted"),
        ("environment", "co2_ppm", "612"),
        ("environment", "smoke_alarm", "alarm"),
        ("environment", "device", "lounge"),
        ("environment", "ts", 1_763_790_000_000),
        ("power", "ups_status", ["OL", "CHRG"]),
        ("power", "voltage_v", None),
        ("power", "breaker_closed", 1),
    ],
)
def test_it_shows_what_tells_the_fault(domain: str, field: str, value: object) -> None:
    assert shown_value(domain, field, value) == value


def test_it_looks_into_lists_and_not_into_objects() -> None:
    assert shown_value("power", "ups_status", ["OL", NAME]) == ["OL", MASK]
    assert shown_value("power", "voltage_v", {"name": NAME}) == MASK


@given(st.sampled_from(DOMAINS), st.text(min_size=9))
def test_it_never_shows_a_free_text(domain: str, text: str) -> None:
    words = {*EVENTS[domain], *QUALITIES}
    for field in ("event", "quality", "ts", "unheard_of"):
        assert shown_value(domain, field, text) == MASK or text in words
