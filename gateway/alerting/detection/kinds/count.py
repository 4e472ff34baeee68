"""count: how often something occurred in a sliding window."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from catalogue.kinds.count import Count as Spec
from catalogue.kinds.count import Counted
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.kind import FOREVER, Active
from gateway.alerting.detection.kinds.occurring import Deadlines, Whom, instant
from gateway.alerting.detection.kinds.threshold import fields_asked
from gateway.alerting.detection.moment import Moment
from gateway.alerting.detection.occurrences import Finder, Happened
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Judgement

MOST = 1_000
"""Occurrences of one figure remembered for a key: no rule asks for as many."""


class _Seen(NamedTuple):
    """One occurrence: when by the window's time, when received, and what it shares with others."""

    at: int
    received: int
    late: bool
    shared: object


class Count:
    """Judged at every occurrence, and when one leaves the window."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        spec = cast("Spec", plan.rule.spec)
        self._figures = spec.figures
        self._finders = {name: plan.tests.finder(one.of) for name, one in spec.figures.items()}
        self._by_receipt = plan.domain == "station"
        self._seen: dict[Whom, dict[str, list[_Seen]]] = {}
        self._deadlines = Deadlines()
        self.reads = fields_asked(plan.rule).union(*(finder.reads for finder in self._finders.values()))

    def take(self, view: View, active: Active) -> Iterator[Judgement]:
        """Count what occurred."""
        del active
        for name, one in _in_order(self._finders, view):
            yield from self.advance(one.received, view)
            yield self._occur(view, name, one)

    def advance(self, now: int, view: View) -> Iterator[Judgement]:
        """Judge again where occurrences have left the window."""
        for at, whom, late in self._deadlines.due(now):
            left = at - self._skew(whom, at)
            moment = instant(self._plan, view, whom, left, at)
            yield self._judged(moment, whom, left, late=late)
            self._forget(whom, at)

    def save(self) -> object:
        """Return the occurrences in the windows and when they leave."""
        seen = {
            whom: {name: [tuple(one) for one in listed] for name, listed in figures.items()}
            for whom, figures in self._seen.items()
        }
        return {"seen": seen, "deadlines": self._deadlines.heap}

    def restore(self, saved: Any) -> None:  # noqa: ANN401 - plain data
        """Take up what `save` returned."""
        self._seen = {
            whom: {name: [_Seen(*one) for one in listed] for name, listed in figures.items()}
            for whom, figures in saved["seen"].items()
        }
        self._deadlines = Deadlines(list(saved["deadlines"]))

    def _occur(self, view: View, name: str, one: Happened) -> Judgement:
        whom = (one.station_id, one.device if self._plan.rule.per == "device" else "")
        by = self._figures[name].most_by
        at = one.received if self._by_receipt else one.ts
        seen = _Seen(at, one.received, one.late, one.value(by) if by else None)
        listed = self._seen.setdefault(whom, {}).setdefault(name, [])
        listed.append(seen)
        del listed[:-MOST]
        self._deadlines.add(one.received + self._window(one.station_id) + 1, whom, late=one.late)
        moment = instant(self._plan, view, whom, at, one.received)
        moment.frame = one.frame
        return self._judged(moment, whom, at, late=one.late)

    def _judged(self, moment: Moment, whom: Whom, at: int, *, late: bool) -> Judgement:
        moment.figures = {
            name: float(_count(counted, self._inside(whom, name, at, late=late)))
            for name, counted in self._figures.items()
        }
        return self._plan.judge(moment, covers=FOREVER, late=late)

    def _inside(self, whom: Whom, name: str, at: int, *, late: bool) -> Iterable[_Seen]:
        """Return what lies in the window that ends at a time; what came late counts only for the past."""
        since = at - self._window(whom[0])
        listed = self._seen.get(whom, {}).get(name, ())
        return (one for one in listed if since <= one.at <= at and (late or not one.late))

    def _skew(self, whom: Whom, at: int) -> int:
        """Return receipt minus the window's time of the occurrence that leaves at a time of receipt."""
        received = at - self._window(whom[0]) - 1
        figures = self._seen.get(whom, {}).values()
        leaving = (one.received - one.at for listed in figures for one in listed if one.received == received)
        return next(leaving, 0)

    def _forget(self, whom: Whom, received: int) -> None:
        since = received - self._window(whom[0])
        figures = self._seen.get(whom, {})
        for name in list(figures):
            figures[name] = [one for one in figures[name] if one.received >= since]
            if not figures[name]:
                del figures[name]
        if not figures:
            self._seen.pop(whom, None)

    def _window(self, station_id: str) -> int:
        return cast("int", cast("Spec", self._plan.resolved(station_id).spec).window)


def _in_order(finders: dict[str, Finder], view: View) -> list[tuple[str, Happened]]:
    found = [(name, one) for name, finder in finders.items() for one in finder.find(view)]
    found.sort(key=lambda pair: pair[1].order)
    return found


def _count(counted: Counted, inside: Iterable[_Seen]) -> int:
    if counted.most_by is None:
        return sum(1 for _ in inside)
    shares = Counter(one.shared for one in inside if one.shared is not None)
    return max(shares.values(), default=0)
