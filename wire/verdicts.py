"""What the decoder answers: a frame, or the reason why not; and for each bad reading its own."""

from dataclasses import dataclass
from enum import StrEnum

from wire.measures import FrameClass

Reading = dict[str, object]
"""A reading as on the wire: ``device``, ``ts``, fields; unknown fields are gone."""


class Reason(StrEnum):
    """Why a frame or a reading is quarantined or refused; the same word in log, metric and page."""

    # the frame
    TOO_BIG = "too_big"
    BAD_COMPRESSION = "bad_compression"
    NOT_JSON = "not_json"
    BAD_ENVELOPE = "bad_envelope"
    UNKNOWN_VERSION = "unknown_version"
    BAD_VERSION = "bad_version"
    WRONG_STATION = "wrong_station"
    FOREIGN_STREAM = "foreign_stream"
    BAD_STREAM = "bad_stream"
    BAD_SEQ = "bad_seq"
    BAD_OLDEST = "bad_oldest"
    BAD_GONE = "bad_gone"
    BAD_CLASS = "bad_class"
    BAD_SENT = "bad_sent"
    BAD_CLOCK = "bad_clock"
    BAD_READINGS = "bad_readings"
    # the frame or the reading, whichever is the smallest that holds it
    DUPLICATE_KEY = "duplicate_key"
    NULL_VALUE = "null_value"
    # the reading
    BAD_READING = "bad_reading"
    BAD_DEVICE = "bad_device"
    BAD_TS = "bad_ts"
    TS_AHEAD = "ts_ahead"
    TS_TOO_OLD = "ts_too_old"
    BAD_QUALITY = "bad_quality"
    BAD_EPOCH = "bad_epoch"
    UNKNOWN_EVENT = "unknown_event"
    BAD_TYPE = "bad_type"
    BAD_VALUE = "bad_value"
    MISSING_FIELD = "missing_field"
    NO_FIELD = "no_field"


@dataclass(frozen=True, slots=True)
class RejectedReading:
    """One bad reading; ``detail`` says where and what was expected, never what stood there."""

    domain: str
    index: int
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A frame that cannot be taken as a whole.

    ``stream`` and ``seq`` are set whenever both can be read, so that the frame can be acknowledged;
    not for an unknown version, which waits at the station for a newer gateway.
    """

    reason: Reason
    detail: str
    stream: str | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Decoded:
    """A frame whose envelope is right, with its good readings and its bad ones.

    ``stream``, ``seq`` and ``oldest`` are None together, for hardware without an outbox.
    ``readings`` are (domain, index in the domain's list, reading), in the order of ``DOMAINS``.
    ``unknown_fields`` has one entry for each field dropped: ``name`` of the envelope,
    ``readings.name`` of an unknown domain, ``domain.name`` of a reading.
    """

    v: int
    station_id: str
    stream: str | None
    seq: int | None
    oldest: int | None
    gone: tuple[tuple[int, int], ...]
    frame_class: FrameClass
    sent: int
    clock_unset: bool
    readings: tuple[tuple[str, int, Reading], ...] = ()
    rejected: tuple[RejectedReading, ...] = ()
    unknown_fields: tuple[str, ...] = ()
