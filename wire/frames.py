"""The messages between station and gateway, as strict models.

Unknown keys are ignored everywhere, so that a newer sender is understood.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, OnErrorOmit, model_validator

from wire.measures import DOMAINS
from wire.readings import READING_MODELS, Readings
from wire.scalars import (
    LATEST_MS,
    LEFT_OUT,
    Count,
    Device,
    LongRangeList,
    Message,
    Milliseconds,
    RangeList,
    Release,
    Seq,
    Slug,
    StationId,
    Ulid,
)

__all__ = [
    "LATEST_MS",
    "READING_MODELS",
    "Ack",
    "Birth",
    "Claim",
    "Command",
    "Config",
    "DeviceInfo",
    "Envelope",
    "Frame",
    "Goodbye",
    "Message",
    "ResendArgs",
    "Result",
    "StreamSummary",
]

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
    facility: Annotated[Slug | None, LEFT_OUT] = None
    interval_s: Annotated[Annotated[float, Field(gt=0, le=31 * 86_400)] | None, LEFT_OUT] = None


class Birth(Message):
    """What a station says of itself on every connect. ``gateway`` is the one it obeys, or null.

    A device that cannot be understood is left out: sessions and streams count.
    """

    v: Literal[1] = 1
    state: Literal["online"] = "online"
    session: Seq
    boot_id: Ulid
    gateway: Ulid | None
    version: Release
    started: Milliseconds
    streams: Annotated[list[StreamSummary], Field(max_length=1_000)]
    parked: Count = 0
    devices: Annotated[list[OnErrorOmit[DeviceInfo]], Field(max_length=1_000)]


class Goodbye(Message):
    """The last will (``lost``), or a clean stop with its reason (``stopped``)."""

    v: Literal[1] = 1
    state: Literal["lost", "stopped"]
    session: Seq
    reason: Annotated[Annotated[str, Field(pattern="^[a-z][a-z0-9_ -]{0,63}$")] | None, LEFT_OUT] = None


# -- from afar ----------------------------------------------------------------------------------------------


class Command(Message):
    """Something a station shall do, once, before ``ttl_s`` seconds are over."""

    v: Literal[1] = 1
    gateway: Ulid
    id: Ulid
    name: Slug
    args: dict[str, JsonValue] = Field(default_factory=dict)
    issued: Milliseconds
    ttl_s: Annotated[int, Field(ge=1, le=31 * 86_400)]
    by: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(default_factory=list, max_length=16)


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
    replaces: list[Ulid] = Field(default_factory=list, max_length=1_000)
