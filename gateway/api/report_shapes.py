"""The shapes of reports, as OpenAPI describes them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.api.shapes import Rfc3339
from gateway.api.values import Strict
from gateway.queries.reports.period import Period
from wire.topics import REGION_PATTERN, STATION_ID_PATTERN


def _check_period(text: str) -> str:
    Period.parse(text)
    return text


PeriodText = Annotated[str, Field(max_length=10), AfterValidator(_check_period)]
RegionName = Annotated[str, Field(pattern=REGION_PATTERN)]


class ReportQuery(Strict):
    """Which figures, of when, of which stations."""

    period: PeriodText = Field(description="2026, 2026-11 or 2026-11-20, in the clock of each station.")
    station_id: str | None = Field(None, pattern=STATION_ID_PATTERN)
    region: RegionName | None = None
    lang: Literal["zh", "en"] = "zh"
    public: bool = Field(
        default=False, description="Hide small cells, as it is always done for the role viewer."
    )
    version: int | None = Field(
        None,
        ge=0,
        description="One published version of `region`; 0: the figures as they are now. Else the newest.",
    )


class VersionsQuery(Strict):
    """Which report was published."""

    period: PeriodText
    region: RegionName


class PublishBody(Strict):
    """What to freeze. ``region`` may be left out by who sees one only."""

    period: PeriodText
    region: RegionName | None = None
    by: str | None = Field(None, min_length=1, max_length=64)


class ColumnAnswer(BaseModel):
    """One column; ``unit`` by UCUM, empty for words."""

    key: str
    unit: str
    label: str


class DifferenceAnswer(BaseModel):
    """A cell that was another one in the version before."""

    row: dict[str, object]
    column: str
    old: object
    new: object
    reason: Literal["late_data", "correction"]


class PublicationAnswer(BaseModel):
    """One version of a region's report."""

    kind: str
    period: str
    region: str
    version: int
    at: Rfc3339
    by: str
    differences: list[DifferenceAnswer]


class PublicationsAnswer(BaseModel):
    """Every version, the newest first."""

    items: list[PublicationAnswer]
    next: None


class ReportRow(BaseModel):
    """One row: a value for each column, null where there is no figure."""

    model_config = ConfigDict(extra="allow")


class ReportAnswer(BaseModel):
    """A report; ``published`` has the version its figures were taken from, by region."""

    kind: str
    title: str
    period: str
    lang: Literal["zh", "en"]
    columns: list[ColumnAnswer]
    items: list[ReportRow]
    next: None
    published: list[PublicationAnswer]
