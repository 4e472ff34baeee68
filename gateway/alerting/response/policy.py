"""Who is told of an alert, and when: the stages, in their order.

Each stage looks at one alert and its circumstances and answers with a named reason: the same word stands
in the journal, in the metrics and on the pages. The first that does not pass decides. An alert that is
suppressed is still an alert; it is decided again while its condition holds.
"""

from collections.abc import Callable

from gateway.alerting.response.duty_rules import DAILY_TEST
from gateway.alerting.response.explaining import covering, explained, standing
from gateway.alerting.response.surroundings import FLAPPING, GATEWAY, STATION_OFFLINE
from gateway.alerting.response.verdicts import (
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
from gateway.domain.silences import Subject, hiding

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


def daily_test(candidate: Candidate, _circumstances: Circumstances) -> Verdict:
    """The test message goes out at its hour, whatever else is the matter."""
    return Send(Why.DAILY_TEST) if candidate.alert.rule == DAILY_TEST.id else PASS


def offline_after_life_safety(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """A station that falls silent right after an alarm for somebody's life may be burning."""
    if candidate.alert.rule != STATION_OFFLINE:
        return PASS
    since = candidate.alert.opened - AFTER_LIFE_SAFETY_MS - OFFLINE_IS_SURE_MS
    endangered = any(alarm.worsened >= since for alarm in circumstances.alarms)
    return Send(Why.OFFLINE_AFTER_LIFE_SAFETY, severity="P1") if endangered else PASS


def retrospective(candidate: Candidate, _circumstances: Circumstances) -> Verdict:
    """What was true in the past is told only when a live reading confirms it."""
    return Suppressed(Why.RETROSPECTIVE) if candidate.alert.retrospective else PASS


def commissioning(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """A station that is being set up plays every fault there is."""
    return explained(candidate, circumstances, Why.COMMISSIONING)


def planned_off(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """The power is off because nobody is there: what needs power is off, too."""
    return explained(candidate, circumstances, Why.PLANNED_OFF)


def maintenance(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Planned work explains the small faults, and every open door.

    An alert that began within a window belongs to the work also after it: only new conditions are told.
    """
    return explained(candidate, circumstances, Why.MAINTENANCE)


def fleet_collapse(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """When the platform is out, one alert says so for all stations."""
    return explained(candidate, circumstances, Why.PLATFORM_OUTAGE)


def parent_unknown(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Right after our own start, silence may be ours: wait until the station has spoken, or a minute."""
    until = circumstances.started + PARENTS_UNKNOWN_MS
    if circumstances.now >= until or candidate.alert.station_id == GATEWAY:
        return PASS
    heard = circumstances.station.heard
    spoken = heard is not None and heard >= circumstances.started
    return PASS if spoken and candidate.alert.rule != STATION_OFFLINE else Hold(until, Why.PARENT_UNKNOWN)


def parent_down(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """A station that is offline is one alert, not one for each of its devices."""
    return explained(candidate, circumstances, Why.PARENT_DOWN)


def inhibited(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Another alert or state at the station explains this one."""
    others = (one.id for one in circumstances.graph if one.id != Why.START_UP)
    verdict = explained(candidate, circumstances, *others)
    if not isinstance(verdict, Pass):
        return verdict
    cause = standing(candidate.alert, circumstances.open_here, candidate.rule.inhibited_by)
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
    unstable = standing(candidate.alert, circumstances.open_here, {FLAPPING})
    return Suppressed(Why.FLAPPING, unstable.alert_id) if unstable is not None else PASS


def start_up(candidate: Candidate, circumstances: Circumstances) -> Verdict:
    """Meters and sensors need a while after their box has started; what is urgent does not wait."""
    booted = circumstances.station.booted
    if booted is None or not any(one.id == Why.START_UP for one in covering(candidate, circumstances)):
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
    daily_test,
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
