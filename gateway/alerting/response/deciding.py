"""Policy carried out: circumstances are gathered, stages asked, and their answers become rows."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from catalogue.model import Rule
from gateway.alerting.response.calendar import Days
from gateway.alerting.response.course import latches
from gateway.alerting.response.deeds import promote
from gateway.alerting.response.docket import Docket
from gateway.alerting.response.duty_rules import DAILY_TEST
from gateway.alerting.response.escalation import Call, advance, begin, plan_of
from gateway.alerting.response.outbox import Telling
from gateway.alerting.response.policy import AFTER_LIFE_SAFETY_MS, OFFLINE_IS_SURE_MS, decide
from gateway.alerting.response.settings import OnCallSettings
from gateway.alerting.response.surroundings import GATEWAY, Surroundings
from gateway.alerting.response.verdicts import Candidate, Circumstances, Hold, Send, Suppressed, Verdict, Why
from gateway.domain.oncall import Override, Rota, chain
from gateway.domain.schedules import Maintenance
from gateway.domain.silences import Silence
from gateway.notify.notifier import Kind
from gateway.state.alert_rows import AlertRow, AlertState, Entry, JournalEntry

LOOK_AGAIN_MS = 15_000
"""How soon after a suppression has ended its alerts are decided again."""


@dataclass(frozen=True, slots=True)
class Plans:
    """What people have planned: maintenance, silences, who stands in for whom."""

    windows: tuple[Maintenance, ...]
    silences: tuple[Silence, ...]
    overrides: tuple[Override, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Decides for one gateway, that started at ``started`` (ms UTC)."""

    surroundings: Surroundings
    on_call: OnCallSettings
    rota: Rota
    days: Days
    started: int
    kept: Callable[[str], None] = lambda _reason: None
    """Called with the reason whenever an alert is kept from people, for a while or altogether."""

    def rule(self, rule_id: str) -> Rule:
        """Return a rule, or a stand-in for one that is gone."""
        return self.surroundings.known_rule(rule_id)

    def decide(self, docket: Docket, rows: Iterable[AlertRow], plans: Plans) -> None:
        """Ask the stages about alerts, and tell, hold or suppress them as they say."""
        by_station: dict[str, list[AlertRow]] = defaultdict(list)
        for row in rows:
            by_station[row.station_id].append(row)
        docket.load(by_station)
        alarms = self._alarms(docket, by_station)
        told = docket.state.notifications.last_told(docket.connection, by_station)
        for station_id, theirs in by_station.items():
            around = self._circumstances(docket, station_id, plans)
            around = replace(around, alarms=alarms.get(station_id, ()), told=told.get(station_id))
            self._decide_at(docket, station_id, theirs, around, plans)

    def escalate(self, docket: Docket, limit: int, plans: Plans) -> None:
        """Take the steps that are due."""
        due = docket.state.escalations.due(docket.connection, docket.now, limit)
        rows = docket.state.alerts.among(docket.connection, [one.alert_id for one in due])
        firing = {row.alert_id: row for row in docket.take_up(rows) if row.state is AlertState.FIRING}
        for one in due:
            row = firing.get(one.alert_id)
            if row is None:
                docket.escalate(one.alert_id, None)
                continue
            duties = chain(self.rota, plans.overrides, docket.now, row.region, row.severity)
            plan = plan_of(self.on_call, row.severity)
            call, after = advance(plan, one, duties, self.rota.people, docket.now)
            docket.escalate(one.alert_id, after)
            if call is not None:
                self._call(docket, row, call, Kind.ESCALATION if call.number else Kind.ALERT)

    def tell_resolved(self, docket: Docket, rows: Sequence[AlertRow]) -> None:
        """Tell those who were told of an alert that it is over."""
        told = docket.state.alerts.told(docket.connection, [row.alert_id for row in rows])
        for row in rows:
            docket.escalate(row.alert_id, None)
            for recipient in _recipients(told.get(row.alert_id, ())):
                docket.tellings.append(Telling(Kind.RESOLVED, recipient, (row,)))

    # -- one station ---------------------------------------------------------------------------------------

    def _decide_at(
        self,
        docket: Docket,
        station_id: str,
        rows: Sequence[AlertRow],
        circumstances: Circumstances,
        plans: Plans,
    ) -> None:
        for row in sorted(rows, key=lambda row: (row.severity, row.opened)):
            if row.state is not AlertState.FIRING:
                docket.change(replace(row, decide_at=None))
                continue
            # those that were dealt with before it may have been promoted
            open_here = tuple(docket.open_at(station_id))
            candidate = Candidate(row, self.rule(row.rule))
            verdict = decide(candidate, replace(circumstances, open_here=open_here))
            self._carry_out(docket, row, verdict, plans)

    def _circumstances(self, docket: Docket, station_id: str, plans: Plans) -> Circumstances:
        return Circumstances(
            now=docket.now,
            started=self.started,
            days=self.days,
            graph=self.surroundings.circumstances,
            station=self.surroundings.station(station_id),
            open_platform=tuple(docket.open_at(GATEWAY)),
            windows=plans.windows,
            silences=plans.silences,
        )

    def _alarms(self, docket: Docket, station_ids: Iterable[str]) -> dict[str, tuple[AlertRow, ...]]:
        """Return by station the life-safety alerts after which it may have fallen silent."""
        since = docket.now - AFTER_LIFE_SAFETY_MS - 2 * OFFLINE_IS_SURE_MS
        recent = docket.state.alerts.recent(docket.connection, station_ids, since)
        return {
            station_id: tuple(row for row in docket.take_up(rows) if self.rule(row.rule).life_safety)
            for station_id, rows in recent.items()
        }

    def _carry_out(self, docket: Docket, row: AlertRow, verdict: Verdict, plans: Plans) -> None:
        match verdict:
            case Suppressed(reason, by):
                if reason == Why.SILENCED:
                    docket.hid.add(by)
                self._wait(docket, row, Entry.SUPPRESSED, reason, docket.now + LOOK_AGAIN_MS, by)
            case Hold(until, reason):
                self._wait(docket, row, Entry.HELD, reason, until)
            case Send(reason, severity):
                if severity is not None and severity < row.severity:
                    promoted = promote(row, severity, reason, docket.now)
                    docket.put(promoted)
                    row = promoted.row
                    self._hurry(docket, row.station_id)
                self._announce(docket, row, reason, plans)
            case _:
                self._announce(docket, row, row.held_by or "", plans)

    def _wait(
        self, docket: Docket, row: AlertRow, kind: Entry, reason: str, until: int, by: str = ""
    ) -> None:
        entries = []
        if row.held_by != reason:
            detail = (
                {"reason": reason, "until": until} if kind is Entry.HELD else {"reason": reason, "by": by}
            )
            entries.append(JournalEntry(row.alert_id, docket.now, kind, None, detail))
            self.kept(reason)
        docket.change(replace(row, held_by=reason, decide_at=until), *entries)

    def _hurry(self, docket: Docket, station_id: str) -> None:
        """Take the next step of what endangers somebody at a station that has fallen silent."""
        for other in docket.open_at(station_id):
            going = docket.state.escalations.find(docket.connection, other.alert_id)
            if going is not None and self.rule(other.rule).life_safety:
                docket.escalate(other.alert_id, replace(going, next_at=docket.now))

    # -- telling -------------------------------------------------------------------------------------------

    def _announce(self, docket: Docket, row: AlertRow, reason: str, plans: Plans) -> None:
        plan = plan_of(self.on_call, row.severity)
        duties = chain(self.rota, plans.overrides, docket.now, row.region, row.severity)
        start = begin(plan, row.alert_id, docket.now)
        call, after = advance(plan, start, duties, self.rota.people, docket.now)
        docket.escalate(row.alert_id, after)
        announced = replace(row, announced=row.announced or docket.now, held_by=None, decide_at=None)
        docket.change(announced)
        if call is not None:
            known = row.announced is not None
            self._call(docket, announced, call, _kind(row, reason), reason, known=known)

    def _call(
        self,
        docket: Docket,
        row: AlertRow,
        call: Call,
        kind: Kind,
        reason: str = "",
        *,
        known: bool = False,
    ) -> None:
        detail: dict[str, object] = {"severity": row.severity, "to": [list(pair) for pair in call.to]}
        if kind is Kind.ESCALATION:
            detail |= {"step": call.number, "waited_ms": call.waited_ms}
        if reason:
            detail["reason"] = reason
        told = self._said(docket, row) if known else None
        journal = Entry.ESCALATED if kind is Kind.ESCALATION else Entry.ANNOUNCED
        docket.change(row, JournalEntry(row.alert_id, docket.now, journal, None, detail))
        more: dict[str, object] = {}
        if kind is Kind.ESCALATION:
            more = {"step": call.number, "waited_s": call.waited_ms // 1_000}
        elif told is not None:
            more = {"was": {row.alert_id: told}}
        life_safety = self.rule(row.rule).life_safety
        for recipient in call.to:
            docket.tellings.append(Telling(kind, recipient, (row,), life_safety, more))

    def _said(self, docket: Docket, row: AlertRow) -> str | None:
        """Return the severity people were told before, if that was milder."""
        entries = docket.state.alerts.told(docket.connection, [row.alert_id]).get(row.alert_id, [])
        before = str(entries[-1].detail.get("severity", "")) if entries else ""
        return before if before > row.severity else None


def _kind(row: AlertRow, reason: str) -> Kind:
    if row.rule == DAILY_TEST.id:
        return Kind.TEST
    return Kind.DIGEST if reason in {Why.NIGHT, Why.DIGEST} or row.severity == "P4" else Kind.ALERT


def awaits_person(row: AlertRow, rule: Rule) -> bool:
    """Whether the condition has cleared but only a person closes the alert."""
    return row.state is AlertState.FIRING and row.standing is None and latches(rule, row.severity)


def _recipients(entries: Iterable[JournalEntry]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for entry in entries:
        to = entry.detail.get("to")
        for person, channel in to if isinstance(to, list) else ():
            found[person, channel] = None
    return list(found)
