"""The shapes of silences and maintenance, as OpenAPI describes them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from gateway.api.alert_shapes import AlertAnswer, SeverityWord
from gateway.api.shapes import Cursor, Rfc3339
from gateway.api.values import Strict, Time
from wire.topics import DEVICE_PATTERN, REGION_PATTERN

STATION = "^(_gateway|[a-z0-9][a-z0-9-]{0,62})$"
By = Annotated[str | None, Field(min_length=1, max_length=64, description="Who; only without tokens.")]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class MatchBody(Strict):
    """Which alerts: every field that is given must be the alert's; at least one is."""

    station_id: str | None = Field(None, pattern=STATION)
    region: str | None = Field(None, pattern=REGION_PATTERN)
    rule: str | None = Field(None, min_length=1, max_length=64)
    severity: SeverityWord | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "MatchBody":
        if not self.model_dump(exclude_none=True):
            raise ValueError("give at least one of station_id, region, rule, severity")
        return self


class PreviewBody(Strict):
    """What to hide, to see what that would be; the rest is that of a silence."""

    match: MatchBody
    reason: str | None = Field(None, max_length=500)
    by: By = None
    start: Time | None = None
    end: Time | None = None


class SilenceBody(Strict):
    """What to hide, why, and until when; it begins now unless ``start`` says otherwise."""

    match: MatchBody
    reason: Reason
    by: By = None
    start: Time | None = None
    end: Time


class MatchAnswer(BaseModel):
    """Which alerts."""

    station_id: str | None
    region: str | None
    rule: str | None
    severity: SeverityWord | None


class SilenceAnswer(BaseModel):
    """A silence; `state` says whether it holds now, `last_hid` when it last kept a message back."""

    id: str
    match: MatchAnswer
    reason: str
    by: str
    start: Rfc3339
    end: Rfc3339
    state: Literal["to_come", "in_force", "ended"]
    last_hid: Rfc3339 | None


class SilencesAnswer(BaseModel):
    """A page of silences, newest first."""

    items: list[SilenceAnswer]
    next: Cursor


class PreviewAnswer(BaseModel):
    """What a silence would do now.

    `hides` are open alerts nobody would be told of, `passes` those it matches that are told all the same
    because they are about a life; at most 100 of each, `hides_count` and `passes_count` count all.
    `recent_count` says how many alerts of the last 7 days it would have hidden: 0 for one that matches none.
    """

    hides: list[AlertAnswer]
    hides_count: int
    passes: list[AlertAnswer]
    passes_count: int
    recent_count: int


class ScopeBody(Strict):
    """What is worked on: a station, one device of it, or a region."""

    station_id: str | None = Field(None, pattern=STATION)
    region: str | None = Field(None, pattern=REGION_PATTERN)
    device: str | None = Field(None, pattern=DEVICE_PATTERN)

    @model_validator(mode="after")
    def _says_where(self) -> "ScopeBody":
        if self.station_id is None and self.region is None:
            raise ValueError("give station_id or region")
        if self.device is not None and self.station_id is None:
            raise ValueError("device: a device is one of a station: give station_id too")
        return self


class MaintenanceBody(Strict):
    """A window, once or by a rule; local time of ``tz``, else of each station."""

    match: ScopeBody
    start: str = Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$",
        description="First beginning, local time without offset, like 2026-11-24T22:00.",
    )
    duration_s: int = Field(ge=60, le=31 * 86_400, description="How long a window lasts, by the wall.")
    rrule: str | None = Field(
        None, max_length=256, description="RFC 5545, like FREQ=MONTHLY;BYDAY=3TU; once without."
    )
    tz: str | None = Field(None, max_length=64, description="IANA name; each station's own without.")
    reason: Reason
    by: By = None


class ScopeAnswer(BaseModel):
    """What is worked on."""

    station_id: str | None
    region: str | None
    device: str | None


class SpanAnswer(BaseModel):
    """A time, the end not in it."""

    start: Rfc3339
    end: Rfc3339


class MaintenanceAnswer(BaseModel):
    """A window; `next` are the one open now and those to come, by the clock of `tz` or the station's."""

    id: str
    match: ScopeAnswer
    start: str
    duration_s: int
    rrule: str | None
    tz: str | None
    reason: str
    by: str
    created: Rfc3339
    open: bool
    next: list[SpanAnswer]


class MaintenanceListAnswer(BaseModel):
    """The windows, newest first."""

    items: list[MaintenanceAnswer]
    next: Cursor
