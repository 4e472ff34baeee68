"""Silences: somebody decided, until a stated end, not to be told of some alerts.

A silence hides messages; alerts open, change and close as ever. It hides nothing that is about a life.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.domain.local_time import DAY_MS

LONGEST_MS = 366 * DAY_MS
IDLE_MS = 7 * DAY_MS
"""A silence that hid nothing for so long, and hides nothing now, was forgotten and ends by itself."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a silence may be about: one alert, as far as it matters here."""

    station_id: str
    region: str | None
    rule: str
    severity: str
    life_safety: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Which alerts: every field that is given must be the alert's; ValueError when none is given."""

    station_id: str | None = None
    region: str | None = None
    rule: str | None = None
    severity: str | None = None

    def __post_init__(self) -> None:
        if not any((self.station_id, self.region, self.rule, self.severity)):
            raise ValueError("match: give at least one of station_id, region, rule, severity")

    def admits(self, subject: Subject) -> bool:
        """Whether an alert is meant, be it one that no silence may hide."""
        return (
            self.station_id in {None, subject.station_id}
            and self.region in {None, subject.region}
            and self.rule in {None, subject.rule}
            and self.severity in {None, subject.severity}
        )

    def hides(self, subject: Subject) -> bool:
        """Whether no message goes out for an alert."""
        return self.admits(subject) and not subject.life_safety


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence as decided: times in ms UTC, ``end`` not in it; ValueError when it has no proper end."""

    id: str
    match: Match
    reason: str
    by: str
    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("end: it must be after start")
        if self.end - self.start > LONGEST_MS:
            raise ValueError("end: a silence lasts a year at most; planned work is a maintenance window")

    def in_force(self, at: int) -> bool:
        """Whether it hides anything at ``at``."""
        return self.start <= at < self.end


def hiding(silences: Iterable[Silence], subject: Subject, at: int) -> Silence | None:
    """Return the silence that keeps an alert quiet at ``at``: of several the one that ends last."""
    quiet = (s for s in silences if s.in_force(at) and s.match.hides(subject))
    return max(quiet, key=lambda silence: silence.end, default=None)


def idle(silence: Silence, last_hid: int | None, open_now: Iterable[Subject], at: int) -> bool:
    """Whether a silence may end by itself: in force, and for a week nothing was there for it to hide.

    ``last_hid`` is when it last kept a message back (ms UTC), None for never.
    """
    quiet_since = max(silence.start, last_hid or 0)
    if not silence.in_force(at) or at - quiet_since < IDLE_MS:
        return False
    return not any(silence.match.hides(subject) for subject in open_now)
