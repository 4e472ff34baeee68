"""The shapes of what the API answers, as OpenAPI describes them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.fleet import StationState
from gateway.state.commands import CommandState

Rfc3339 = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Cursor = Annotated[str | None, Field(description="Where the next page begins; null after the last.")]


class NameAnswer(BaseModel):
    """What people call a station."""

    zh: str
    en: str


class OpenAlerts(BaseModel):
    """Open alerts by severity."""

    P1: int
    P2: int
    P3: int
    P4: int


class StationAnswer(BaseModel):
    """One line of the fleet list."""

    station_id: str
    region: str | None
    name: NameAnswer
    state: StationState
    last_seen: Rfc3339 | None
    people_inside_count: int | None
    capacity: int | None
    delivery: Literal["acknowledged", "best_effort"]
    open_alerts: OpenAlerts


class StationsAnswer(BaseModel):
    """A page of the fleet list, worst first."""

    items: list[StationAnswer]
    next: Cursor


class DeviceAnswer(BaseModel):
    """A measuring point and what it last said."""

    device: str
    domain: str
    facility: str | None
    ts: Rfc3339 | None
    age_s: float | None
    reading: dict[str, object]
    suspect: list[str]


class CompletenessAnswer(BaseModel):
    """What became of a station's frames since it was first seen."""

    received: int
    duplicate: int
    late: int
    missing: int
    gone: int
    quarantined: int


class OccupancyAnswer(BaseModel):
    """How far the count of people inside can be trusted."""

    anchored_at: Rfc3339 | None
    drift_per_100_entries: float | None


class StationDetailAnswer(StationAnswer):
    """One station with its devices."""

    profile: str | None
    lat: float | None
    lon: float | None
    devices: list[DeviceAnswer]
    completeness: CompletenessAnswer
    occupancy: OccupancyAnswer


class ReadingAnswer(BaseModel):
    """A reading or a bucket; besides these, each field that has a value."""

    model_config = ConfigDict(extra="allow")

    ts: Rfc3339
    device: str
    suspect: list[str]
    quality: Literal["good", "substituted", "stale", "suspect"]


class ReadingsAnswer(BaseModel):
    """A page of readings, oldest first."""

    items: list[ReadingAnswer]
    next: Cursor


class QuarantineAnswer(BaseModel):
    """Something that could not be taken."""

    id: str
    received: Rfc3339
    repeated: Rfc3339
    station_id: str | None
    topic: str
    stream: str | None
    seq: int | None
    domain: str | None
    index: int | None
    reason: str
    detail: str
    count: int
    replayed: Rfc3339 | None
    bytes: str | None = Field(None, description="Base64, values nobody declared masked; role admin only.")
    cut: bool | None = Field(None, description="Whether `bytes` is only the beginning; role admin only.")


class QuarantineListAnswer(BaseModel):
    """A page of the quarantine, newest first."""

    items: list[QuarantineAnswer]
    next: Cursor


class ReplayAnswer(BaseModel):
    """What became of a replay."""

    id: str
    taken: bool
    reason: str | None
    detail: str | None


class CommandAnswer(BaseModel):
    """A command and, once it is over, the station's answer."""

    id: str
    station_id: str
    name: str
    args: dict[str, object]
    by: str | None
    issued: Rfc3339
    ttl_s: int
    state: CommandState
    reason: str | None
    at: Rfc3339 | None
    result: dict[str, object] | None
