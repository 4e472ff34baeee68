"""Bytes to frame and back: a verdict for the frame, and one for each reading in it.

This is the exact decoder. Its rules, beyond the contract's own words:

- Outside ``readings`` the first error found refuses the frame, in the order: size, compression, JSON,
  ``v``, keys that come twice, nulls, then the fields in the order of the envelope. A list of readings
  keyed twice, or an unknown key that comes twice, counts as outside.
- Inside, each reading is judged alone. What stands under an unknown field or domain is never looked at.
- An integer must fit 64 bits, for a float field too; there it becomes a float.
- Fields of events (``phase``, ``cause`` ...) are unknown fields in a reading without ``event``.
- ``readings`` may be empty; a domain that holds no list is one bad reading with index 0.
- The time of a reading is judged against the gateway's clock elsewhere: ``wire.clocks.check_time``.
- Details name the place and what was expected, never the value: it may be somebody's telephone number.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from pydantic import ValidationError

from wire.compression import BadCompression, FrameTooBig, UnreadableError, compress, decompress
from wire.frames import Envelope
from wire.judging import Refused, first_fault, judge_reading, known_part
from wire.measures import DOMAINS, MEASURES, FrameClass
from wire.ranges import LARGEST
from wire.strictjson import Ambiguous, NotJsonError, encode, parse
from wire.topics import ULID_PATTERN
from wire.verdicts import Decoded, Reading, Reason, Rejected, RejectedReading

__all__ = [
    "BadCompression",
    "Decoded",
    "FrameTooBig",
    "Reading",
    "Reason",
    "Rejected",
    "RejectedReading",
    "compress",
    "decode",
    "decompress",
    "encode_frame",
    "suspect_fields",
    "unreadable",
]

VERSION = 1
MOST_READINGS = 32_767
"""More than good readings of one frame can be within 1 MiB: three bytes are enough for a bad one."""
_IDENTITY = ("stream", "seq", "oldest", "gone")
_ENVELOPE_KEYS = {"v", "station_id", *_IDENTITY, "class", "sent", "clock", "readings"}
_ENVELOPE_REASONS = {
    "station_id": Reason.WRONG_STATION,
    "stream": Reason.BAD_STREAM,
    "seq": Reason.BAD_SEQ,
    "oldest": Reason.BAD_OLDEST,
    "gone": Reason.BAD_GONE,
    "class": Reason.BAD_CLASS,
    "sent": Reason.BAD_SENT,
    "clock": Reason.BAD_CLOCK,
}
_LONGEST_NAME = 64


def decode(payload: bytes, station_id: str) -> Decoded | Rejected:
    """Judge one payload that came on the topic of ``station_id``."""
    try:
        message = parse(decompress(payload))
    except UnreadableError as error:
        return unreadable(error)
    except NotJsonError as error:
        return Rejected(Reason.NOT_JSON, str(error))
    if not isinstance(message, dict):
        return Rejected(Reason.BAD_ENVELOPE, "a frame is a JSON object")
    try:
        _check_version(message)
        groups = _check_form(message)
        envelope = _check_fields(message, station_id)
    except Refused as refused:
        if refused.reason is Reason.UNKNOWN_VERSION:
            return Rejected(refused.reason, refused.detail)
        return Rejected(refused.reason, refused.detail, *_readable_identity(message))
    return _judge_readings(envelope, groups, foreign=message.keys() - _ENVELOPE_KEYS)


def unreadable(error: UnreadableError) -> Rejected:
    """Reject a payload that became no text; one that is only too long may still say whose it is."""
    envelope, readings, _ = error.head.partition(b'"readings"')
    try:
        message = parse(envelope.rstrip().removesuffix(b",") + b"}") if readings else None
    except NotJsonError:
        message = None
    if not isinstance(message, dict) or message.get("v") != VERSION:
        return Rejected(error.reason, str(error))
    return Rejected(error.reason, str(error), *_readable_identity(message))


def encode_frame(  # noqa: PLR0913 - the keys of an envelope
    *,
    station_id: str,
    frame_class: FrameClass | str,
    sent: int,
    readings: Mapping[str, Sequence[Mapping[str, object]]],
    stream: str | None = None,
    seq: int | None = None,
    oldest: int | None = None,
    gone: Iterable[tuple[int, int]] = (),
    clock_unset: bool = False,
) -> bytes:
    """Write a frame, keys in the order of the contract; without ``stream`` it is best effort.

    The sender is trusted, save that NaN and infinities raise ValueError.
    """
    message: Reading = {"v": VERSION, "station_id": station_id}
    if stream is not None:
        message |= {"stream": stream, "seq": seq, "oldest": oldest, "gone": [list(pair) for pair in gone]}
    message |= {"class": str(frame_class), "sent": sent}
    if clock_unset:
        message["clock"] = "unset"
    message["readings"] = readings
    return encode(message)


def suspect_fields(domain: str, reading: Mapping[str, object]) -> tuple[str, ...]:
    """Name the fields of a decoded reading that are sentinels or outside their plausible range."""
    table = MEASURES[domain]
    return tuple(name for name, value in reading.items() if name in table and table[name].is_suspect(value))


# -- the envelope -------------------------------------------------------------------------------------------


def _check_version(message: Reading) -> None:
    version = message.get("v")
    if type(version) is not int:
        raise Refused(Reason.BAD_VERSION, "v: the version of the contract, an integer")
    if version != VERSION and "v" not in _repeated(message):
        raise Refused(Reason.UNKNOWN_VERSION, f"v: only version {VERSION} is spoken here")


def _check_form(message: Reading) -> Reading:
    """Find what is wrong with the objects themselves before any field is read; return the readings."""
    readings = message.get("readings")
    for place, part in (("the frame", message), ("readings", readings)):
        if _repeated(part):
            raise Refused(Reason.DUPLICATE_KEY, f"a key of {place} comes twice")
    for key in sorted(_ENVELOPE_KEYS & message.keys()):
        if message[key] is None:
            raise Refused(Reason.NULL_VALUE, f"{key} is null; leave it out instead")
    missing = [key for key in _IDENTITY if key not in message]
    if missing and len(missing) < len(_IDENTITY):
        detail = (
            f"{missing[0]} is missing; hardware without an outbox leaves out all of {', '.join(_IDENTITY)}"
        )
        raise Refused(_ENVELOPE_REASONS[missing[0]], detail)
    if not isinstance(readings, dict):
        raise Refused(Reason.BAD_READINGS, "readings: an object of lists by domain")
    if sum(len(group) for group in readings.values() if isinstance(group, list)) > MOST_READINGS:
        raise Refused(Reason.TOO_BIG, f"readings: more than {MOST_READINGS} of them")
    return readings


def _check_fields(message: Reading, station_id: str) -> Envelope:
    try:
        envelope = Envelope.model_validate(message)
    except ValidationError as error:
        first = first_fault(error)
        field = str(first["loc"][0])
        raise Refused(_ENVELOPE_REASONS[field], f"{field}: {first['msg']}") from None
    if envelope.station_id != station_id:
        raise Refused(Reason.WRONG_STATION, "station_id is not the topic's")
    return envelope


def _readable_identity(message: Reading) -> tuple[str | None, int | None]:
    """Return stream and seq when both can be relied on."""
    stream, seq = message.get("stream"), message.get("seq")
    if {"stream", "seq"} & _repeated(message) or not isinstance(stream, str) or type(seq) is not int:
        return None, None
    readable = re.fullmatch(ULID_PATTERN, stream) and 1 <= seq <= LARGEST
    return (stream, seq) if readable else (None, None)


def _repeated(part: object) -> frozenset[str]:
    return part.repeated if isinstance(part, Ambiguous) else frozenset()


# -- the readings -------------------------------------------------------------------------------------------


def _judge_readings(envelope: Envelope, groups: Reading, foreign: set[str]) -> Decoded:
    good: list[tuple[str, int, Reading]] = []
    bad: list[RejectedReading] = []
    unknown = [_printable(name) for name in sorted(foreign)]
    unknown += [_printable(f"readings.{name}") for name in sorted(groups.keys() - set(DOMAINS))]
    for domain in DOMAINS:
        for index, raw in enumerate(_listed(groups.get(domain, []))):
            reading, dropped = known_part(domain, raw)
            unknown += [_printable(f"{domain}.{name}") for name in sorted(dropped)]
            verdict = judge_reading(domain, index, reading)
            if isinstance(verdict, RejectedReading):
                bad.append(verdict)
            else:
                good.append((domain, index, verdict))
    return Decoded(
        v=VERSION,
        station_id=envelope.station_id,
        stream=envelope.stream,
        seq=envelope.seq,
        oldest=envelope.oldest,
        gone=envelope.gone or (),
        frame_class=FrameClass(envelope.frame_class),
        sent=envelope.sent,
        clock_unset=envelope.clock == "unset",
        readings=tuple(good),
        rejected=tuple(bad),
        unknown_fields=tuple(unknown),
    )


def _listed(group: object) -> list[object]:
    """Return the readings of a domain; anything but a list is one that is no object."""
    if isinstance(group, list):
        return group
    return [None if group is None else ()]


def _printable(name: str) -> str:
    """Cut a stranger's name to what a log line and a database can hold; JSON may have lone surrogates."""
    return name[:_LONGEST_NAME].encode("utf-8", "backslashreplace").decode()
