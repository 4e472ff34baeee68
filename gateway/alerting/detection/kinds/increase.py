"""increase: how far counters moved in a sliding window, or what they did that counters do not do."""

from typing import Any, cast

import numpy as np

from catalogue.kinds.increase import Increase as Spec
from catalogue.kinds.increase import Moved
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.counted import dial_of_field, epochs_of, field_of, stretch_of
from gateway.alerting.detection.kinds.figured import Figured
from gateway.alerting.detection.kinds.hearing import MINUTE_MS, Candidates
from gateway.alerting.detection.kinds.kind import Kind
from gateway.alerting.detection.kinds.samplewise import Samplewise
from gateway.alerting.detection.moment import covers_ms
from gateway.alerting.detection.rings import Floats, Samples
from gateway.alerting.detection.rows import Bools, Column, Ints
from gateway.alerting.detection.standing import Field
from gateway.alerting.detection.windows import Growth


def increase(plan: Plan) -> Kind:
    """Return the evaluator of a rule about windows, or of one about single samples."""
    takes = {one.take for one in cast("Spec", plan.rule.spec).figures.values()}
    if "increase" not in takes:
        return Samplewise(plan)
    if len(takes) > 1:
        raise ValueError(f"{plan.rule.id}: figures over a window and of single samples need a rule each")
    return Windowed(plan)


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

    def fill(self, of: Field, samples: Samples) -> None:
        """Let counters know how far they had got meanwhile."""
        growth = self._growth.get(of)
        if growth is not None:
            growth.fill(samples)

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


def summed(values: Floats, stations: Ints, size: int) -> Floats:
    """Add up by station; NaN where any is unknown, or none there."""
    total = np.bincount(stations, weights=np.nan_to_num(values), minlength=size).astype(np.float64)
    unknown = np.bincount(stations, weights=np.isnan(values), minlength=size) > 0
    total[unknown | (np.bincount(stations, minlength=size) == 0)] = np.nan
    return total
