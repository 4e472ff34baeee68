"""What is usual at a station: figures over what its own figures were before.

Kept by key of the rule, in the engine's state, so a replay learns alike; one value a day and figure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from catalogue.kinds.spec import Learned
from gateway.alerting.detection.rings import Floats
from gateway.domain.alerts import Key

MOST = 120
"""Values remembered of one figure: the longest that rules look back is 90 days."""


@dataclass
class Usual:
    """Remembers, for each key, when figures were worked out (ms) and what they were; NaN for unknown ones."""

    figures: tuple[str, ...]
    past: dict[Key, list[tuple[float, ...]]] = field(default_factory=dict)

    def note(self, key: Key, at: int, figures: Mapping[str, float | None]) -> None:
        """Remember figures; those of one time once."""
        values = (figures.get(name) for name in self.figures)
        told = (float(at), *(np.nan if value is None else value for value in values))
        listed = self.past.setdefault(key, [])
        listed[:] = [*(one for one in listed if one[0] != at), told][-MOST:]

    def value(self, key: Key, learned: Learned, at: int, today: Mapping[str, float | None]) -> float | None:
        """Return a learned figure as of a time, that time itself excluded; None with too little history."""
        since = at - cast("int", learned.over)
        rows = np.array([one for one in self.past.get(key, ()) if since <= one[0] < at])
        if not len(rows):
            return None
        columns = [1 + self.figures.index(name) for name in (learned.of, *learned.by)]
        rows = rows[:, columns]
        rows = rows[~np.isnan(rows).any(axis=1)]
        if len(rows) < learned.least:
            return None
        if learned.fn == "fit":
            return _fitted(rows, [today.get(name) for name in learned.by])
        return float(_FUNCTIONS[learned.fn](rows[:, 0]))


def _fitted(rows: Floats, today: list[float | None]) -> float | None:
    """Return what the straight line through the past says for today's circumstances."""
    if any(value is None for value in today):
        return None
    past = np.column_stack([rows[:, 1:], np.ones(len(rows))])
    weights, *_ = np.linalg.lstsq(past, rows[:, 0], rcond=None)
    return float(np.dot(weights, [*cast("list[float]", today), 1.0]))


_FUNCTIONS: dict[str, Callable[[Floats], np.floating]] = {
    "mean": np.mean,
    "median": np.median,
    "stddev": np.std,
    "p20": lambda values: np.percentile(values, 20),
    "p95": lambda values: np.percentile(values, 95),
}


def needed(learned: Mapping[str, Learned]) -> tuple[str, ...]:
    """Return the figures that have to be remembered for learned ones."""
    return tuple(dict.fromkeys(name for one in learned.values() for name in (one.of, *one.by)))
