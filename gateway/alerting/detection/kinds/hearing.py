"""Who said what, stretch by stretch of received time: what kinds of figures are fed with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.threshold import Judged
from gateway.alerting.detection.moment import measure_of
from gateway.alerting.detection.rings import NEVER, Floats, Samples
from gateway.alerting.detection.rows import Bools, Column, Ints, ordered_by
from gateway.alerting.detection.standing import Field
from gateway.alerting.detection.view import View

MINUTE_MS = 60_000


@dataclass
class Last:
    """The newest value of one own field of every series."""

    ts: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    values: Floats = field(default_factory=lambda: np.empty(0))

    def take(self, samples: Samples, size: int) -> None:
        """Take values, by series and order of receipt."""
        more = size - len(self.ts)
        if more > 0:
            self.ts = np.concatenate([self.ts, np.full(more, NEVER)])
            self.values = np.concatenate([self.values, np.full(more, np.nan)])
        self.ts[samples.series], self.values[samples.series] = samples.ts, samples.values

    def fresh(self, series: Ints, now: int, hold: int) -> Floats:
        """Return the values of some series, NaN for those too old."""
        values = np.full(len(series), np.nan)
        known = series < len(self.ts)
        known[known] = self.ts[series[known]] >= now - hold
        values[known] = self.values[series[known]]
        return values


def _is_number(of: Field) -> bool:
    """Whether values of a field can be compared as numbers, flags among them."""
    measure = measure_of(of)
    return measure is not None and measure.type in {"int", "float", "bool"}


def samples_of(column: Column, inside: Bools, *, late: bool = False) -> Samples:
    """Return live values of a column where ``inside``, or late ones, by series.

    Flags are 0 and 1, words NaN.
    """
    chosen = np.flatnonzero(inside & column.known & (column.late if late else ~column.late))
    series = column.series[chosen]
    order = ordered_by(series)
    chosen = chosen[order]
    words = column.values.dtype == np.object_
    values = np.full(len(chosen), np.nan) if words else column.values[chosen].astype(np.float64)
    return Samples(series[order], column.ts[chosen], values)


class Instants:
    """Cuts batches at multiples of ``step`` ms of receipt."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.open: int | None = None

    def cut(self, view: View, columns: Sequence[Column]) -> Iterator[tuple[int, list[Bools], int | None]]:
        """Yield (stretch, which values of each column were received in it, when to judge it).

        The last is None while the stretch may go on with the next batch; one left open by the batch before
        comes first, with nothing new in it if need be.
        """
        stretches = [column.received // self.step for column in columns]
        # received never goes back
        there = {one for told in stretches for one in told[np.diff(told, prepend=-1) != 0].tolist()}
        if self.open is not None:
            there.add(self.open)
        for one in sorted(there):
            over = (one + 1) * self.step
            closed = over <= view.clock
            self.open = None if closed else one
            yield one, [stretch == one for stretch in stretches], over if closed else None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who may be judged at an instant: series (per device) or, per station, none; and their stations."""

    series: Ints
    stations: Ints


class Heard:
    """Who said something the rule sees since the last instant, and their own fields."""

    def __init__(self, plan: Plan, judged: Sequence[Judged], also: frozenset[Field] = frozenset()) -> None:
        self._plan = plan
        self._judged = judged
        self._per_device = plan.rule.per == "device"
        own = {(one.domain, name) for one in judged for name in one.names}
        self.fields = frozenset(own | also)
        self.own = {name: Last() for one in judged for name in one.names}
        self.numeric = frozenset(name for domain, name in own if _is_number((domain, name)))
        self._said: Bools = np.zeros(0, np.bool_)

    def take(self, of: Field, samples: Samples, size: int) -> None:
        """Take what was said of one field."""
        if of[1] in self.numeric and any(of[0] == one.domain and of[1] in one.names for one in self._judged):
            self.own[of[1]].take(samples, size)
        if self._per_device and of[0] != self._judged[0].domain:
            return
        places = self._plan.places
        groups = samples.series if self._per_device else places.station[samples.series]
        more = max(len(places), len(places.stations)) - len(self._said)
        if more > 0:
            self._said = np.concatenate([self._said, np.zeros(more, np.bool_)])
        self._said[groups] = True

    def candidates(self) -> Candidates:
        """Return who was heard, and forget it."""
        numbers = np.flatnonzero(self._said)
        self._said[numbers] = False
        return self.served(numbers) if self._per_device else Candidates(np.empty(0, np.int64), numbers)

    def served(self, series: Ints) -> Candidates:
        """Return those of some series that are there for what the rule is about."""
        places, domain = self._plan.places, self._judged[0].domain
        masks = [places.with_role(domain, frozenset(one.roles or ())) for one in self._plan.rule.subjects]
        series = series[reduce(np.logical_or, masks)[series]]
        return Candidates(series, places.station[series])

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"own": {name: (last.ts, last.values) for name, last in self.own.items()}, "said": self._said}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        for name, (ts, values) in saved["own"].items():
            if name in self.own:
                self.own[name] = Last(ts, values)
        self._said = saved["said"]
