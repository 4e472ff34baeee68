"""event: a device says itself that something is the matter."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from catalogue.conditions import Compare
from catalogue.kinds.event import Event as EventSpec
from catalogue.model import Rule
from catalogue.walking import walk
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.kind import FOREVER, Active, judged
from gateway.alerting.detection.kinds.occurring import Deadlines, Whom, instant
from gateway.alerting.detection.kinds.threshold import fields_asked
from gateway.alerting.detection.moment import Moment, covers_ms, moment_of
from gateway.alerting.detection.rows import Rows
from gateway.alerting.detection.sieve import Sieve
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Judgement
from wire.measures import EVENT_FIELDS, MEASURES

_Turn = tuple[int, int, int, int]


@dataclass(slots=True)
class _Holding:
    """An event that goes on saying so: until a time of receipt (ms), or its end (None).

    ``lag`` is how long after it was taken it was received.
    """

    until: int | None
    level: int
    lag: int


class Event:
    """Follows events of the subjects by device, and the states that say the same."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sieve = Sieve(plan)
        rule = plan.rule
        self._names = {one.name.partition(".")[2] for one in rule.subjects}
        self._fields = tuple(field.name for field in EVENT_FIELDS.get(plan.domain, ()))
        self._states = _states(rule, plan.domain)
        plan.add("or_while", lambda rule: _spec(rule).or_while)
        self._holding: dict[Whom, _Holding] = {}
        self._deadlines = Deadlines()
        self.reads = fields_asked(rule)

    def take(self, view: View, active: Active) -> Iterator[Judgement]:
        """Judge events, and readings of the states, in order of receipt."""
        turns = sorted([*self._events(view), *self._readings(view, active)], key=lambda turn: turn[0])
        for order, rows, row, is_event in turns:
            yield from self.advance(order[0], view)
            yield from self._happens(view, rows, row) if is_event else self._reads(view, rows, row)

    def advance(self, now: int, view: View) -> Iterator[Judgement]:
        """End what lasted its time."""
        for at, whom, _ in self._deadlines.due(now):
            holding = self._holding.get(whom)
            if holding is not None and holding.until is not None and holding.until <= at:
                del self._holding[whom]
                moment = instant(self._plan, view, whom, at - holding.lag, at)
                # a state that nobody can tell does not go on saying what the event said
                found = self._state(moment) is True
                yield self._plan.judge(moment, found=found, covers=FOREVER)

    def save(self) -> object:
        """Return what holds, and until when."""
        holding = {whom: (one.until, one.level, one.lag) for whom, one in self._holding.items()}
        return {"holding": holding, "deadlines": self._deadlines.heap}

    def restore(self, saved: object) -> None:
        """Take up what `save` returned."""
        remembered = cast("dict[str, Any]", saved)
        self._holding = {whom: _Holding(*one) for whom, one in remembered["holding"].items()}
        self._deadlines.heap[:] = remembered["deadlines"]

    # -- events ----------------------------------------------------------------------------------------

    def _events(self, view: View) -> Iterator[tuple[_Turn, Rows, int, bool]]:
        rows = view.events(self._plan.domain)
        column = None if rows is None else rows.column("event")
        if rows is None or column is None:
            return
        codes, words = column.words
        wanted = [number for number, word in enumerate(words) if word in self._names]
        for row in column.rows[np.isin(codes, wanted)].tolist() if wanted else ():
            if self._served(view, rows, row):
                yield (int(rows.received[row]), int(rows.frame[row]), 0, row), rows, row, True

    def _served(self, view: View, rows: Rows, row: int) -> bool:
        roles = {role for subject in self._plan.rule.subjects for role in subject.roles or ()}
        series = view.places.series[int(rows.series[row])]
        return not roles or view.places.role(series.station_id, series.device) in roles

    def _happens(self, view: View, rows: Rows, row: int) -> Iterator[Judgement]:
        at = moment_of(view, rows, row, ("event", *self._fields))
        late = bool(rows.aged[row])
        phase, name = at.own.get("phase"), str(at.own["event"])
        whom = (at.station_id, at.device)
        if phase == "end":
            self._holding.pop(whom, None)
            yield self._plan.judge(at, found=False, covers=FOREVER, late=late)
            return
        lasts = FOREVER if phase == "begin" else self._lasts(at.station_id)
        judgement = self._plan.judge(at, covers=lasts, late=late, shown=(name, None))
        if judgement.level is None and not judgement.over:
            return
        if late:
            yield judgement
            if phase != "begin":
                ended = Moment(view, *whom, at.domain, at.series, at.frame, at.ts + lasts, at.received)
                yield self._plan.judge(ended, found=False, covers=FOREVER, late=True)
            return
        yield self._prolong(judgement, whom, lasts)

    def _prolong(self, judgement: Judgement, whom: Whom, lasts: int) -> Judgement:
        """Let an event hold for its time, at the gravest level of those that do."""
        before = self._holding.get(whom)
        level = judgement.level if judgement.level is not None else -1
        if before is not None and before.level > level:
            level = before.level
        until = None if lasts == FOREVER else judgement.received + lasts
        if before is not None and (before.until is None or (until is not None and before.until > until)):
            until = before.until
        self._holding[whom] = _Holding(until, level, judgement.received - judgement.ts)
        if until is not None:
            self._deadlines.add(until, whom, late=False)
        return judgement if level < 0 else replace(judgement, level=level, cleared=False)

    # -- states ----------------------------------------------------------------------------------------

    def _readings(self, view: View, active: Active) -> Iterator[tuple[_Turn, Rows, int, bool]]:
        rows = view.readings(self._plan.domain)
        columns = [rows.column(name) for name in self._states] if rows is not None else []
        said = [column.rows for column in columns if column is not None]
        if rows is None or not said:
            return
        chosen = said[0] if len(said) == 1 else np.unique(np.concatenate(said))
        hits = self._sieve.can_hold(view, rows, chosen, lambda rule: _spec(rule).or_while)
        known = active.series(view.places, self._plan.domain)
        for place in judged(rows.series[chosen], hits, known, len(view.places)).tolist():
            row = int(chosen[place])
            if self._served(view, rows, row):
                yield (int(rows.received[row]), int(rows.frame[row]), 1, row), rows, row, False

    def _reads(self, view: View, rows: Rows, row: int) -> Iterator[Judgement]:
        at = moment_of(view, rows, row, self._states)
        holding = self._holding.get((at.station_id, at.device))
        covers = max(covers_ms((at.domain, name)) for name in self._states)
        late = bool(rows.aged[row] or rows.overtaken[row])
        if holding is not None and not late:
            # the event holds whatever the state says; it is judged again when its time is over
            return
        yield self._plan.judge(at, found=self._state(at), covers=covers, late=late)

    def _state(self, at: Moment) -> bool | None:
        test = self._plan.test("or_while", at.station_id)
        return False if test is None else test.ask(at).truth

    def _lasts(self, station_id: str) -> int:
        return cast("int", _spec(self._plan.resolved(station_id)).lasts)


def _spec(rule: Rule) -> EventSpec:
    return cast("EventSpec", rule.spec)


def _states(rule: Rule, domain: str) -> tuple[str, ...]:
    """Return the measures whose readings are judged: those that the state or the clear condition names."""
    parts = [part for whole in (_spec(rule).or_while, rule.clear.if_) if whole for _, part in walk(whole)]
    names = (part.field for part in parts if isinstance(part, Compare) and part.field is not None)
    return tuple(dict.fromkeys(name for name in names if name in MEASURES.get(domain, {})))
