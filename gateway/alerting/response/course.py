"""What a transition does to one alert. Pure: a row and a transition give a row and journal entries.

A latched alert stays open when its condition has cleared, until a person has seen it; the same condition
again then counts into it.
"""

from dataclasses import dataclass, replace

from catalogue.model import Rule, Severity
from gateway.alerting.response.verdicts import HOLDS
from gateway.domain.alerts import Change, Transition, alert_id
from gateway.state.alert_rows import AlertRow, AlertState, Entry, JournalEntry


@dataclass(frozen=True, slots=True)
class Outcome:
    """The alert as it is afterwards, and what its journal says. ``news``: people have to hear of it."""

    row: AlertRow
    entries: tuple[JournalEntry, ...]
    news: bool = False


def identity(transition: Transition) -> str:
    """Name a transition in one word."""
    key, opened, change, severity, at = transition.identity
    return f"{key.rule}|{key.station_id}|{key.device}|{opened}|{change}|{severity}|{at}"


def take(row: AlertRow | None, transition: Transition, rule: Rule, region: str | None) -> Outcome | None:
    """Let a transition happen to the alert it belongs to; None when there is nothing it could change."""
    if row is None:
        return _open(transition, region) if transition.change is not Change.CLEARED else None
    if transition.change is Change.OPENED:
        return _repeat(row, transition)
    if transition.opened != row.episode:
        return None
    if transition.change is Change.CLEARED:
        return _clear(row, transition, rule)
    if transition.change is Change.LOWERED:
        return _lower(row, transition, rule)
    return _raise(row, transition)


def ignore(transition: Transition) -> JournalEntry:
    """Note a transition that changed nothing, lest it change something when it is applied again later."""
    of = alert_id(transition.key, transition.opened)
    return JournalEntry(of, transition.received, Entry.IGNORED, identity=identity(transition))


def merge(row: AlertRow, into: str, now: int) -> Outcome:
    """Close an alert whose episode counts into another."""
    entry = JournalEntry(row.alert_id, now, Entry.MERGED, None, {"into": into})
    return Outcome(*resolved(replace(row, standing=None), now, (entry,)))


def _open(transition: Transition, region: str | None) -> Outcome:
    key = transition.key
    row = AlertRow(
        alert_id=alert_id(key, transition.opened),
        rule=key.rule,
        station_id=key.station_id,
        device=key.device,
        region=region,
        severity=transition.severity,
        standing=transition.severity,
        state=AlertState.FIRING,
        opened=transition.opened,
        episode=transition.opened,
        worsened=transition.at,
        changed=transition.received,
        received=transition.received,
        value=transition.value,
        limit=transition.limit,
        learned=dict(transition.learned),
        retrospective=transition.retrospective,
        incomplete=transition.incomplete,
        decide_at=transition.received,
    )
    return Outcome(row, (_entry(row, transition, Entry.OPENED),), news=True)


def _repeat(row: AlertRow, transition: Transition) -> Outcome | None:
    if transition.opened == row.episode and row.is_open:
        return None
    worse = rank(transition.severity) < rank(row.severity)
    again = replace(
        _told(row, transition),
        count=row.count + 1,
        episode=transition.opened,
        severity=transition.severity if worse else row.severity,
        standing=transition.severity,
    )
    entries = (_entry(again, transition, Entry.REPEATED),)
    if not worse:
        return Outcome(again, entries)
    return Outcome(_news(again, transition), entries, news=True)


def _raise(row: AlertRow, transition: Transition) -> Outcome:
    confirmed = row.retrospective and not transition.retrospective
    raised = replace(
        _told(row, transition),
        severity=transition.severity,
        standing=transition.severity,
        retrospective=row.retrospective and transition.retrospective,
    )
    entry = _entry(raised, transition, Entry.RAISED, {"was": row.severity, "confirmed": confirmed})
    return Outcome(_news(raised, transition), (entry,), news=True)


def _lower(row: AlertRow, transition: Transition, rule: Rule) -> Outcome:
    """What is latched counts as what it was until somebody has seen it."""
    waits = row.state is AlertState.FIRING and latches(rule, row.severity)
    lowered = replace(
        _told(row, transition),
        severity=row.severity if waits else transition.severity,
        standing=transition.severity,
    )
    return Outcome(lowered, (_entry(lowered, transition, Entry.LOWERED, {"was": row.severity}),))


def _clear(row: AlertRow, transition: Transition, rule: Rule) -> Outcome:
    entry = _entry(row, transition, Entry.CLEARED)
    cleared = replace(row, standing=None, changed=transition.received)
    # of one that was kept from people nobody can be asked to see it
    kept = row.announced is None and row.held_by is not None and row.held_by not in HOLDS
    if not row.is_open or (row.state is AlertState.FIRING and latches(rule, row.severity) and not kept):
        return Outcome(cleared, (entry,))
    return Outcome(*resolved(cleared, transition.received, (entry,)))


def resolved(
    row: AlertRow, now: int, entries: tuple[JournalEntry, ...]
) -> tuple[AlertRow, tuple[JournalEntry, ...]]:
    """Return an alert as it is when it is over, and the entries that say so."""
    over = JournalEntry(row.alert_id, now, Entry.RESOLVED)
    closed = replace(
        row,
        state=AlertState.RESOLVED,
        resolved=now,
        changed=now,
        held_by=None,
        decide_at=None,
        snoozed_until=None,
    )
    return closed, (*entries, over)


def _news(row: AlertRow, transition: Transition) -> AlertRow:
    """Nobody's acknowledgement is about what has become worse since."""
    return replace(
        row,
        state=AlertState.FIRING,
        resolved=None,
        verdict=None,
        acknowledged=None,
        lapses=None,
        snoozed_until=None,
        worsened=transition.at,
        decide_at=transition.received,
    )


def _told(row: AlertRow, transition: Transition) -> AlertRow:
    return replace(
        row,
        value=transition.value,
        limit=transition.limit,
        learned=dict(transition.learned) or row.learned,
        incomplete=transition.incomplete,
        changed=transition.received,
        received=transition.received,
    )


def _entry(
    row: AlertRow, transition: Transition, kind: Entry, more: dict[str, object] | None = None
) -> JournalEntry:
    detail: dict[str, object] = {
        "severity": transition.severity,
        "value": transition.value,
        "limit": transition.limit,
        **({"learned": dict(transition.learned)} if transition.learned else {}),
        **({"retrospective": True} if transition.retrospective else {}),
        **({"incomplete": True} if transition.incomplete else {}),
        "at": transition.at,
        **(more or {}),
    }
    return JournalEntry(row.alert_id, transition.received, kind, None, detail, identity(transition))


def latches(rule: Rule, severity: str) -> bool:
    """Whether an alert of this severity stays open until a person has seen it."""
    return rule.is_latched(Severity(severity))


def rank(severity: str) -> int:
    """Return 1 for P1, the worst, to 4."""
    return Severity(severity).rank
