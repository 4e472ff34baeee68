"""The messages between station and gateway, as strict models made from the tables.

Unknown keys are ignored everywhere, so that a newer sender is understood. Times are integer
milliseconds since the Unix epoch, UTC.
"""

from collections.abc import Mapping
from types import GenericAlias, MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    WithJsonSchema,
    create_model,
    model_validator,
)

from wire.measures import DOMAINS, EVENT_FIELDS, EVENTS, MEASURES, QUALITIES
from wire.measures.model import EventField, Measure
from wire.ranges import LARGEST, Ranges
from wire.topics import DEVICE_PATTERN, STATION_ID_PATTERN, ULID_PATTERN

LATEST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999: every calendar downstream can still write it."""

_MOST_WORDS = 16
_MOST_RANGES = 64
_MOST_RANGES_AT_BIRTH = 1_024

Ulid = Annotated[str, Field(pattern=ULID_PATTERN)]
StationId = Annotated[str, Field(pattern=STATION_ID_PATTERN)]
Device = Annotated[str, Field(pattern=DEVICE_PATTERN)]
Milliseconds = Annotated[int, Field(ge=0, le=LATEST_MS)]
Seq = Annotated[int, Field(ge=1, le=LARGEST)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Release = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9 ._+/-]{0,63}$")]
"""Whatever a maker of hardware calls its release; it describes the box, and is never stored with readings."""

Slug = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,31}$")]


def _range_list(limit: int) -> tuple[BeforeValidator, WithJsonSchema]:
    def parse(value: object) -> object:
        pairs = [list(pair) for pair in value] if isinstance(value, tuple | Ranges) else value
        return tuple(Ranges.parse(pairs, limit=limit))

    number: dict[str, JsonValue] = {"type": "integer", "minimum": 1, "maximum": LARGEST}
    pair: dict[str, JsonValue] = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    return (
        BeforeValidator(parse),
        WithJsonSchema({"type": "array", "items": pair, "maxItems": limit}),
    )


RangeList = Annotated[tuple[tuple[int, int], ...], *_range_list(_MOST_RANGES)]
LongRangeList = Annotated[tuple[tuple[int, int], ...], *_range_list(_MOST_RANGES_AT_BIRTH)]


class Message(BaseModel):
    """What all messages share: strict types, frozen values, unknown keys ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


# -- readings -----------------------------------------------------------------------------------------


def _value_type(row: Measure | EventField) -> Any:  # noqa: ANN401 - a type built at run time
    if row.type in {"enum", "words"}:
        word = Literal[row.values]  # type: ignore[name-defined]
        return (
            word if row.type == "enum" else Annotated[list[word], Field(min_length=1, max_length=_MOST_WORDS)]
        )
    if row.type == "text":
        return Annotated[str, Field(pattern=row.pattern)]
    return {"bool": bool, "int": int, "float": Annotated[float, Field(allow_inf_nan=False)]}[row.type]


def _refuse_event(_name: str) -> str:
    raise ValueError("this domain has no events")


_NoEvent = Annotated[str, AfterValidator(_refuse_event), WithJsonSchema({"not": {}})]


def _measure_field(row: Measure) -> tuple[Any, Any]:
    # Ranges are data for whoever reads the schema, not bounds: a value beyond them is stored, suspect.
    about: dict[str, JsonValue] = {
        "title": row.en,
        "x-zh": row.zh,
        "x-unit": row.unit,
        "x-kind": row.kind.value,
        "x-range": [row.low, row.high],
        "x-danger": row.danger,
        "x-heartbeat-s": row.heartbeat_s,
    }
    return _value_type(row), Field(default=None, json_schema_extra=about)


def _event_field(row: EventField) -> tuple[Any, Any]:
    about: dict[str, JsonValue] = {"title": row.en, "x-zh": row.zh}
    return _value_type(row), Field(default=None, ge=row.low, le=row.high, json_schema_extra=about)


def _reading_model(domain: str) -> type[Message]:
    kinds = tuple(EVENTS[domain])
    event = Literal[kinds] if kinds else _NoEvent
    fields: dict[str, tuple[Any, Any]] = {
        "device": (Device, ...),
        "ts": (Milliseconds, ...),
        "quality": (Literal[QUALITIES], None),
        "epoch": (Count, None),
        "event": (event, None),
    }
    fields |= {row.name: _event_field(row) for row in EVENT_FIELDS[domain]}
    fields |= {row.name: _measure_field(row) for row in MEASURES[domain].values()}
    model: type[Message] = create_model(
        f"{domain.capitalize()}Reading",
        __base__=Message,
        __doc__=f"One reading of the domain {domain}; at least one field or an event.",
        **fields,  # type: ignore[call-overload]
    )
    return model


READING_MODELS: Mapping[str, type[Message]] = MappingProxyType(
    {domain: _reading_model(domain) for domain in DOMAINS}
)
"""Absent optional fields read as None, but null is refused on the wire."""

Readings: type[Message] = create_model(
    "Readings",
    __base__=Message,
    __doc__="Readings by domain.",
    **{domain: (GenericAlias(list, (model,)), []) for domain, model in READING_MODELS.items()},  # type: ignore[call-overload]
)

# -- frames and what answers them -----------------------------------------------------------------------


class Envelope(Message):
    """Everything of a frame but its readings; the decoder judges the two apart."""

    v: Literal[1] = 1
    station_id: StationId
    stream: Ulid = None  # type: ignore[assignment]  # absent together, never null
    seq: Seq = None  # type: ignore[assignment]
    oldest: Seq = None  # type: ignore[assignment]
    gone: RangeList = None  # type: ignore[assignment]
    frame_class: Literal["alarm", "event", "sample"] = Field(alias="class")
    sent: Milliseconds
    clock: Literal["unset"] = None  # type: ignore[assignment]


class Frame(Envelope):
    """A frame: readings of one class, numbered inside its stream."""

    readings: Readings


class Ack(Message):
    """Which frames are durable, and how many more may be out on ``backlog``."""

    v: Literal[1] = 1
    gateway: Ulid
    stream: Ulid
    received: RangeList
    credit: Count
    now: Milliseconds


# -- status -----------------------------------------------------------------------------------------------


class StreamSummary(Message):
    """One stream of which a station holds anything, or whose last frame it had to drop.

    ``oldest`` is the lowest number neither acknowledged nor gone, ``kept`` the lowest held; either is
    ``last`` + 1 when there is none.
    """

    stream: Ulid
    oldest: Seq
    kept: Seq
    last: Count
    gone: LongRangeList = ()


class DeviceInfo(Message):
    """One measuring point of a station, once for each domain it reports in."""

    device: Device
    domain: Literal[DOMAINS]  # type: ignore[valid-type]
    facility: Slug | None = None
    interval_s: Annotated[float, Field(gt=0, le=31 * 86_400)] | None = None


class Birth(Message):
    """What a station says of itself on every connect. ``gateway`` is the one it obeys, or null."""

    v: Literal[1] = 1
    state: Literal["online"] = "online"
    session: Seq
    boot_id: Ulid
    gateway: Ulid | None
    version: Release
    started: Milliseconds
    streams: Annotated[list[StreamSummary], Field(max_length=1_000)]
    parked: Count = 0
    devices: Annotated[list[DeviceInfo], Field(max_length=1_000)]


class Goodbye(Message):
    """The last will (``lost``), or a clean stop with its reason (``stopped``)."""

    v: Literal[1] = 1
    state: Literal["lost", "stopped"]
    session: Seq
    reason: Annotated[str, Field(pattern="^[a-z][a-z0-9_ -]{0,63}$")] | None = None


# -- from afar ----------------------------------------------------------------------------------------------


class Command(Message):
    """Something a station shall do, once, before ``ttl_s`` seconds are over."""

    v: Literal[1] = 1
    gateway: Ulid
    id: Ulid
    name: Slug
    args: dict[str, JsonValue] = {}
    issued: Milliseconds
    ttl_s: Annotated[int, Field(ge=1, le=31 * 86_400)]
    by: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=16)] = []


class ResendArgs(Message):
    """The arguments of the command ``resend``."""

    stream: Ulid
    ranges: RangeList


class Result(Message):
    """What became of a command (``id``) or of a config (``config_version``).

    ``gone`` answers ``resend`` with the numbers asked for that the station no longer holds.
    """

    v: Literal[1] = 1
    id: Ulid | None = None
    config_version: Seq | None = None
    state: Literal["done", "refused", "failed", "expired"]
    reason: Annotated[str, Field(max_length=200)] | None = None
    gone: LongRangeList | None = None
    at: Milliseconds

    @model_validator(mode="after")
    def _answers_one_thing(self) -> "Result":
        if (self.id is None) == (self.config_version is None):
            raise ValueError("a result has either id or config_version")
        return self


class Config(Message):
    """The settings a station shall have."""

    v: Literal[1] = 1
    version: Seq
    gateway: Ulid
    settings: dict[str, JsonValue]


class Claim(Message):
    """A gateway's claim of a region, and the gateways it takes over from."""

    v: Literal[1] = 1
    gateway: Ulid
    since: Milliseconds
    replaces: Annotated[list[Ulid], Field(max_length=1_000)] = []
