"""What is wrong, decided: a deterministic fold over frames, happenings and time.

It knows no store, no clock and no people. The same frames in the same order give the same transitions
however they are cut into batches.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import structlog

from catalogue.conditions import AlertOpen
from catalogue.model import Rule
from catalogue.walking import walk
from gateway.alerting.detection.gaps import Gaps
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds import KINDS
from gateway.alerting.detection.lane import Lane, Pending
from gateway.alerting.detection.openings import Openings
from gateway.alerting.detection.places import OWN_STATION, Places
from gateway.alerting.detection.rows import Clocks
from gateway.alerting.detection.standing import Field, Standing
from gateway.alerting.detection.stations import STATION_FIELDS, Stations
from gateway.alerting.detection.variants import Apart, Parameters
from gateway.alerting.detection.view import Readings, View, clocks_of, readings_of
from gateway.alerting.own_rules import RULE_FAILED
from gateway.batch.batch import Batch, with_constant
from gateway.batch.numbering import Series, Sources
from gateway.domain.alerts import Change, Key, Transition
from gateway.domain.holidays import Holidays
from gateway.domain.observation import Observation
from gateway.domain.registry import Registry
from gateway.state.births import JournalRow

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the engine is told once: the store's numbers, and what is decided about stations and rules."""

    series: Sequence[Series]
    sources: Sources
    registry: Registry
    parameters: Parameters
    apart: Apart | None = None
    calendar: Holidays = field(default_factory=Holidays)


class Engine:
    """Judges batches by every rule. Not thread-safe: it belongs to whoever commits."""

    def __init__(self, rules: Iterable[Rule], facts: Facts) -> None:
        self._facts = facts
        self._rules = {rule.id: rule for rule in rules}
        self.places = Places(facts.series, facts.registry, facts.calendar)
        self._lanes = [self._lane(rule) for rule in _in_order_of_asking(self._rules)]
        self._openings = Openings(frozenset(_asked_about(self._rules.values())))
        self._standing = Standing(self._fields())
        self._gaps = Gaps()
        self._stations = Stations(self.places, facts.sources, self._standing)
        self.off: dict[str, str] = {}
        self.clock = 0
        self.frame = -1

    # -- judging ---------------------------------------------------------------------------------------

    def take(self, batch: Batch, happenings: Sequence[JournalRow] = ()) -> list[Transition]:
        """Judge a batch, and what happened to stations until its last receipt; frames judged are left out."""
        clocks = clocks_of(batch.frames, self.clock)
        readings = readings_of(batch, clocks, self.places, self._standing)
        self._stations.take(batch.frames, clocks, happenings, readings)
        self._gaps.take(batch.frames, clocks, self._facts.sources)
        self.clock = int(clocks.received[-1])
        before, self.frame = self.frame, int(clocks.frame[-1])
        return self._judge(readings, before)

    def advance(self, now: int, happenings: Sequence[JournalRow] = ()) -> list[Transition]:
        """Work off what is due at ``now`` (ms), up to which every frame received has been judged."""
        if now < self.clock:
            return []
        readings: Readings = ({}, {})
        self._stations.pass_time(now, self.frame, happenings, readings)
        self.clock = now
        return self._judge(readings, self.frame)

    def observe(self, observations: Sequence[Observation], now: int) -> list[Transition]:
        """Judge what the gateway measured about itself or a station, beside the wire (ms)."""
        readings = self._stations.observed(observations, self.frame, max(now, self.clock))
        self.clock = max(now, self.clock)
        return self._judge(readings, self.frame)

    def hear_again(self, batch: Batch) -> list[Transition]:
        """Judge a frame that was held back, as old as it is by now; its station was not heard by it."""
        samples, events = (
            {domain: with_constant(table, "frame", self.frame) for domain, table in tables.items()}
            for tables in (batch.samples, batch.events)
        )
        clocks = Clocks(np.array([self.frame]), np.array([self.clock]))
        again = Batch(batch.frames, samples, events)
        readings = readings_of(again, clocks, self.places, self._standing)
        self._stations.nobody_heard()
        return self._judge(readings, self.frame)

    def pending(self) -> list[Pending]:
        """List what holds but has not opened."""
        return [one for lane in self._working() for one in lane.pending()]

    def open_alerts(self) -> dict[Key, int]:
        """Return the alerts that are open, with when they opened (ms)."""
        return {key: episode.opened for lane in self._lanes for key, episode in lane.open()}

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules at work or switched off, by id."""
        return self._rules

    def is_life_safety(self, rule_id: str) -> bool:
        """Whether a rule of ours is about somebody's life."""
        return rule_id in self._rules and self._rules[rule_id].life_safety

    def declare(self, station_id: str, birth: Mapping[str, object]) -> None:
        """Take what a station's newest birth says its devices are there for."""
        self._stations.declare(station_id, birth)

    def adopt(self, other: "Engine") -> None:
        """Take over what another engine, with our numbers, remembers of the rules it has."""
        theirs = other.save()["rules"]
        for lane in self._lanes:
            if lane.plan.rule.id in theirs:
                lane.restore(theirs[lane.plan.rule.id][1])

    def _judge(self, readings: Readings, before: int) -> list[Transition]:
        samples, events = readings
        heard = self._stations.heard
        view = View(
            self.places,
            self._standing,
            self.clock,
            self.frame,
            samples,
            events,
            self._openings,
            heard,
            self._gaps,
            before,
        )
        transitions = []
        for lane in self._working():
            told = list(self._guarded(lane, view))
            self._openings.take(told)
            transitions += told
        for rows in samples.values():
            self._standing.take(rows, len(self.places))
        self._openings.judged = self.clock
        return transitions

    def _guarded(self, lane: Lane, view: View) -> Iterator[Transition]:
        """Judge by one rule; one that raises is switched off, loudly, and the others go on."""
        try:
            yield from lane.take(view)
        except Exception as error:
            rule = lane.plan.rule.id
            self.off[rule] = f"{type(error).__name__}: {error}"
            log.exception("rule_failed", rule=rule, next="it is off until the next start or reload")
            yield Transition(
                Key(RULE_FAILED.id, OWN_STATION, rule),
                Change.OPENED,
                str(RULE_FAILED.levels[0].severity),
                opened=self.clock,
                at=self.clock,
                received=self.clock,
                value=self.off[rule],
                since=self.clock,
            )

    def _working(self) -> list[Lane]:
        return [lane for lane in self._lanes if lane.plan.rule.id not in self.off]

    # -- building --------------------------------------------------------------------------------------

    def _lane(self, rule: Rule) -> Lane:
        plan = Plan(rule, self.places, self._facts.parameters, self._facts.apart)
        return Lane(plan, KINDS[rule.kind](plan))

    def _fields(self) -> frozenset[Field]:
        asked: set[Field] = set(STATION_FIELDS)
        for lane in self._lanes:
            asked |= lane.kind.reads
        return frozenset(asked)

    # -- remembering -----------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """Return everything remembered, as plain data, by rule where it is a rule's."""
        return {
            "clock": self.clock,
            "frame": self.frame,
            "places": self.places.save(),
            "standing": self._standing.save(),
            "stations": self._stations.save(),
            "openings": self._openings.save(),
            "gaps": self._gaps.save(),
            "rules": {lane.plan.rule.id: (repr(lane.plan.rule), lane.save()) for lane in self._working()},
        }

    def restore(self, saved: Mapping[str, Any]) -> list[str]:
        """Take up what `save` returned; returns the rules that have changed since, which remember nothing."""
        self.clock, self.frame = saved["clock"], saved["frame"]
        self.places.restore(saved["places"])
        self._standing.restore(saved["standing"])
        self._stations.restore(saved["stations"])
        self._openings.restore(saved["openings"])
        self._gaps.restore(saved["gaps"])
        changed = []
        for lane in self._lanes:
            written, remembered = saved["rules"].get(lane.plan.rule.id, (None, None))
            if written == repr(lane.plan.rule):
                lane.restore(remembered)
            else:
                changed.append(lane.plan.rule.id)
        return changed


def _asked_about(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        for _, part in walk(rule):
            if isinstance(part, AlertOpen):
                yield from part.alert


def _in_order_of_asking(rules: Mapping[str, Rule]) -> Iterator[Rule]:
    """Yield the rules, one that asks about another after it."""
    done: set[str] = set()

    def visit(rule: Rule) -> Iterator[Rule]:
        if rule.id in done:
            return
        done.add(rule.id)
        for other in _asked_about([rule]):
            if other in rules:
                yield from visit(rules[other])
        yield rule

    for rule in rules.values():
        yield from visit(rule)
