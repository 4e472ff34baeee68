"""flatline: a value that ought to move and does not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from catalogue.kinds.flatline import Flatline as Spec
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.kind import Active
from gateway.alerting.detection.kinds.threshold import fields_asked
from gateway.alerting.detection.moment import Moment, covers_ms, moment_of
from gateway.alerting.detection.rings import NEVER, Floats
from gateway.alerting.detection.rows import Bools, Column, Ints, ordered_by
from gateway.alerting.detection.standing import Field
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Judgement, Key

CHECKS = 24
"""So often on the way to the time asked for it is made sure that the rule applies at all."""


@dataclass
class _Stillness:
    """Where each series stands still in one field: at what value, until when, for how much covered time."""

    value: Floats = field(default_factory=lambda: np.empty(0))
    ts: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    covered: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def grow(self, size: int) -> None:
        """Follow at least ``size`` series."""
        more = size - len(self.ts)
        if more > 0:
            self.value = np.concatenate([self.value, np.full(more, np.nan)])
            self.ts = np.concatenate([self.ts, np.full(more, NEVER)])
            self.covered = np.concatenate([self.covered, np.zeros(more, np.int64)])


@dataclass(frozen=True, slots=True)
class _Course:
    """The values of a batch by series, whether each moved, and the covered time it had stood still for."""

    series: Ints
    ts: Ints
    values: Floats
    moved: Bools
    covered: Ints

    def begin_anew(self, place: int) -> None:
        """Let stillness begin at a value: the time before does not count."""
        end = place + 1
        while end < len(self.series) and self.series[end] == self.series[place] and not self.moved[end]:
            end += 1
        self.covered[place:end] -= self.covered[place]


class Flatline:
    """Follows values as columns; only what has stood still nearly long enough is ever judged."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._tolerance = cast("Spec", plan.rule.spec).tolerance
        self._of: list[Field] = []
        for subject in plan.rule.subjects:
            domain, _, name = subject.name.partition(".")
            self._of.append((domain, name))
        self._still = {of: _Stillness() for of in self._of}
        self._shown: dict[Key, Field] = {}
        self.reads = fields_asked(plan.rule)

    def take(self, view: View, active: Active) -> Iterator[Judgement]:
        """Follow each field."""
        for of in self._of:
            column = view.column(of)
            if column is not None:
                yield from self._follow(view, of, column, active)

    def advance(self, now: int, view: View) -> Iterable[Judgement]:
        """Nothing comes due but by readings."""
        del now, view
        return ()

    def _follow(self, view: View, of: Field, column: Column, active: Active) -> Iterator[Judgement]:
        chosen = np.flatnonzero(column.known & ~column.overtaken)
        if not len(chosen):
            return
        chosen = chosen[ordered_by(column.series[chosen])]
        still = self._still[of]
        still.grow(len(self._plan.places))
        course = self._course(still, of, column, chosen)
        for place in self._worth_a_look(of, course, active).tolist():
            at = moment_of(view, column.of, int(column.rows[chosen[place]]), (of[1],), of[1])
            yield from self._judge(at, of, course, place, active, late=bool(column.late[chosen[place]]))
        last = np.append(np.flatnonzero(np.diff(course.series)), len(chosen) - 1)
        still.ts[course.series[last]], still.covered[course.series[last]] = (
            course.ts[last],
            course.covered[last],
        )

    def _course(self, still: _Stillness, of: Field, column: Column, chosen: Ints) -> _Course:
        """Work out for each value whether it moved, and for how long it had stood still (covered ms)."""
        series, ts = column.series[chosen], column.ts[chosen]
        values = column.values[chosen].astype(np.float64)
        begins = np.diff(series, prepend=-1) != 0
        first = np.maximum.accumulate(np.where(begins, np.arange(len(series)), 0))
        before = np.empty_like(ts)
        before[1:] = ts[:-1]
        before[begins] = still.ts[series[begins]]
        moved = self._moved(still, series, values, begins)
        apart = np.where(before == NEVER, 0, ts - before)
        passed = np.cumsum(np.where(moved, 0, np.clip(apart, 0, covers_ms(of))))
        since = np.maximum.accumulate(np.where(moved, np.arange(len(series)), -1))
        anew = since >= first
        covered = np.where(
            anew,
            passed - passed[np.maximum(since, 0)],
            passed - np.where(first > 0, passed[first - 1], 0) + still.covered[series],
        )
        return _Course(series, ts, values, moved, covered)

    def _moved(self, still: _Stillness, series: Ints, values: Floats, begins: Bools) -> Bools:
        """Say which values are further than the tolerance from where stillness began; that is kept."""
        starts = np.flatnonzero(begins)
        moved = np.empty(len(values), np.bool_)
        if self._tolerance == 0:
            moved[1:] = values[1:] != values[:-1]
            moved[starts] = values[starts] != still.value[series[starts]]
            still.value[series] = values
            return moved
        ends = np.append(starts[1:], len(values))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            anchor = float(still.value[series[start]])
            for place, value in enumerate(values[start:end].tolist(), start):
                moved[place] = not abs(value - anchor) <= self._tolerance
                anchor = value if moved[place] else anchor
            still.value[series[start]] = anchor
        return moved

    def _worth_a_look(self, of: Field, course: _Course, active: Active) -> Ints:
        """Return the values of series that are active, are about to be, or have come a piece further."""
        needed = min(timing.levels[0].for_ms for timing in self._plan.variants.timings)
        piece = max(1, needed // CHECKS)
        further = ~course.moved & (course.covered // piece != (course.covered - covers_ms(of)) // piece)
        further &= course.covered >= piece
        near = ~course.moved & (course.covered + covers_ms(of) >= needed)
        numbers = active.series(self._plan.places, of[0])
        opened = np.isin(course.series, np.union1d(numbers, course.series[near]))
        return np.flatnonzero(further | opened)

    def _judge(
        self, at: Moment, of: Field, course: _Course, place: int, active: Active, *, late: bool
    ) -> Iterator[Judgement]:
        key, moved = self._plan.key(at), bool(course.moved[place])
        shown = (float(course.values[place]), None)
        if key in active.keys:
            if self._shown.setdefault(key, of) == of:
                yield self._plan.judge(at, found=not moved, late=late, shown=shown)
            return
        self._shown.pop(key, None)
        applies = self._plan.guard(at)
        covered = int(course.covered[place])
        if applies is False:
            course.begin_anew(place)
        elif (
            applies
            and not moved
            and covered + covers_ms(of) >= self._plan.timing(at.station_id).levels[0].for_ms
        ):
            self._shown[key] = of
            judgement = self._plan.judge(at, late=late, shown=shown)
            # the time it has stood still so far counts as one long reading
            yield replace(judgement, ts=at.ts - covered, covers_ms=covered)
            yield judgement

    def save(self) -> object:
        """Return where everything stands still."""
        still = {".".join(of): (one.value, one.ts, one.covered) for of, one in self._still.items()}
        return {"still": still, "shown": self._shown}

    def restore(self, saved: Any) -> None:  # noqa: ANN401 - plain data
        """Take up what `save` returned."""
        self._still = {of: _Stillness(*saved["still"][".".join(of)]) for of in self._of}
        self._shown = dict(saved["shown"])
