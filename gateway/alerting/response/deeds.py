"""What people, and the passing of time, do to one alert. Pure: row and deed give row and journal entries."""

from dataclasses import replace

from gateway.alerting.response.course import Outcome, resolved
from gateway.state.alert_rows import AlertRow, AlertState, Entry, JournalEntry, Verdict


def acknowledge(row: AlertRow, by: str, comment: str, now: int, lasts_ms: int) -> Outcome:
    """Note that somebody takes it; what has cleared meanwhile is over, what holds counts as it is now."""
    entry = JournalEntry(row.alert_id, now, Entry.ACKNOWLEDGED, by, {"comment": comment})
    taken = replace(
        row,
        state=AlertState.ACKNOWLEDGED,
        by=by,
        comment=comment,
        acknowledged=now,
        lapses=now + lasts_ms,
        snoozed_until=None,
        changed=now,
        held_by=None,
        decide_at=None,
    )
    if row.standing is None:
        return Outcome(*resolved(taken, now, (entry,)))
    return Outcome(replace(taken, severity=row.standing), (entry,))


def snooze(row: AlertRow, by: str, comment: str, until: int, now: int) -> Outcome:
    """Leave people alone until ``until``; then it is decided again. An acknowledgement lasts until then."""
    entry = JournalEntry(row.alert_id, now, Entry.SNOOZED, by, {"comment": comment, "until": until})
    snoozed = replace(row, by=by, comment=comment, snoozed_until=until, changed=now)
    if row.state is AlertState.ACKNOWLEDGED:
        return Outcome(replace(snoozed, lapses=max(row.lapses or until, until)), (entry,))
    return Outcome(replace(snoozed, decide_at=until), (entry,))


def resolve(row: AlertRow, by: str, comment: str, verdict: Verdict, now: int) -> Outcome:
    """Close it with a verdict; one that was over before gets the verdict it lacked."""
    detail = {"comment": comment, "verdict": verdict}
    entry = JournalEntry(row.alert_id, now, Entry.RESOLVED, by, detail)
    closed = replace(
        row,
        state=AlertState.RESOLVED,
        by=by,
        comment=comment,
        verdict=verdict,
        resolved=row.resolved or now,
        changed=now,
        held_by=None,
        decide_at=None,
        snoozed_until=None,
    )
    return Outcome(closed, (entry,))


def lapse(row: AlertRow, now: int) -> Outcome:
    """Forget an acknowledgement that has lasted long enough: its condition still holds."""
    entry = JournalEntry(row.alert_id, now, Entry.LAPSED, None, {"by": row.by})
    return Outcome(
        replace(row, state=AlertState.FIRING, acknowledged=None, lapses=None, changed=now, decide_at=now),
        (entry,),
        news=True,
    )


def promote(row: AlertRow, severity: str, reason: str, now: int) -> Outcome:
    """Raise an alert because of what happened around it."""
    detail = {"severity": severity, "was": row.severity, "reason": reason}
    entry = JournalEntry(row.alert_id, now, Entry.PROMOTED, None, detail)
    return Outcome(replace(row, severity=severity, changed=now), (entry,))
