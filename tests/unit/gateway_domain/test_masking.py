import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.masking import MASK, masked_frame, masked_reading
from wire.compression import compress

NAME = "张三"
PHONE = 13_800_001_111


def frame(**fields: object) -> bytes:
    return json.dumps({"v": 1, "station_id": "a", **fields}, ensure_ascii=False).encode()


def test_it_masks_values_of_unknown_fields_and_keeps_their_names() -> None:
    reading = {"device": "door", "ts": 5, "event": "granted", "visitor": NAME, "phone": PHONE}
    shown = json.loads(masked_frame(frame(readings={"access": [reading]}, operator=NAME)))
    assert shown["operator"] == MASK
    assert shown["readings"]["access"] == [
        {"device": "door", "ts": 5, "event": "granted", "visitor": MASK, "phone": MASK}
    ]


def test_it_masks_a_name_in_a_known_field() -> None:
    shown = json.loads(masked_reading("access", {"device": NAME, "subject_ref": str(PHONE), "event": NAME}))
    assert shown == {"device": MASK, "subject_ref": MASK, "event": MASK}


def test_it_masks_a_number_too_wide_for_an_event() -> None:
    shown = json.loads(masked_reading("access", {"device": "door", "event_id": PHONE}))
    assert shown == {"device": "door", "event_id": MASK}


def test_it_keeps_what_shows_the_fault() -> None:
    reading = {"device": "lounge", "ts": "1763790000000", "co2_ppm": "612", "smoke_alarm": "alarm"}
    shown = json.loads(masked_reading("environment", reading))
    assert shown == {"device": "lounge", "ts": MASK, "co2_ppm": "612", "smoke_alarm": "alarm"}


def test_it_masks_whole_domains_that_nobody_knows() -> None:
    shown = json.loads(masked_frame(frame(readings={"faces": [{"name": NAME}]})))
    assert shown["readings"] == {"faces": MASK}


def test_it_keeps_ranges_and_identity() -> None:
    payload = frame(stream="01K0PZ6Q9V3W8S4D2N7X5C1BFA", seq=5, gone=[[1, 2]], readings={})
    assert json.loads(masked_frame(payload)) == json.loads(payload)


def test_it_masks_inside_compressed_frames() -> None:
    assert NAME.encode() not in masked_frame(compress(frame(operator=NAME)))


def test_it_leaves_bytes_alone_that_are_no_json() -> None:
    assert masked_frame(b"\x00\x01 no json") == b"\x00\x01 no json"


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(), st.lists))
def test_it_never_shows_a_text_of_an_unknown_field(value: object) -> None:
    reading = {"device": "door", "unheard_of": value}
    assert json.loads(masked_reading("access", reading)) == {"device": "door", "unheard_of": MASK}
