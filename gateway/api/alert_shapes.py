"""The shapes of alerts and rules, as OpenAPI describes them."""

from typing import Literal

from pydantic import BaseModel, Field

from gateway.api.shapes import Cursor, NameAnswer, Rfc3339

SeverityWord = Literal["P1", "P2", "P3", "P4"]
AlertStateWord = Literal["pending", "firing", "acknowledged", "resolved"]
VerdictWord = Literal["real", "false", "test"]


class AlertAnswer(BaseModel):
    """One alert.

    `name` and `station` are what people call the rule and the station; `count` is how often the condition
    came back, `quiet_because` why nobody was told.
    """

    alert_id: str
    rule: str
    name: NameAnswer
    station_id: str
    station: NameAnswer
    region: str | None
    device: str
    severity: SeverityWord
    state: AlertStateWord
    opened: Rfc3339
    changed: Rfc3339
    value: float | str | None
    limit: float | str | None
    by: str | None
    comment: str | None
    retrospective: bool
    incomplete: bool
    verdict: VerdictWord | None
    count: int
    snoozed_until: Rfc3339 | None
    quiet_because: str | None


class AlertsAnswer(BaseModel):
    """A page of alerts, newest first."""

    items: list[AlertAnswer]
    next: Cursor


class TimelineAnswer(BaseModel):
    """One thing that happened to an alert; `by` null for the gateway itself."""

    at: Rfc3339
    kind: str
    by: str | None
    detail: dict[str, object]


class AlertDetailAnswer(AlertAnswer):
    """One alert with all that happened to it; `learned` are the figures of the station it was judged by."""

    first_action: NameAnswer | None
    learned: dict[str, float]
    timeline: list[TimelineAnswer]


class ParameterAnswer(BaseModel):
    """A number of a rule as it is in force: in general, by kind of station, and where a station differs.

    `unit` is a UCUM code, `source` says where the number comes from.
    """

    value: float
    unit: str
    source: str
    profiles: dict[str, float]
    stations: dict[str, float]


class LevelAnswer(BaseModel):
    """One step of gravity: its severity, and for how long its condition must hold (null: by a parameter)."""

    severity: SeverityWord
    for_s: float | None


class RuleAnswer(BaseModel):
    """A rule in force."""

    id: str
    name: NameAnswer
    kind: str
    per: Literal["device", "station", "fleet"]
    severity: SeverityWord = Field(description="The worst it can become.")
    levels: list[LevelAnswer]
    life_safety: bool
    first_action: NameAnswer
    parameters: dict[str, ParameterAnswer]


class RulesAnswer(BaseModel):
    """A page of the rules, by id."""

    items: list[RuleAnswer]
    next: Cursor


class RuleDetailAnswer(RuleAnswer):
    """One rule with why it is there, what inhibits it, and its definition as it is written."""

    reason: NameAnswer
    source: str
    inhibited_by: list[str]
    definition: dict[str, object]


class WouldAnswer(BaseModel):
    """An alert the rules make: its severity is the worst it came to, `cleared` null while it would be open.

    `told` is who would have been called first had no stage of the policy held it back; `was_live` says that
    it was there live.
    """

    alert_id: str
    rule: str
    name: NameAnswer
    station_id: str
    region: str | None
    device: str
    severity: SeverityWord
    opened: Rfc3339
    received: Rfc3339
    cleared: Rfc3339 | None
    value: float | str | None
    limit: float | str | None
    retrospective: bool
    incomplete: bool
    told: str | None
    was_live: bool


class BacktestAnswer(BaseModel):
    """What the rules would have done, beside what was done.

    `complete` is false when the time was up at `judged_until`: ask for the rest from there. `would` and
    `missed` (live alerts these rules do not make) hold at most 1,000 each; the counts count all. `failed`
    are rules that raised, with what they raised.
    """

    start: Rfc3339
    judged_until: Rfc3339
    complete: bool
    frames: int
    would: list[WouldAnswer]
    would_count: int
    missed: list[AlertAnswer]
    missed_count: int
    failed: dict[str, str]
