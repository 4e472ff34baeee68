"""Conditions, made ready to be asked exactly at one moment: true, false or unknown (None)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, cast
from zoneinfo import ZoneInfo

from catalogue.conditions import (
    AlertOpen,
    All,
    Any_,
    Compare,
    Condition,
    HasRole,
    LocalTime,
    Not,
    Occurrence,
    Quiet,
    Reports,
    Suspect,
)
from gateway.alerting.detection.gaps import ON_THE_WAY_MS
from gateway.alerting.detection.moment import Answer, Moment, Test, Truth
from gateway.alerting.detection.occurrences import Finder, Followed
from gateway.alerting.detection.operands import left_of, operand_value
from gateway.domain.alerts import Figure


def kleene_all(truths: Iterable[Truth]) -> Truth:
    """False when one is, else unknown when one is, else true."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        result = None if truth is None else result
    return result


def kleene_any(truths: Iterable[Truth]) -> Truth:
    """True when one is, else unknown when one is, else false."""
    result: Truth = False
    for truth in truths:
        if truth:
            return True
        result = None if truth is None else result
    return result


# -- trees -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _AllTest:
    tests: Sequence[Test]

    def ask(self, at: Moment) -> Answer:
        shown: Answer | None = None
        unknown = False
        for test in self.tests:
            answer = test.ask(at)
            if answer.truth is False:
                return Answer(truth=False)
            unknown |= answer.truth is None
            shown = shown or (answer if answer.value is not None else None)
        return Answer(None if unknown else True, *(shown[1:] if shown else ()))


@dataclass(frozen=True, slots=True)
class _AnyTest:
    tests: Sequence[Test]

    def ask(self, at: Moment) -> Answer:
        truth: Truth = False
        for test in self.tests:
            answer = test.ask(at)
            if answer.truth:
                return answer
            truth = None if answer.truth is None else truth
        return Answer(truth)


@dataclass(frozen=True, slots=True)
class _NotTest:
    test: Test

    def ask(self, at: Moment) -> Answer:
        truth = self.test.ask(at).truth
        return Answer(None if truth is None else not truth)


# -- comparisons -------------------------------------------------------------------------------------------


class _CompareTest:
    def __init__(self, condition: Compare) -> None:
        self._condition = condition
        self._operands = list(condition.operands.items())
        self._wants_all = condition.of == "all"

    def ask(self, at: Moment) -> Answer:
        answer = self._compared(left_of(self._condition, at), at)
        if answer.truth is None and self._condition.missing != "unknown":
            return Answer(self._condition.missing == "true")
        return answer

    def _compared(self, values: list[object], at: Moment) -> Answer:
        """Compare each value; over several devices those unknown are left out while one is known."""
        if not values:
            return _UNKNOWN
        operands = [(name, operand_value(operand, at)) for name, operand in self._operands]
        truths = []
        for value in values:
            truth = kleene_all(_holds(name, value, limit) for name, limit in operands)
            truths.append(truth)
            if truth and not self._wants_all:
                return Answer(True, _figure(value), _figure(operands[0][1]))  # noqa: FBT003 - a truth
        truth = kleene_all(truths) if self._wants_all else kleene_any(truths)
        if truth:
            return Answer(truth, _figure(values[0]), _figure(operands[0][1]))
        return Answer(truth)


_UNKNOWN = Answer(None)


def _holds(comparator: str, value: object, limit: object) -> Truth:  # noqa: PLR0911 - one line a comparator
    if limit is None:
        return None
    if comparator == "is":
        return value == limit
    if comparator == "is_not":
        return value != limit
    if comparator == "in":
        return isinstance(limit, tuple) and value in limit
    if comparator == "has":
        return isinstance(value, tuple) and limit in value
    if not isinstance(value, int | float) or not isinstance(limit, int | float):
        return None
    return _ORDERS[comparator](value, limit)


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "above": lambda value, limit: value > limit,
    "below": lambda value, limit: value < limit,
    "at_least": lambda value, limit: value >= limit,
    "at_most": lambda value, limit: value <= limit,
}


def _figure(value: object) -> Figure:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return float(value)
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


# -- the rest ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _RoleTest:
    roles: frozenset[str]

    def ask(self, at: Moment) -> Answer:
        return Answer(at.view.places.role(at.station_id, at.device) in self.roles)


@dataclass(frozen=True, slots=True)
class _ReportsTest:
    fields: tuple[str, ...]

    def ask(self, at: Moment) -> Answer:
        for name in self.fields:
            domain, _, field = name.partition(".")
            number = at.view.places.find(at.station_id, domain, at.device)
            if number is not None and at.view.stood((domain, field), number, at.frame) is not None:
                return Answer(truth=True)
        return Answer(truth=False)


@dataclass(frozen=True, slots=True)
class _TimeTest:
    begin: int
    end: int

    def ask(self, at: Moment) -> Answer:
        wall = datetime.fromtimestamp(at.ts / 1000, ZoneInfo(at.view.places.tz(at.station_id)))
        minute = wall.hour * 60 + wall.minute
        if self.begin <= self.end:
            return Answer(self.begin <= minute < self.end)
        return Answer(minute >= self.begin or minute < self.end)


@dataclass(frozen=True, slots=True)
class _AlertTest:
    rules: tuple[str, ...]
    for_ms: int

    def ask(self, at: Moment) -> Answer:
        since = at.received - self.for_ms
        return Answer(
            any(at.view.openings.open_since(rule, at.station_id, since, at.received) for rule in self.rules)
        )


@dataclass(frozen=True, slots=True)
class _SuspectTest:
    def ask(self, at: Moment) -> Answer:
        return Answer(at.suspect)


@dataclass(frozen=True, slots=True)
class _QuietTest:
    followed: Followed
    within: int

    def ask(self, at: Moment) -> Answer:
        if self.followed.heard(at.station_id, at):
            return Answer(truth=False)
        since = at.view.followed_since(at.station_id)
        if since is None or at.received - since < self.within:
            return _UNKNOWN
        return self._concluded(at) if self.followed.finder.in_frames else Answer(truth=True)

    def _concluded(self, at: Moment) -> Answer:
        """Wait for numbers that are missing; those that have not come in time make it incomplete."""
        gaps = at.view.gaps
        if gaps.is_fresh(at.station_id, at.received, at.frame):
            return _UNKNOWN
        edges = (at.received - self.within - ON_THE_WAY_MS, at.received)
        at.incomplete |= gaps.holds_up(at.station_id, edges, at.frame)
        return Answer(truth=True)


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


class Tests:
    """Makes the tests of one rule's conditions; each batch must be shown to those in `followed`."""

    def __init__(self, domain: str) -> None:
        self.followed: list[Followed] = []
        self._domain = domain

    def of(self, condition: Condition) -> Test:
        """Return the test of a condition, which is resolved."""
        return self._MAKERS[type(condition)](self, condition)

    def finder(self, occurrences: Iterable[Occurrence]) -> Finder:
        """Return what finds occurrences in a batch."""
        wheres = [(one, None if one.where is None else self.of(one.where)) for one in occurrences]
        return Finder(self._domain, wheres)

    def _quiet(self, condition: Quiet) -> Test:
        within = cast("int", condition.within)
        followed = Followed(self.finder(condition.quiet), within)
        self.followed.append(followed)
        return _QuietTest(followed, within)

    _MAKERS: ClassVar[dict[type, Callable[["Tests", Any], Test]]] = {
        Compare: lambda _, one: _CompareTest(one),
        All: lambda self, one: _AllTest([self.of(part) for part in one.all]),
        Any_: lambda self, one: _AnyTest([self.of(part) for part in one.any]),
        Not: lambda self, one: _NotTest(self.of(one.not_)),
        HasRole: lambda _, one: _RoleTest(frozenset(one.has_role)),
        Reports: lambda _, one: _ReportsTest(one.reports),
        LocalTime: lambda _, one: _TimeTest(*map(_minutes, one.local_time)),
        AlertOpen: lambda _, one: _AlertTest(one.alert, one.for_),
        Quiet: _quiet,
        Suspect: lambda _, __: _SuspectTest(),
    }
