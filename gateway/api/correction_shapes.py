"""The shapes of corrections, as OpenAPI describes them."""

from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from gateway.api.duty_shapes import By, Reason
from gateway.api.readings import Domain
from gateway.api.shapes import Cursor, Rfc3339
from gateway.api.values import Page, Strict, Time
from wire.ranges import LARGEST
from wire.topics import DEVICE_PATTERN, STATION_ID_PATTERN, ULID_PATTERN

Index = Annotated[int, Field(ge=0, le=32_767)]


class CorrectionBody(Strict):
    """What was wrong, what is right, why, and who says so.

    The reading is named by `device` and `ts`, or by `stream`, `seq` and `index`, or by all of them; a stretch
    of readings, whose values can only be removed, by `device`, `start` and `end`.
    """

    station_id: str = Field(pattern=STATION_ID_PATTERN)
    domain: Domain
    field: str = Field(max_length=64)
    device: str | None = Field(None, pattern=DEVICE_PATTERN)
    ts: Time | None = None
    start: Time | None = None
    end: Time | None = None
    stream: str | None = Field(None, pattern=ULID_PATTERN)
    seq: Annotated[int, Field(ge=1, le=LARGEST)] | None = None
    index: Index | None = Field(None, description="Place in its domain's list of the frame, from 0.")
    value: JsonValue = Field(None, description="What is right, in the unit of the field.")
    remove: bool = Field(default=False, description="Take the value away instead.")
    reason: Reason
    by: By = None


class CorrectionsQuery(Page):
    """Which corrections to list."""

    station_id: str | None = Field(None, pattern=STATION_ID_PATTERN)
    since: Time | None = Field(None, description="Those made at or after this time.")


class CorrectedReadingAnswer(BaseModel):
    """One reading and what stood in the field before; null when nothing did."""

    ts: Rfc3339
    stream: str | None
    seq: int | None
    index: int
    old: JsonValue


class CorrectionAnswer(BaseModel):
    """One correction; a list shows the first of its readings."""

    id: str
    at: Rfc3339
    by: str
    reason: str
    station_id: str
    domain: str
    device: str
    field: str
    value: JsonValue
    removed: bool
    count: int = Field(description="How many readings it is about.")
    readings: list[CorrectedReadingAnswer]


class CorrectionMadeAnswer(CorrectionAnswer):
    """A correction just made; one not carried out waits for the store's disk, and will be."""

    carried_out: bool


class CorrectionsAnswer(BaseModel):
    """A page of corrections, newest first."""

    items: list[CorrectionAnswer]
    next: Cursor
