"""Frames that are wrong, each in one way, with the verdict they must get."""

from collections.abc import Iterator
from dataclasses import dataclass

from wire.documents.goldens import STREAM, with_text
from wire.verdicts import Reason


@dataclass(frozen=True)
class BadFrame:
    """A payload and its fault; ``readable`` says whether stream and seq can still be acknowledged.

    A fault of a reading (``level``) leaves the frame, and the good reading that stands beside it.
    """

    name: str
    level: str
    reason: Reason
    payload: bytes
    readable: bool = True


_PLAIN = with_text('"voltage_v":229.8')
_SEQ = b'"seq":812'
_GONE = b'"gone":[[795,797]]'
_STREAM = f'"stream":"{STREAM}"'.encode()
_STATION = b'"station_id":"louxing-07"'


def bad_frames() -> Iterator[BadFrame]:
    """Yield every bad frame: first those refused whole, then those with one bad reading."""
    for name, reason, payload in _unreadable():
        yield BadFrame(name, "frame", reason, payload, readable=False)
    for name, reason, old, new in _ENVELOPE_FAULTS:
        yield BadFrame(name, "frame", reason, _PLAIN.replace(old, new, 1), readable=name not in _UNREADABLE)
    for name, reason, domain, text in _READING_FAULTS:
        yield BadFrame(name, "reading", reason, _beside_a_good_one(domain, text))
    for name, reason, group in _GROUP_FAULTS:
        yield BadFrame(name, "reading", reason, _PLAIN.replace(b'"power":', group + b',"power":'))


def _unreadable() -> Iterator[tuple[str, Reason, bytes]]:
    yield "truncated", Reason.NOT_JSON, _PLAIN[:-2]
    yield "two-documents", Reason.NOT_JSON, _PLAIN + _PLAIN
    yield "empty", Reason.NOT_JSON, b""
    yield "trailing-comma", Reason.NOT_JSON, _PLAIN[:-1] + b",}"
    yield "single-quotes", Reason.NOT_JSON, _PLAIN.replace(b'"', b"'")
    yield "byte-order-mark", Reason.NOT_JSON, b"\xef\xbb\xbf" + _PLAIN
    yield "not-utf-8", Reason.NOT_JSON, _PLAIN.replace(b'"voltage_v":229.8', b'"voltage_v":"\xff"')
    yield "utf-16", Reason.NOT_JSON, _PLAIN.decode().encode("utf-16")
    yield "an-array", Reason.BAD_ENVELOPE, b"[" + _PLAIN + b"]"
    yield "a-number", Reason.BAD_ENVELOPE, b"1"
    yield "not-zstandard", Reason.BAD_COMPRESSION, b"\x28\xb5\x2f\xfd" + _PLAIN


_UNREADABLE = {
    "newer-version",
    "lower-case-stream",
    "stream-with-newline",
    "null-stream",
    "number-for-stream",
    "stream-twice",
    "seq-zero",
    "seq-float",
    "seq-true",
    "seq-text",
    "seq-beyond-63-bits",
    "null-seq",
    "missing-seq",
    "missing-stream",
}

_ENVELOPE_FAULTS: tuple[tuple[str, Reason, bytes, bytes], ...] = (
    ("newer-version", Reason.UNKNOWN_VERSION, b'"v":1', b'"v":2'),
    ("missing-version", Reason.BAD_VERSION, b'"v":1,', b""),
    ("version-true", Reason.BAD_VERSION, b'"v":1', b'"v":true'),
    ("version-text", Reason.BAD_VERSION, b'"v":1', b'"v":"1"'),
    ("version-float", Reason.BAD_VERSION, b'"v":1', b'"v":1.0'),
    ("missing-station", Reason.WRONG_STATION, _STATION + b",", b""),
    ("other-station", Reason.WRONG_STATION, _STATION, b'"station_id":"louxing-08"'),
    ("number-for-station", Reason.WRONG_STATION, _STATION, b'"station_id":7'),
    ("null-station", Reason.NULL_VALUE, _STATION, b'"station_id":null'),
    ("lower-case-stream", Reason.BAD_STREAM, _STREAM, _STREAM.replace(b"K", b"k")),
    ("stream-with-newline", Reason.BAD_STREAM, _STREAM, _STREAM[:-1] + rb'\n"'),
    ("number-for-stream", Reason.BAD_STREAM, _STREAM, b'"stream":7'),
    ("null-stream", Reason.NULL_VALUE, _STREAM, b'"stream":null'),
    ("missing-stream", Reason.BAD_STREAM, _STREAM + b",", b""),
    ("stream-twice", Reason.DUPLICATE_KEY, _STREAM, _STREAM + b"," + _STREAM),
    ("seq-zero", Reason.BAD_SEQ, _SEQ, b'"seq":0'),
    ("seq-float", Reason.BAD_SEQ, _SEQ, b'"seq":812.0'),
    ("seq-true", Reason.BAD_SEQ, _SEQ, b'"seq":true'),
    ("seq-text", Reason.BAD_SEQ, _SEQ, b'"seq":"812"'),
    ("seq-beyond-63-bits", Reason.BAD_SEQ, _SEQ, b'"seq":9223372036854775808'),
    ("null-seq", Reason.NULL_VALUE, _SEQ, b'"seq":null'),
    ("missing-seq", Reason.BAD_SEQ, _SEQ + b",", b""),
    ("oldest-zero", Reason.BAD_OLDEST, b'"oldest":790', b'"oldest":0'),
    ("oldest-nan", Reason.BAD_OLDEST, b'"oldest":790', b'"oldest":NaN'),
    ("missing-oldest", Reason.BAD_OLDEST, b'"oldest":790,', b""),
    ("missing-gone", Reason.BAD_GONE, _GONE + b",", b""),
    ("gone-backwards", Reason.BAD_GONE, _GONE, b'"gone":[[797,795]]'),
    ("gone-overlapping", Reason.BAD_GONE, _GONE, b'"gone":[[795,797],[797,798]]'),
    ("gone-descending", Reason.BAD_GONE, _GONE, b'"gone":[[795,797],[1,2]]'),
    ("gone-singles", Reason.BAD_GONE, _GONE, b'"gone":[795,796,797]'),
    ("gone-from-zero", Reason.BAD_GONE, _GONE, b'"gone":[[0,3]]'),
    (
        "gone-65-ranges",
        Reason.BAD_GONE,
        b"[795,797]",
        ",".join(f"[{lo},{lo}]" for lo in range(1, 131, 2)).encode(),
    ),
    ("unknown-class", Reason.BAD_CLASS, b'"sample"', b'"urgent"'),
    ("missing-class", Reason.BAD_CLASS, b'"class":"sample",', b""),
    ("sent-text", Reason.BAD_SENT, b'"sent":1763790000123', b'"sent":"2025-11-22T05:40:00Z"'),
    ("sent-float", Reason.BAD_SENT, b'"sent":1763790000123', b'"sent":1763790000.123'),
    ("sent-microseconds", Reason.BAD_SENT, b'"sent":1763790000123', b'"sent":1763790000123000'),
    ("missing-sent", Reason.BAD_SENT, b'"sent":1763790000123,', b""),
    ("clock-set", Reason.BAD_CLOCK, b'"readings"', b'"clock":"set","readings"'),
    ("missing-readings", Reason.BAD_READINGS, b'"readings"', b'"values"'),
    ("readings-list", Reason.BAD_READINGS, b'{"power":', b'[1],"x":{"power":'),
    ("null-readings", Reason.NULL_VALUE, b'{"power":', b'null,"x":{"power":'),
    ("key-twice", Reason.DUPLICATE_KEY, b'"oldest":790', b'"oldest":790,"oldest":791'),
    ("unknown-key-twice", Reason.DUPLICATE_KEY, b'"class"', b'"mood":1,"mood":2,"class"'),
    ("domain-twice", Reason.DUPLICATE_KEY, b'"power":', b'"power":[],"power":'),
)

_READING_FAULTS: tuple[tuple[str, Reason, str, str], ...] = (
    ("number-as-text", Reason.BAD_TYPE, "power", '"voltage_v":"229.8"'),
    ("number-as-true", Reason.BAD_TYPE, "power", '"voltage_v":true'),
    ("number-as-list", Reason.BAD_TYPE, "power", '"voltage_v":[229.8]'),
    ("nan", Reason.BAD_TYPE, "power", '"voltage_v":NaN'),
    ("infinity", Reason.BAD_TYPE, "power", '"voltage_v":Infinity'),
    ("minus-infinity", Reason.BAD_TYPE, "power", '"voltage_v":-Infinity'),
    ("beyond-float", Reason.BAD_TYPE, "power", '"voltage_v":1e400'),
    ("beyond-64-bits", Reason.BAD_TYPE, "power", '"voltage_v":9223372036854775808'),
    ("integer-with-fraction", Reason.BAD_TYPE, "environment", '"co2_ppm":24.0'),
    ("integer-with-exponent", Reason.BAD_TYPE, "environment", '"co2_ppm":6e2'),
    ("integer-as-true", Reason.BAD_TYPE, "environment", '"co2_ppm":true'),
    ("boolean-as-number", Reason.BAD_TYPE, "water", '"leak_detected":1'),
    ("boolean-as-text", Reason.BAD_TYPE, "water", '"leak_detected":"true"'),
    ("null-field", Reason.NULL_VALUE, "power", '"voltage_v":null'),
    ("null-event", Reason.NULL_VALUE, "power", '"event":null'),
    ("field-twice", Reason.DUPLICATE_KEY, "power", '"voltage_v":229.8,"voltage_v":229.9'),
    ("unknown-field-twice", Reason.DUPLICATE_KEY, "power", '"voltage_v":229.8,"x":1,"x":2'),
    ("device-twice", Reason.DUPLICATE_KEY, "power", '"voltage_v":229.8,"device":"other"'),
    ("unknown-word", Reason.BAD_VALUE, "access", '"door_state":"ajar"'),
    ("enum-as-number", Reason.BAD_VALUE, "access", '"door_state":1'),
    ("unknown-ups-word", Reason.BAD_VALUE, "power", '"ups_status":["OB","SAD"]'),
    ("no-ups-word", Reason.BAD_VALUE, "power", '"ups_status":[]'),
    ("ups-words-in-one-text", Reason.BAD_TYPE, "power", '"ups_status":"OB LB"'),
    ("telephone-as-version", Reason.BAD_VALUE, "agent", '"agent_version":"13800138000"'),
    ("telephone-as-subject", Reason.BAD_VALUE, "access", '"event":"granted","subject_ref":"13800138000"'),
    ("telephone-as-event-id", Reason.BAD_VALUE, "access", '"event":"granted","event_id":13800138000'),
    ("unknown-event", Reason.UNKNOWN_EVENT, "access", '"event":"teleported"'),
    ("event-of-another-domain", Reason.UNKNOWN_EVENT, "access", '"event":"panic_button"'),
    ("event-where-there-are-none", Reason.UNKNOWN_EVENT, "water", '"event":"leak"'),
    ("event-with-its-suffix", Reason.UNKNOWN_EVENT, "facility", '"event":"feedback_event"'),
    ("unknown-reason", Reason.BAD_VALUE, "access", '"event":"denied","reason":"ugly"'),
    ("score-of-six", Reason.BAD_VALUE, "facility", '"event":"feedback","category":"safety","score":6'),
    ("locker-without-action", Reason.MISSING_FIELD, "facility", '"event":"locker_use","cell":3'),
    ("no-field", Reason.NO_FIELD, "power", '"quality":"stale"'),
    ("only-unknown-fields", Reason.NO_FIELD, "power", '"humor":"dry"'),
    ("quality-good", Reason.BAD_QUALITY, "power", '"voltage_v":229.8,"quality":"good"'),
    ("quality-true", Reason.BAD_QUALITY, "power", '"voltage_v":229.8,"quality":true'),
    ("epoch-negative", Reason.BAD_EPOCH, "power", '"voltage_v":229.8,"epoch":-1'),
    ("epoch-text", Reason.BAD_EPOCH, "power", '"voltage_v":229.8,"epoch":"1"'),
)

_HEAD = b'"device":"main","ts":1763790000000,'
_NEIGHBOUR = b'{%s"zone_occupied":true}' % _HEAD

_GROUP_FAULTS: tuple[tuple[str, Reason, bytes], ...] = (
    ("missing-device", Reason.BAD_DEVICE, b'"water":[{"ts":1763790000000,"leak_detected":true}]'),
    ("upper-case-device", Reason.BAD_DEVICE, b'"water":[{"device":"Main","ts":1,"leak_detected":true}]'),
    ("device-with-newline", Reason.BAD_DEVICE, rb'"water":[{"device":"main\n","ts":1,"leak_detected":true}]'),
    (
        "long-device",
        Reason.BAD_DEVICE,
        b'"water":[{"device":"%s","ts":1,"leak_detected":true}]' % (b"x" * 64),
    ),
    ("missing-ts", Reason.BAD_TS, b'"water":[{"device":"main","leak_detected":true}]'),
    ("ts-float", Reason.BAD_TS, b'"water":[{"device":"main","ts":1763790000000.0,"leak_detected":true}]'),
    ("ts-text", Reason.BAD_TS, b'"water":[{"device":"main","ts":"now","leak_detected":true}]'),
    ("ts-negative", Reason.BAD_TS, b'"water":[{"device":"main","ts":-1,"leak_detected":true}]'),
    (
        "ts-microseconds",
        Reason.BAD_TS,
        b'"water":[{"device":"main","ts":1763790000000000,"leak_detected":true}]',
    ),
    ("null-reading", Reason.NULL_VALUE, b'"water":[null]'),
    ("text-for-reading", Reason.BAD_READING, b'"water":["wet"]'),
    ("list-for-reading", Reason.BAD_READING, b'"water":[[]]'),
    ("empty-reading", Reason.BAD_DEVICE, b'"water":[{}]'),
    ("object-for-list", Reason.BAD_READING, b'"water":{%s"leak_detected":true}' % _HEAD),
    ("null-for-list", Reason.NULL_VALUE, b'"water":null'),
)


def _beside_a_good_one(domain: str, text: str) -> bytes:
    """Write a frame with a faulty reading and, in a domain that has no faults here, a good one."""
    return with_text(text, domain).replace(b'"readings":{', b'"readings":{"occupancy":[%s],' % _NEIGHBOUR)
