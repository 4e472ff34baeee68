"""What the operational database keeps of one alert, and of each thing that happened to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.domain.alerts import Figure


class AlertState(StrEnum):
    """Where an alert is in its life; `pending` is known to the engine alone and has no row."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


OPEN = (AlertState.FIRING, AlertState.ACKNOWLEDGED)


class Verdict(StrEnum):
    """What a person found when the alert was closed."""

    REAL = "real"
    FALSE = "false"
    TEST = "test"


class Entry(StrEnum):
    """What the journal of an alert tells."""

    OPENED = "opened"
    REPEATED = "repeated"
    MERGED = "merged"
    IGNORED = "ignored"
    RAISED = "raised"
    LOWERED = "lowered"
    CLEARED = "cleared"
    SUPPRESSED = "suppressed"
    HELD = "held"
    PROMOTED = "promoted"
    ANNOUNCED = "announced"
    ESCALATED = "escalated"
    SUMMARISED = "summarised"
    SENT = "sent"
    NOT_SENT = "not_sent"
    GIVEN_UP = "given_up"
    ACKNOWLEDGED = "acknowledged"
    LAPSED = "lapsed"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert; times ms UTC.

    ``severity`` is what it counts as, ``standing`` what its condition amounts to now (None: it no longer
    holds). ``episode`` is the `opened` of the newest episode counted into it, ``worsened`` when it last
    opened or rose. ``held_by`` is the reason why nobody was told, ``decide_at`` when that is looked at
    again, ``announced`` since when people know.
    """

    alert_id: str
    rule: str
    station_id: str
    device: str
    region: str | None
    severity: str
    standing: str | None
    state: AlertState
    opened: int
    episode: int
    worsened: int
    changed: int
    received: int
    value: Figure = None
    limit: Figure = None
    learned: Mapping[str, float] = field(default_factory=dict)
    retrospective: bool = False
    incomplete: bool = False
    count: int = 1
    by: str | None = None
    comment: str | None = None
    acknowledged: int | None = None
    lapses: int | None = None
    snoozed_until: int | None = None
    resolved: int | None = None
    verdict: Verdict | None = None
    held_by: str | None = None
    decide_at: int | None = None
    announced: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its condition to clear, or for a person."""
        return self.state is not AlertState.RESOLVED

    def snoozed(self, now: int) -> bool:
        """Whether somebody asked not to hear of it at ``now``."""
        return self.snoozed_until is not None and now < self.snoozed_until


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing that happened to an alert; ``by`` a person, None for the gateway itself.

    ``identity`` names a transition, so that applying it twice writes it once.
    """

    alert_id: str
    at: int
    kind: Entry
    by: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
    identity: str | None = None
