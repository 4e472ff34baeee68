"""What policy is asked about an alert, and what it can answer."""

from dataclasses import dataclass, field
from enum import StrEnum

from catalogue.model import Circumstance, Rule
from gateway.alerting.response.calendar import Days
from gateway.alerting.response.surroundings import StationFacts
from gateway.domain.schedules import Maintenance
from gateway.domain.silences import Silence
from gateway.state.alert_rows import AlertRow


class Why(StrEnum):
    """Reasons, as journal, metrics and pages call them; besides them, the ids of circumstances."""

    LIFE_SAFETY = "life_safety"
    DAILY_TEST = "daily_test"
    OFFLINE_AFTER_LIFE_SAFETY = "offline_after_life_safety"
    RETROSPECTIVE = "retrospective"
    COMMISSIONING = "commissioning"
    PLANNED_OFF = "planned_off"
    MAINTENANCE = "maintenance"
    PLATFORM_OUTAGE = "platform_outage"
    PARENT_UNKNOWN = "parent_unknown"
    PARENT_DOWN = "station_offline"
    SILENCED = "silenced"
    SNOOZED = "snoozed"
    FLAPPING = "flapping"
    START_UP = "start_up"
    NIGHT = "night"
    DIGEST = "digest"
    GROUPING = "grouping"


HOLDS = frozenset({Why.PARENT_UNKNOWN, Why.SNOOZED, Why.START_UP, Why.NIGHT, Why.DIGEST, Why.GROUPING})
"""Reasons to wait; the others are reasons not to tell."""


@dataclass(frozen=True, slots=True)
class Pass:
    """The next stage decides; past the last one, people are told."""


@dataclass(frozen=True, slots=True)
class Send:
    """People are told at once, whatever later stages would say; ``severity`` raises it."""

    reason: Why
    severity: str | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Nobody is told while this lasts; ``by`` is the alert, window or silence that does it."""

    reason: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Decided again at ``until`` (ms UTC)."""

    until: int
    reason: str


Verdict = Pass | Send | Suppressed | Hold
PASS = Pass()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alert that people might be told of."""

    alert: AlertRow
    rule: Rule


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything a stage may look at; times ms UTC.

    ``started`` is when this gateway did. ``open_here`` are the open alerts of the station, ``open_platform``
    those of the gateway itself; ``alarms`` the life-safety alerts that opened or rose here of late,
    open or not; ``told`` is when people were last told of this station, ``graph`` what explains what.
    """

    now: int
    started: int
    days: Days
    graph: tuple[Circumstance, ...] = ()
    station: StationFacts = field(default_factory=StationFacts)
    open_here: tuple[AlertRow, ...] = ()
    open_platform: tuple[AlertRow, ...] = ()
    alarms: tuple[AlertRow, ...] = ()
    told: int | None = None
    windows: tuple[Maintenance, ...] = ()
    silences: tuple[Silence, ...] = ()
