"""threshold: a value of the reading that is judged, compared."""

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import NamedTuple

import numpy as np

from catalogue.conditions import Compare, FromField, Reports
from catalogue.model import Rule
from catalogue.walking import walk
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.kind import Active, judged
from gateway.alerting.detection.moment import covers_ms, measure_of, moment_of
from gateway.alerting.detection.rows import Bools, Column, Ints, Rows
from gateway.alerting.detection.sieve import Sieve
from gateway.alerting.detection.standing import Field
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Judgement
from wire.measures import DOMAINS

ANY = "*"


class _Turn(NamedTuple):
    """A reading to judge, in its place among those of all domains; `hit` when some level can hold."""

    received: int
    frame: int
    ts: int
    row: int
    hit: bool
    readings: "Judged"
    rows: Rows


class Threshold:
    """Levels are asked at every reading of the subject that can matter."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sieve = Sieve(plan)
        self._readings = [Judged(plan, domain) for domain in _domains(plan.rule)]
        self.reads = fields_asked(plan.rule)

    def take(self, view: View, active: Active) -> Iterator[Judgement]:
        """Judge the readings of each domain of the subjects, together in order of receipt."""
        turns = [turn for readings in self._readings for turn in self._turns(readings, view, active)]
        if len(self._readings) > 1:
            turns.sort(key=lambda turn: turn[:4])
        for turn in turns:
            rows, row, readings = turn.rows, turn.row, turn.readings
            # a normal reading only ends what is pending or open at that moment: nearly all end nothing
            series = view.places.series[int(rows.series[row])]
            if not turn.hit and self._plan.key_of(series.station_id, series.device) not in active.keys:
                continue
            at = moment_of(view, rows, row, readings.names, readings.subject_at(rows, row))
            at.suspect = bool(rows.suspects[row])
            yield self._plan.judge(at, covers=readings.covers_at(rows, row), late=readings.is_late(rows, row))

    def _turns(self, readings: "Judged", view: View, active: Active) -> Iterator["_Turn"]:
        rows = view.readings(readings.domain)
        chosen = None if rows is None else readings.chosen(rows)
        if rows is None or chosen is None or not len(chosen):
            return
        hits = self._sieve.passed(view, rows, chosen, readings.only_subject)
        wanted = readings.groups(rows, chosen, hits, active)
        for row, hit in zip(chosen[wanted].tolist(), hits[wanted].tolist(), strict=True):
            received, frame, ts = int(rows.received[row]), int(rows.frame[row]), int(rows.ts[row])
            yield _Turn(received, frame, ts, row, hit, readings, rows)

    def advance(self, now: int, view: View) -> Iterable[Judgement]:
        """Nothing comes due but by readings."""
        del now, view
        return ()

    def save(self) -> object:
        """Nothing is remembered."""
        return None

    def restore(self, saved: object) -> None:
        """Nothing was remembered."""


class Judged:
    """The readings of one domain that a rule sees (catalogue.model.Rule)."""

    def __init__(self, plan: Plan, domain: str) -> None:
        rule = plan.rule
        self.domain = domain
        self._places = plan.places
        self._per_device = rule.per == "device"
        fields = [one.name.partition(".")[2] for one in rule.subjects if one.name.startswith(f"{domain}.")]
        self._any = rule.subject.name == ANY
        here = [one for one in rule.subjects if self._any or one.name.startswith(f"{domain}.")]
        self._roles = [frozenset(one.roles or ()) for one in here]
        own = [name for name in own_names(rule) if measure_of((domain, name)) is not None]
        self.subjects = tuple(fields)
        self.names = tuple(dict.fromkeys(fields + own))
        self._judged_at = self.names if self._per_device else self.subjects
        self.covers = max(
            (covers_ms((domain, name)) for name in fields), default=covers_ms(("agent", "uptime_s"))
        )

    @property
    def only_subject(self) -> str | None:
        """The subject where there is just one: what `value` stands for, known beforehand."""
        return self.subjects[0] if len(self.subjects) == 1 else None

    def chosen(self, rows: Rows) -> Ints | None:
        """Return the rows the rule sees at all."""
        if self._any:
            chosen: Ints | None = np.arange(len(rows))
        else:
            columns = self._columns(rows, self._judged_at)
            if not columns:
                return None
            chosen = reduce(np.union1d, (column.rows for column in columns[1:]), columns[0].rows)
        if chosen is None or not any(self._roles):
            return chosen
        return chosen[self._served()[rows.series[chosen]]]

    def groups(self, rows: Rows, chosen: Ints, hits: Bools, active: Active) -> Ints:
        """Return the places among the chosen rows that must be judged."""
        series = rows.series[chosen]
        if self._per_device:
            return judged(series, hits, active.series(self._places, self.domain), len(self._places))
        stations = self._places.station[series]
        return judged(stations, hits, active.stations(self._places), len(self._places.stations))

    def subject_at(self, rows: Rows, row: int) -> str | None:
        """Return the subject field that a row carries, the first of several."""
        for column in self._columns(rows, self.subjects):
            if column.place(row) is not None:
                return column.name
        return self.subjects[0] if self.subjects else None

    def covers_at(self, rows: Rows, row: int) -> int:
        """Return how long a row covers (ms): as its subject field does, else as what else it carries."""
        for names in (self.subjects, self.names):
            carried = [one for one in self._columns(rows, names) if one.place(row) is not None]
            if carried:
                return max(covers_ms((self.domain, one.name)) for one in carried)
        return self.covers

    def is_late(self, rows: Rows, row: int) -> bool:
        """Whether a row belongs to the past: by age, or because all it says was overtaken."""
        if rows.aged[row]:
            return True
        if not rows.overtaken[row] or self._any:
            return False
        carried = [(column, column.place(row)) for column in self._columns(rows, self._judged_at)]
        return all(bool(column.overtaken[place]) for column, place in carried if place is not None)

    def _columns(self, rows: Rows, names: Iterable[str]) -> list[Column]:
        return [column for column in map(rows.column, names) if column is not None]

    def _served(self) -> Bools:
        masks = [self._places.with_role(self.domain, roles) for roles in self._roles]
        served: Bools = np.logical_or.reduce(masks)
        return served


def own_names(rule: Rule) -> tuple[str, ...]:
    """Return the fields that conditions name without a domain."""
    return tuple(name for name in _names(rule) if "." not in name)


def fields_asked(rule: Rule) -> frozenset[Field]:
    """Return every field whose last value a rule's conditions may ask for."""
    fields = set()
    for name in _names(rule):
        domain, dot, field = name.partition(".")
        for one in (domain,) if dot else _domains(rule):
            fields.add((one, field if dot else name))
    subjects = {field_of(one.name) for one in rule.subjects if one.name != ANY}
    return frozenset(fields | subjects)


def field_of(name: str) -> Field:
    """Take a name with a domain apart."""
    domain, _, field = name.partition(".")
    return domain, field


def _names(rule: Rule) -> Iterator[str]:
    for _, part in walk(rule):
        if isinstance(part, Compare | FromField) and part.field is not None:
            yield part.field
        elif isinstance(part, Reports):
            yield from part.reports


def _domains(rule: Rule) -> tuple[str, ...]:
    if rule.subject.name == ANY:
        return DOMAINS
    return tuple(dict.fromkeys(one.name.partition(".")[0] for one in rule.subjects))
