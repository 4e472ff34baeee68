"""Who is told of an alert, and when: the stages, in their order.

Each stage looks at one alert and its circumstances and answers with a named reason: the same word stands
in the journal, in the metrics and on the pages. The first that does not pass decides. An alert that is
suppressed is still an alert; it is decided again while its condition holds.
"""

from collections.abc import Callable, Iterable

from catalogue.model import Circumstance, Severity
from gateway.alerting.surroundings import FLAPPING, PLATFORM_OUTAGE, STATION_OFFLINE
from gateway.alerting.verdicts import (
    PASS,
    Candidate,
    Circumstances,
    Hold,
    Pass,
    Send,
    Suppressed,
    Verdict,
    Why,
)
from gateway.domain.schedules import in_force
from gateway.domain.silences import Subject, hiding
from gateway.state.alert_rows import AlertRow

LATE_LIFE_SAFETY_MS = 24 * 3_600_000
"""Contract, section 6: older than this, nobody is woken any more."""
AFTER_LIFE_SAFETY_MS = 600_000
OFFLINE_IS_SURE_MS = 180_000
"""A station is called offline up to this long after it went silent."""
PARENTS_UNKNOWN_MS = 60_000
"""After our own start; by then stations have spoken, or their silence is told."""
GROUP_WAIT_MS = 15_000
"""An undervoltage is judged after 10 s, the outage that explains it after 20 s: it must wait."""
GROUP_EVERY_MS = 60_000


Stage = Callable[[Candidate, Circumstances], Verdict]


def decide(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Ask the stages in their order; the first that does not pass decides."""
    for stage in STAGES:
        verdict = stage(candidate, circumstances)
        if not isinstance(verdict, Pass):
            return verdict
    return PASS


def life_safety(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Smoke, CO, panic and fall are told at once, unless they are older than a day."""
    alert = candidate.alert
    if not candidate.rule.life_safety or alert.snoozed(circumstances.now):
        return PASS
    age = alert.received - alert.opened
    if alert.retrospective and age > LATE_LIFE_SAFETY_MS:
        return Suppressed(Why.RETROSPECTIVE)
    return Send(Why.LIFE_SAFETY)


def offline_after_life_safety(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """A station that falls silent right after an alarm for somebody's life may be burning."""
    endangered = circumstances.endangered
    if candidate.alert.rule != STATION_OFFLINE or endangered is None:
        return PASS
    silent_after = candidate.alert.opened - endangered
    if silent_after > AFTER_LIFE_SAFETY_MS + OFFLINE_IS_SURE_MS:
        return PASS
    return Send(Why.OFFLINE_AFTER_LIFE_SAFETY, severity="P1")


def retrospective(candidate: Candidate, _circumstances: Circumstances) -> Verdict:
    """What was true in the past is told only when a live reading confirms it."""
    return Suppressed(Why.RETROSPECTIVE) if candidate.alert.retrospective else PASS


def commissioning(_candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """A station that is being set up plays every fault there is."""
    return Suppressed(Why.COMMISSIONING) if circumstances.station.mode == "commissioning" else PASS


def planned_off(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """The power is off because nobody is there: what needs power is off, too."""
    return _explained(candidate, circumstances, Why.PLANNED_OFF)


def maintenance(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Planned work explains the small faults, and every open door.

    An alert that began within a window belongs to the work also after it: only new conditions are told.
    """
    return _explained(candidate, circumstances, Why.MAINTENANCE)


def fleet_collapse(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """When the platform is out, one alert says so for all stations."""
    if candidate.alert.rule == PLATFORM_OUTAGE:
        return PASS
    outage = _standing(circumstances.open_platform, {PLATFORM_OUTAGE})
    explained = candidate.alert.rule in {STATION_OFFLINE, FLAPPING} or _silent(circumstances)
    return Suppressed(Why.PLATFORM_OUTAGE, outage.alert_id) if outage is not None and explained else PASS


def parent_unknown(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Right after our own start, silence may be ours: wait until the station has spoken, or a minute."""
    until = circumstances.started + PARENTS_UNKNOWN_MS
    heard = circumstances.station.heard
    spoken = heard is not None and heard >= circumstances.started
    if circumstances.now >= until or candidate.alert.rule == PLATFORM_OUTAGE:
        return PASS
    return PASS if spoken and candidate.alert.rule != STATION_OFFLINE else Hold(until, Why.PARENT_UNKNOWN)


def parent_down(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """A station that is offline is one alert, not one for each of its devices."""
    if candidate.alert.rule in {STATION_OFFLINE, FLAPPING, PLATFORM_OUTAGE}:
        return PASS
    offline = _standing(circumstances.open_here, {STATION_OFFLINE})
    return Suppressed(Why.PARENT_DOWN, offline.alert_id) if offline is not None else PASS


def inhibited(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Another alert or state at the station explains this one."""
    verdict = _explained(candidate, circumstances, *(one.id for one in circumstances.graph))
    if not isinstance(verdict, Pass):
        return verdict
    others = [a for a in circumstances.open_here if a.alert_id != candidate.alert.alert_id]
    cause = _standing(others, candidate.rule.inhibited_by)
    return PASS if cause is None else Suppressed(cause.rule, cause.alert_id)


def silenced(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Somebody decided not to hear of it, until a stated end."""
    alert = candidate.alert
    region = circumstances.station.region
    subject = Subject(alert.station_id, region, alert.rule, alert.severity, candidate.rule.life_safety)
    silence = hiding(circumstances.silences, subject, circumstances.now)
    return Suppressed(Why.SILENCED, silence.id) if silence is not None else PASS


def snoozed(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Somebody asked not to hear of this very alert for a while."""
    until = candidate.alert.snoozed_until
    return Hold(until, Why.SNOOZED) if until is not None and circumstances.now < until else PASS


def flapping(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """A link that comes and goes is told once, as such."""
    if candidate.alert.rule != STATION_OFFLINE:
        return PASS
    unstable = _standing(circumstances.open_here, {FLAPPING})
    return Suppressed(Why.FLAPPING, unstable.alert_id) if unstable is not None else PASS


def start_up(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Meters and sensors need a while after their box has started; what is urgent does not wait."""
    booted = circumstances.station.booted
    if booted is None or candidate.alert.severity == "P1":
        return PASS
    until = booted + circumstances.days.start_up_grace_ms
    return Hold(until, Why.START_UP) if circumstances.now < until else PASS


def night(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """P3 is for the day it happens on, P4 for the digest: neither wakes anybody."""
    days, now, severity = circumstances.days, circumstances.now, candidate.alert.severity
    if severity == "P3" and not days.is_day(now):
        return Hold(days.next_digest(now), Why.NIGHT)
    if severity == "P4" and not days.in_digest(now):
        return Hold(days.next_digest(now), Why.DIGEST)
    return PASS


def grouping(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """P1 goes alone and at once; of the rest, a station is told of once in 60 s."""
    alert = candidate.alert
    if alert.severity == "P1":
        return PASS
    ripe = alert.changed + GROUP_WAIT_MS
    if circumstances.told is not None:
        ripe = max(ripe, circumstances.told + GROUP_EVERY_MS)
    return Hold(ripe, Why.GROUPING) if circumstances.now < ripe else PASS


STAGES: tuple[Stage, ...] = (
    life_safety,
    offline_after_life_safety,
    retrospective,
    commissioning,
    planned_off,
    maintenance,
    fleet_collapse,
    parent_unknown,
    parent_down,
    inhibited,
    silenced,
    snoozed,
    flapping,
    start_up,
    night,
    grouping,
)


def _explained(candidate: Candidate, circumstances: Circumstances, *ids: str) -> Verdict:
    """Ask those circumstances of the catalogue that are about this rule and severity."""
    severity = Severity(candidate.alert.severity)
    for one in circumstances.graph:
        if one.id in ids and one.covers(candidate.rule, severity):
            by = _held_by(one, candidate.alert, circumstances)
            if by is not None:
                return Suppressed(one.id, by)
    return PASS


def _held_by(one: Circumstance, alert: AlertRow, circumstances: Circumstances) -> str | None:
    """Return what makes a circumstance hold for an alert: an alert, a window, or a state of the station."""
    if one.id in circumstances.station.holding:
        return one.id
    alerts = [*circumstances.open_here, *circumstances.open_platform]
    if one.device == "same":
        alerts = [other for other in alerts if other.device == alert.device]
    cause = _standing((other for other in alerts if other.alert_id != alert.alert_id), one.rules)
    if cause is not None:
        return cause.alert_id
    return _window(alert, circumstances) if one.window else None


def _window(alert: AlertRow, circumstances: Circumstances) -> str | None:
    """Return the maintenance window that is open, or that was when the alert began or rose."""
    region, tz = circumstances.station.region, circumstances.station.tz
    for at in (circumstances.now, alert.worsened):
        window = in_force(circumstances.windows, alert.station_id, region, alert.device, at, tz)
        if window is not None:
            return window.id
    return None


def _standing(alerts: Iterable[AlertRow], rules: Iterable[str]) -> AlertRow | None:
    """Return an alert of these rules whose condition holds now."""
    wanted = frozenset(rules)
    return next(
        (a for a in alerts if a.rule in wanted and a.standing is not None and not a.retrospective), None
    )


def _silent(circumstances: Circumstances) -> bool:
    heard = circumstances.station.heard
    return heard is None or circumstances.now - heard > OFFLINE_IS_SURE_MS
