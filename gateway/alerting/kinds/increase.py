"""increase: how far counters moved in a sliding window, or what they did that counters do not do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from catalogue.kinds.increase import Increase as Spec
from catalogue.kinds.increase import Moved
from gateway.alerting.judging import Plan
from gateway.alerting.kinds.figured import MINUTE_MS, Candidates, Figured
from gateway.alerting.kinds.kind import Active, Kind, judged
from gateway.alerting.kinds.possible import Possible
from gateway.alerting.kinds.threshold import Judged, fields_asked
from gateway.alerting.moment import covers_ms, measure_of, moment_of
from gateway.alerting.rows import Bools, Column, Ints
from gateway.alerting.standing import Field
from gateway.alerting.view import View
from gateway.alerting.windows import NEVER, Floats, Growth, Samples
from gateway.domain.alerts import Judgement
from gateway.domain.counters import Dial, dial_for

_HOUR_MS = 3_600_000
_PIECES = 30
"""A window is cut into so many stretches, none longer than a minute."""
QUARTER_MS = 900_000
LONG_MS = 2 * _HOUR_MS
"""Longer windows are cut into quarters of an hour."""
BELIEVED = 3
"""So many falls running are no glitch: the counter is lower now."""


def increase(plan: Plan) -> Kind:
    """Return the evaluator of a rule about windows, or of one about single samples."""
    takes = {one.take for one in cast("Spec", plan.rule.spec).figures.values()}
    if "increase" not in takes:
        return Samplewise(plan)
    if len(takes) > 1:
        raise ValueError(f"{plan.rule.id}: figures over a window and of single samples need a rule each")
    return Windowed(plan)


def stretch_of(window: int) -> int:
    """Return how long the stretches of a window are (ms)."""
    return QUARTER_MS if window > LONG_MS else max(1_000, min(MINUTE_MS, window // _PIECES))


# -- windows -----------------------------------------------------------------------------------------------


class Windowed(Figured):
    """The growth of counters, judged at instants."""

    def __init__(self, plan: Plan) -> None:
        spec = cast("Spec", plan.rule.spec)
        self._figures = spec.figures
        self._windows = [cast("int", cast("Spec", rule.spec).window) for rule in plan.variants.rules]
        longest = max(self._windows)
        self._stretch = stretch_of(longest)
        self._growth = {
            of: Growth(self._stretch, longest, covers_ms(of), dial_of_field(of))
            for of in (field_of(plan, one) for one in spec.figures.values())
        }
        super().__init__(plan, frozenset(self._growth), min(MINUTE_MS, self._stretch))

    def note(self, of: Field, column: Column, inside: Bools, samples: Samples) -> None:
        """Take a counter's samples."""
        growth = self._growth.get(of)
        if growth is not None:
            growth.take(samples, epochs_of(column, inside))

    def figures(self, who: Candidates, now: int) -> dict[str, Floats]:
        """Work the figures out."""
        return {name: self._figure(one, who, now) for name, one in self._figures.items()}

    def _figure(self, one: Moved, who: Candidates, now: int) -> Floats:
        of = field_of(self.plan, one)
        growth = self._growth[of]
        places = self.plan.places
        if "." not in one.counter and len(who.series):
            return self._increase(growth, who.series, who.stations, now)
        wanted = places.with_role(of[0], frozenset(one.roles or ())) & growth.among(len(places))
        series = np.flatnonzero(wanted & np.isin(places.station, who.stations))
        stations = places.station[series]
        return summed(self._increase(growth, series, stations, now), stations, len(places.stations))[
            who.stations
        ]

    def _increase(self, growth: Growth, series: Ints, stations: Ints, now: int) -> Floats:
        """Return the growth within each station's own window."""
        variants = self.plan.variants.by_station()[stations]
        result = np.full(len(series), np.nan)
        followed = growth.among(len(self.plan.places))[series]
        for number, rule in enumerate(self.plan.variants.rules):
            chosen = followed & (variants == number)
            window = cast("int", cast("Spec", rule.spec).window)
            result[chosen] = growth.increase(
                growth.rows(series[chosen]), now, max(1, window // self._stretch)
            )
        return result

    def remembered(self) -> dict[str, Any]:
        """Return the counters."""
        return {".".join(of): growth.save() for of, growth in self._growth.items()}

    def recall(self, saved: dict[str, Any]) -> None:
        """Take up what `remembered` returned."""
        for of, growth in self._growth.items():
            growth.restore(saved[".".join(of)])


def field_of(plan: Plan, one: Moved) -> Field:
    """Return the field of a figure's counter."""
    domain, dot, name = one.counter.partition(".")
    return (domain, name) if dot else (plan.domain, one.counter)


def summed(values: Floats, stations: Ints, size: int) -> Floats:
    """Add up by station; NaN where any is unknown, or none there."""
    total = np.bincount(stations, weights=np.nan_to_num(values), minlength=size).astype(np.float64)
    unknown = np.bincount(stations, weights=np.isnan(values), minlength=size) > 0
    total[unknown | (np.bincount(stations, minlength=size) == 0)] = np.nan
    return total


def dial_of_field(of: Field) -> Dial:
    """Return the dial of a counter, virtual ones included."""
    measure = measure_of(of)
    if measure is None:
        raise ValueError(f"{'.'.join(of)}: there is no such counter")
    return dial_for(measure)


def epochs_of(column: Column, inside: Bools) -> Ints:
    """Return the epoch said with each sample that `samples_of` returns, -1 without one."""
    chosen = np.flatnonzero(inside & column.known & ~column.late)
    chosen = chosen[np.argsort(column.series[chosen], kind="stable")]
    rows = column.rows[chosen]
    if "epoch" not in column.of.table.column_names:
        return np.full(len(rows), -1)
    said: Ints = column.of.table["epoch"].fill_null(-1).to_numpy()[rows]
    return said


# -- single samples ----------------------------------------------------------------------------------------


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
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            if odd[begin:end].any():
                self._follow(int(series[begin]), values[begin:end], epochs[begin:end], fell[begin:end])
        last = ends - 1
        plain = ~np.logical_or.reduceat(odd, begins)
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
