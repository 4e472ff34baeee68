"""From readings to frames: one class each, small enough for the wire, stamped when they are sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from wire.measures import FrameClass

Reading = dict[str, Any]
"""A reading as on the wire: device, ts and the fields of its domain."""

BODY_LIMIT = 13_312
"""Bytes of readings in one frame: 16 KiB less the widest header (64 gone ranges of 19-digit numbers)."""

CLASSES = (FrameClass.ALARM, FrameClass.EVENT, FrameClass.SAMPLE)
"""The classes of frames, most urgent first; the outbox keeps the position in this tuple."""


@dataclass(frozen=True, slots=True)
class FrameMeta:
    """One frame of the outbox without its readings.

    ``n`` orders all frames of the box over all streams; (``stream``, ``seq``) is the frame's identity.
    """

    n: int
    stream: str
    seq: int
    frame_class: FrameClass


@dataclass(frozen=True, slots=True)
class Report:
    """A checked reading that is worth storing, and the class of frame it belongs in."""

    domain: str
    reading: Reading
    frame_class: FrameClass


@dataclass(frozen=True, slots=True)
class Draft:
    """Readings of one class, encoded as the ``readings`` object of a frame not yet numbered."""

    frame_class: FrameClass
    body: bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    """A frame as the outbox holds it, with what its stream says at this moment."""

    body: bytes
    clock_unset: bool
    oldest: int
    gone: tuple[tuple[int, int], ...]


def draft(reports: Iterable[Report]) -> list[Draft]:
    """Sort reports into drafts of one class each, alarms first, none over ``BODY_LIMIT``."""
    by_class: dict[FrameClass, list[tuple[str, bytes]]] = {frame_class: [] for frame_class in CLASSES}
    for report in reports:
        by_class[report.frame_class].append((report.domain, orjson.dumps(report.reading)))
    return [
        Draft(frame_class, _encode(chunk))
        for frame_class, encoded in by_class.items()
        for chunk in _chunks(encoded)
    ]


def _chunks(encoded: Sequence[tuple[str, bytes]]) -> Iterable[Sequence[tuple[str, bytes]]]:
    start = size = 0
    for position, (domain, reading) in enumerate(encoded):
        cost = len(reading) + len(domain) + 6
        if size + cost > BODY_LIMIT and position > start:
            yield encoded[start:position]
            start, size = position, 0
        size += cost
    if start < len(encoded):
        yield encoded[start:]


def _encode(chunk: Sequence[tuple[str, bytes]]) -> bytes:
    by_domain: dict[str, list[bytes]] = {}
    for domain, reading in chunk:
        by_domain.setdefault(domain, []).append(reading)
    parts = (b'"%s":[%s]' % (domain.encode(), b",".join(rows)) for domain, rows in by_domain.items())
    return b"{%s}" % b",".join(parts)


def restamp(body: bytes, shift_ms: int) -> bytes:
    """Return the readings with every ``ts`` moved by ``shift_ms`` milliseconds."""
    readings = orjson.loads(body)
    for rows in readings.values():
        for reading in rows:
            reading["ts"] = max(0, reading["ts"] + shift_ms)
    return orjson.dumps(readings)


def stamp(station_id: str, frame: FrameMeta, loaded: Loaded, sent: int) -> bytes:
    """Return the payload of one transmission at ``sent`` (ms); the readings stay as they were written."""
    header: dict[str, object] = {
        "v": 1,
        "station_id": station_id,
        "stream": frame.stream,
        "seq": frame.seq,
        "oldest": loaded.oldest,
        "gone": loaded.gone,
        "class": frame.frame_class.value,
        "sent": sent,
    }
    if loaded.clock_unset:
        header["clock"] = "unset"
    return orjson.dumps(header)[:-1] + b',"readings":' + loaded.body + b"}"
