"""increase, of single samples: what counters do that only count, and how fast."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from catalogue.kinds.increase import Increase as Spec
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.counted import epochs_of, field_of
from gateway.alerting.detection.kinds.kind import Active, judged
from gateway.alerting.detection.kinds.possible import Possible
from gateway.alerting.detection.kinds.threshold import Judged, fields_asked
from gateway.alerting.detection.moment import covers_ms, measure_of, moment_of
from gateway.alerting.detection.rings import NEVER, Floats
from gateway.alerting.detection.rows import Column, Ints
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Judgement

_HOUR_MS = 3_600_000
BELIEVED = 3
"""So many falls running are no glitch: the counter is lower now."""


@dataclass
class _Heights:
    """How high the counters of one field got, and how often running they were seen lower."""

    highest: Floats = field(default_factory=lambda: np.empty(0))
    falls: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    ts: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    value: Floats = field(default_factory=lambda: np.empty(0))
    epoch: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def grow(self, size: int) -> None:
        """Follow at least ``size`` series."""
        more = size - len(self.ts)
        if more > 0:
            self.highest = np.concatenate([self.highest, np.full(more, np.nan)])
            self.value = np.concatenate([self.value, np.full(more, np.nan)])
            self.falls = np.concatenate([self.falls, np.zeros(more, np.int64)])
            self.epoch = np.concatenate([self.epoch, np.zeros(more, np.int64)])
            self.ts = np.concatenate([self.ts, np.full(more, NEVER)])


class Samplewise:
    """Falls and rates: judged at every sample for which they are anything, and while an alert is open."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        spec = cast("Spec", plan.rule.spec)
        self._figures = spec.figures
        self._of = field_of(plan, next(iter(spec.figures.values())))
        measure = measure_of(self._of)
        self._moduli = measure.moduli if measure is not None else ()
        self._judged = Judged(plan, plan.domain)
        self._possible = Possible(plan, None)
        self._heights = _Heights()
        self.reads = fields_asked(plan.rule)

    def take(self, view: View, active: Active) -> Iterator[Judgement]:
        """Judge a batch's samples."""
        column = view.column(self._of)
        if column is None:
            return
        places = self._plan.places
        self._heights.grow(len(places))
        live = np.flatnonzero(column.known & ~column.late)
        live = live[np.argsort(column.series[live], kind="stable")]
        fell, rate = self._work_out(column, live)
        figures = {name: fell if one.take == "fall" else rate for name, one in self._figures.items()}
        stations = places.station[column.series[live]]
        hits = self._possible.where(stations, figures, lambda _: np.ones(len(live), np.bool_))
        series = column.series[live]
        chosen = judged(series, hits, active.series(places, self._of[0]), len(places))
        for place in chosen[np.argsort(live[chosen])].tolist():
            at = moment_of(view, column.of, int(column.rows[live[place]]), self._judged.names, self._of[1])
            known = {name: float(values[place]) for name, values in figures.items()}
            at.figures = {name: None if np.isnan(value) else value for name, value in known.items()}
            yield self._plan.judge(at)

    def advance(self, now: int, view: View) -> Iterable[Judgement]:
        """Nothing comes due but by samples."""
        del now, view
        return ()

    def _work_out(self, column: Column, live: Ints) -> tuple[Floats, Floats]:
        """Return fall and rate (per hour) of each live sample, by series; NaN where unknown."""
        heights, series = self._heights, column.series[live]
        ts, values = column.ts[live], column.values[live].astype(np.float64)
        fell, rate = np.zeros(len(live)), np.full(len(live), np.nan)
        if not len(live):
            return fell, rate
        begins = np.flatnonzero(np.diff(series, prepend=-1))
        before, at = np.empty_like(values), np.empty_like(ts)
        before[1:], at[1:] = values[:-1], ts[:-1]
        before[begins], at[begins] = heights.value[series[begins]], heights.ts[series[begins]]
        apart = np.where(at == NEVER, 0, ts - at)
        asked = (apart > 0) & (apart <= covers_ms(self._of))
        rate[asked] = (values[asked] - before[asked]) * _HOUR_MS / apart[asked]
        epochs = epochs_of(column, np.ones(len(column), np.bool_))
        odd = (
            (values < before)
            | (heights.falls[series] > 0)
            | ((epochs >= 0) & (epochs != heights.epoch[series]))
        )
        ends = np.append(begins[1:], len(series))
        plain = ~np.logical_or.reduceat(odd, begins)
        for begin, end in zip(begins[~plain].tolist(), ends[~plain].tolist(), strict=True):
            self._follow(int(series[begin]), values[begin:end], epochs[begin:end], fell[begin:end])
        last = ends - 1
        heights.highest[series[last[plain]]] = values[last[plain]]
        heights.ts[series[last]], heights.value[series[last]] = ts[last], values[last]
        return fell, rate

    def _follow(self, number: int, values: Floats, epochs: Ints, fell: Floats) -> None:
        """Follow one counter that does more than count, sample by sample."""
        heights = self._heights
        highest, falls = float(heights.highest[number]), int(heights.falls[number])
        for place, (value, epoch) in enumerate(zip(values.tolist(), epochs.tolist(), strict=True)):
            swapped = epoch >= 0 and epoch != heights.epoch[number]
            heights.epoch[number] = epoch if epoch >= 0 else heights.epoch[number]
            if not value < highest or swapped or self._rolled_over(highest, value):
                highest, falls = value, 0
                continue
            fell[place], falls = highest - value, falls + 1
            if falls > BELIEVED:
                highest, falls, fell[place] = value, 0, 0.0
        heights.highest[number], heights.falls[number] = highest, falls

    def _rolled_over(self, highest: float, value: float) -> bool:
        """Whether a counter at the end of its dial may have begun anew."""
        return any(
            highest < modulus and value + modulus - highest <= _NEAR * modulus for modulus in self._moduli
        )

    def save(self) -> object:
        """Return how high every counter got."""
        heights = self._heights
        return (heights.highest, heights.falls, heights.ts, heights.value, heights.epoch)

    def restore(self, saved: Any) -> None:  # noqa: ANN401 - plain data
        """Take up what `save` returned."""
        self._heights = _Heights(*saved)


_NEAR = 0.001
"""Share of the dial between two samples around a roll-over, as `gateway.domain.counters` has it."""
