"""The exact decoder: bounds, compression, and what golden files are too large or too clumsy for."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.codec import Decoded, Reason, Rejected, decode, encode_frame, suspect_fields
from wire.compression import (
    MAGIC,
    MAX_DECOMPRESSED,
    MAX_PAYLOAD,
    BadCompression,
    FrameTooBig,
    compress,
    decompress,
)
from wire.documents.goldens import SENT, STATION, STREAM, frame, reading, with_text
from wire.measures import FrameClass

PLAIN = with_text('"voltage_v":229.8')
ULID_TEXT = f'"stream":"{STREAM}"'.encode()


def accepted(payload: bytes) -> Decoded:
    verdict = decode(payload, STATION)
    assert isinstance(verdict, Decoded), verdict
    return verdict


def refused(payload: bytes) -> Rejected:
    verdict = decode(payload, STATION)
    assert isinstance(verdict, Rejected), verdict
    return verdict


def test_it_gives_the_whole_envelope_and_plain_readings() -> None:
    frame_ = accepted(PLAIN.replace(b'"readings"', b'"clock":"unset","readings"'))
    assert (frame_.v, frame_.station_id, frame_.stream, frame_.seq) == (1, STATION, STREAM, 812)
    assert (frame_.oldest, frame_.gone, frame_.sent, frame_.clock_unset) == (790, ((795, 797),), SENT, True)
    assert frame_.frame_class is FrameClass.SAMPLE
    assert frame_.readings == (("power", 0, {"device": "main", "ts": 1_763_790_000_000, "voltage_v": 229.8}),)


def test_it_reads_what_it_encodes_without_an_outbox() -> None:
    payload = encode_frame(
        station_id=STATION,
        frame_class=FrameClass.ALARM,
        sent=SENT,
        clock_unset=True,
        readings={"occupancy": [reading(event="panic_button")]},
    )
    frame_ = accepted(payload)
    assert (frame_.stream, frame_.seq, frame_.oldest, frame_.gone) == (None, None, None, ())
    assert (frame_.frame_class, frame_.clock_unset) == (FrameClass.ALARM, True)


def test_it_keeps_the_place_of_a_good_reading_among_bad_ones() -> None:
    readings = [reading(voltage_v=229.8), reading(voltage_v="?"), reading(voltage_v=229.9)]
    frame_ = accepted(frame({"power": readings}))
    assert [(domain, index) for domain, index, _ in frame_.readings] == [("power", 0), ("power", 2)]
    assert [(bad.domain, bad.index, bad.reason) for bad in frame_.rejected] == [("power", 1, Reason.BAD_TYPE)]


def test_it_makes_floats_of_integers_where_the_field_is_a_float() -> None:
    ((_, _, volts),) = accepted(with_text('"voltage_v":230')).readings
    assert isinstance(volts["voltage_v"], float)


def test_it_never_repeats_a_value_in_its_reasons() -> None:
    for text in ('"voltage_v":"13800138000"', '"event":"13800138000"', '"quality":"13800138000"'):
        (bad,) = accepted(with_text(text)).rejected
        assert "13800138000" not in bad.detail
    assert "13800138000" not in refused(PLAIN.replace(b"louxing-07", b"13800138000")).detail


def test_it_cuts_the_names_of_unknown_fields_to_what_a_log_can_hold() -> None:
    (name,) = accepted(with_text('"voltage_v":1,"' + "x" * 1000 + '":1')).unknown_fields
    assert name == ("power." + "x" * 1000)[:64]
    (name,) = accepted(with_text(r'"voltage_v":1,"\ud800":1')).unknown_fields
    assert name == r"power.\ud800"


def test_it_takes_a_payload_of_the_largest_size_and_not_a_byte_more() -> None:
    padding = b" " * (MAX_PAYLOAD - len(PLAIN))
    assert accepted(PLAIN + padding).seq == 812
    assert refused(PLAIN + padding + b" ").reason is Reason.TOO_BIG
    assert refused(b"\xff" * 10_000_000).reason is Reason.TOO_BIG


@pytest.mark.parametrize("sent", [bytes, compress])
def test_it_reads_who_says_too_much_so_that_it_can_be_acknowledged(sent: Callable[[bytes], bytes]) -> None:
    long = PLAIN + b" " * MAX_DECOMPRESSED
    rejected = refused(sent(long))
    assert (rejected.reason, rejected.stream, rejected.seq) == (Reason.TOO_BIG, STREAM, 812)
    for unsaid in (
        long.replace(b'"v":1', b'"v":2'),
        long.replace(b'"seq":812', b'"seq":-1'),
        b" " + b"[" * len(long),
    ):
        rejected = refused(sent(unsaid))
        assert (rejected.reason, rejected.stream, rejected.seq) == (Reason.TOO_BIG, None, None)


def test_it_decompresses_up_to_its_limit_and_not_a_byte_more() -> None:
    padding = b" " * (MAX_DECOMPRESSED - len(PLAIN))
    assert accepted(compress(PLAIN + padding)).seq == 812
    assert refused(compress(PLAIN + padding + b" ")).reason is Reason.TOO_BIG


def test_it_takes_a_compressed_frame_in_several_parts() -> None:
    assert accepted(compress(PLAIN[:100]) + compress(PLAIN[100:])).seq == 812


def test_it_stops_a_bomb_before_it_goes_off() -> None:
    bomb = compress(b"\0" * 200_000_000)
    assert len(bomb) < MAX_PAYLOAD
    with pytest.raises(FrameTooBig, match="when decompressed"):
        decompress(bomb)


def test_it_refuses_a_header_that_claims_gigabytes_of_memory() -> None:
    window_of_4_gib = MAGIC + b"\x00" + bytes([22 << 3]) + b"\x01\x00\x00"
    with pytest.raises(BadCompression):
        decompress(window_of_4_gib)


def test_it_refuses_compressed_data_followed_by_something_else() -> None:
    assert refused(compress(PLAIN) + b"more").reason is Reason.BAD_COMPRESSION


@pytest.mark.parametrize("left", [4, 5, 12, 60, -5, -1])
def test_it_refuses_compressed_data_that_was_cut_short(left: int) -> None:
    whole = compress(PLAIN)
    assert refused(whole[:left]).reason is Reason.BAD_COMPRESSION
    assert refused(whole + whole[:left]).reason is Reason.BAD_COMPRESSION


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_it_refuses_what_is_nested_too_deeply(opening: bytes) -> None:
    assert refused(opening * (MAX_PAYLOAD // len(opening))).reason is Reason.NOT_JSON
    assert refused(compress(opening * 150_000)).reason is Reason.NOT_JSON


def test_it_refuses_a_number_too_long_to_convert_without_converting_it() -> None:
    (bad,) = accepted(with_text(f'"voltage_v":{"9" * 100_000}')).rejected
    assert bad.reason is Reason.BAD_TYPE
    (bad,) = accepted(with_text(f'"voltage_v":0.{"9" * 100_000}e999')).rejected
    assert bad.reason is Reason.BAD_TYPE


def test_it_lets_an_unknown_version_wait_whatever_else_is_wrong() -> None:
    newer = PLAIN.replace(b'"v":1', b'"v":2').replace(b"louxing-07", b"x").replace(b"812", b"true")
    assert refused(newer) == Rejected(Reason.UNKNOWN_VERSION, "v: only version 1 is spoken here")


def test_it_does_not_take_a_version_said_twice_for_a_newer_one() -> None:
    twice = PLAIN.replace(b'"v":1', b'"v":1,"v":2')
    assert refused(twice).reason is Reason.DUPLICATE_KEY
    assert refused(twice).seq == 812


def test_it_writes_no_frame_that_is_not_json() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        frame({"power": [reading(voltage_v=float("nan"))]})


def test_it_names_the_suspect_fields_of_a_reading() -> None:
    values = {"air_temp_celsius": 61.0, "co2_ppm": 65_535, "humidity_pct": 40.0, "heat_alarm": True}
    assert suspect_fields("environment", reading(**values)) == ("air_temp_celsius", "co2_ppm")


@given(st.binary(max_size=400))
def test_it_survives_random_bytes(noise: bytes) -> None:
    for payload in (noise, MAGIC + noise, b'{"v":1,' + noise):
        assert isinstance(decode(payload, STATION), Rejected)


@given(st.integers(0, len(PLAIN) - 1), st.binary(max_size=3))
def test_it_survives_a_damaged_frame(place: int, damage: bytes) -> None:
    verdict = decode(PLAIN[:place] + damage + PLAIN[place + len(damage) :], STATION)
    assert isinstance(verdict, Decoded | Rejected)
    assert verdict.seq is None or verdict.seq >= 1
