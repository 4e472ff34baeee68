"""comparison: several devices of one station against each other."""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

from catalogue.kinds.comparison import Across
from catalogue.kinds.comparison import Comparison as Spec
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.figured import Figured
from gateway.alerting.detection.kinds.hearing import Candidates, Last
from gateway.alerting.detection.moment import covers_ms
from gateway.alerting.detection.rings import Floats, Samples
from gateway.alerting.detection.rows import Bools, Column, Ints
from gateway.alerting.detection.standing import Field

STEP_MS = 15_000
"""Judged once in so long a time: the heartbeat of a meter's current and voltage."""


class Comparison(Figured):
    """The values of the devices as they stood."""

    def __init__(self, plan: Plan) -> None:
        self._figures = cast("Spec", plan.rule.spec).figures
        fields = frozenset(_field(one) for one in self._figures.values())
        self._last = {of: Last() for of in fields}
        super().__init__(plan, fields, STEP_MS)

    def note(self, of: Field, column: Column, inside: Bools, samples: Samples) -> None:
        """Take the newest values."""
        del column, inside
        if of in self._last:
            self._last[of].take(samples, len(self.plan.places))

    def figures(self, who: Candidates, now: int) -> dict[str, Floats]:
        """Work the figures out for stations."""
        return {name: self._figure(one, who.stations, now) for name, one in self._figures.items()}

    def _figure(self, one: Across, stations: Ints, now: int) -> Floats:
        of = _field(one)
        places = self.plan.places
        series = np.flatnonzero(places.with_role(of[0], frozenset(one.roles or ())))
        values = self._last[of].fresh(series, now, covers_ms(of) + STEP_MS)
        series, values = series[~np.isnan(values)], values[~np.isnan(values)]
        station = places.station[series]
        size = len(places.stations)
        count = np.bincount(station, minlength=size)
        total = np.bincount(station, weights=values, minlength=size).astype(np.float64)
        high, low = np.full(size, -np.inf), np.full(size, np.inf)
        np.maximum.at(high, station, values)
        np.minimum.at(low, station, values)
        with np.errstate(invalid="ignore", divide="ignore"):
            figure = _FUNCTIONS[one.fn](_Values(total, count, high, low))
        figure[(count < one.devices) | ~np.isfinite(figure)] = np.nan
        return figure[stations]

    def remembered(self) -> dict[str, Any]:
        """Return the newest values."""
        return {"last": {of: (last.ts, last.values) for of, last in self._last.items()}}

    def recall(self, saved: dict[str, Any]) -> None:
        """Take up what `remembered` returned."""
        self._last = {of: Last(*arrays) for of, arrays in saved["last"].items()}


def _field(one: Across) -> Field:
    domain, _, name = one.field.partition(".")
    return domain, name


class _Values(NamedTuple):
    """What the values of each station come to."""

    total: Floats
    devices: Ints
    high: Floats
    low: Floats


def _unbalance(of: _Values) -> Floats:
    mean = of.total / of.devices
    furthest: Floats = np.maximum(of.high - mean, mean - of.low) / mean
    return furthest


_FUNCTIONS: dict[str, Callable[[_Values], Floats]] = {
    "max": lambda of: of.high,
    "min": lambda of: of.low,
    "mean": lambda of: of.total / of.devices,
    "sum": lambda of: of.total,
    "spread": lambda of: (of.high - of.low) / of.high,
    "unbalance": _unbalance,
}
