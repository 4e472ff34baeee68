"""The shapes of the rota, as OpenAPI describes them."""

from pydantic import BaseModel, Field

from gateway.api.alert_shapes import SeverityWord
from gateway.api.duty_shapes import By
from gateway.api.shapes import Rfc3339
from gateway.api.values import Strict, Time
from wire.topics import REGION_PATTERN


class OverrideBody(Strict):
    """Somebody else on call for a while: for a layer, or, without, ahead of all layers."""

    person: str = Field(min_length=1, max_length=64)
    start: Time
    end: Time
    layer: str | None = Field(None, min_length=1, max_length=64)
    region: str | None = Field(None, pattern=REGION_PATTERN)
    reason: str = Field("", max_length=500)
    by: By = None


class OverrideAnswer(BaseModel):
    """Somebody else on call for a while."""

    id: str
    person: str
    start: Rfc3339
    end: Rfc3339
    layer: str | None
    region: str | None
    reason: str
    by: str


class DutyAnswer(BaseModel):
    """Somebody on duty, and by what: the name of a layer, `override` or `fallback`."""

    person: str
    by: str


class ChainAnswer(BaseModel):
    """Who is called for a severity in a region (null: any other), first to last."""

    region: str | None
    severity: SeverityWord
    chain: list[DutyAnswer]


class GapAnswer(BaseModel):
    """A time in the next 14 days when only the fallback person is left."""

    region: str | None
    severity: SeverityWord
    start: Rfc3339
    end: Rfc3339


class PersonAnswer(BaseModel):
    """Somebody who can be called; `unreachable_from` is when a shift begins that no channel reaches."""

    id: str
    name: str
    channels: list[str]
    unreachable_from: Rfc3339 | None


class LayerAnswer(BaseModel):
    """People who take turns."""

    name: str
    people: list[str]
    first_day: str
    days: int
    handover: str
    regions: list[str]
    severities: list[SeverityWord]


class RotaAnswer(BaseModel):
    """Who is on call. `set` is false while the settings say nothing of it: messages go to the console log.

    `holidays_missing` is a year whose public holidays should be known by now and are not.
    """

    set: bool
    at: Rfc3339
    tz: str | None
    fallback: str | None
    people: list[PersonAnswer]
    layers: list[LayerAnswer]
    now: list[ChainAnswer]
    gaps: list[GapAnswer]
    overrides: list[OverrideAnswer]
    holidays_missing: int | None
