"""How long something that ought to occur has not: the starts of silences, and when to look at them again."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

import numpy as np

Whom = tuple[str, str]
"""A station and a device, the latter empty for a rule about the station."""
GAPS_KEPT = 1_000


@dataclass(slots=True)
class Silence:
    """Since when it is silent (ms, of the clock that stands still while the gateway is blind).

    ``occurred`` is the last occurrence (ms), None before the first; ``cut`` is the longest silence allowed
    since something announced it.
    """

    start: int
    occurred: int | None = None
    cut: int | None = None


@dataclass
class Silences:
    """All silences of one rule, by whom they are; each has one time at which it is looked at."""

    of: dict[Whom, Silence] = field(default_factory=dict)
    _heap: list[tuple[int, Whom]] = field(default_factory=list)
    _gaps: dict[Whom, list[tuple[int, float]]] = field(default_factory=dict)

    def look(self, whom: Whom, at: int) -> None:
        """Have a silence looked at, at a time of receipt (ms)."""
        heapq.heappush(self._heap, (at, whom))

    def due(self, now: int) -> Iterator[tuple[int, Whom]]:
        """Take out what is to be looked at until ``now``, in order; what is added meanwhile too."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)

    def note_gap(self, whom: Whom, at: int, gap_ms: int, over_ms: int) -> None:
        """Remember how long it took until something occurred, for as long as is asked."""
        gaps = self._gaps.setdefault(whom, [])
        gaps.append((at, gap_ms / 1000))
        while gaps and (gaps[0][0] < at - over_ms or len(gaps) > GAPS_KEPT):
            del gaps[0]

    def usual(self, whom: Whom, fn: str, least: int) -> float | None:
        """Return what is usual (seconds), None while too little is known."""
        gaps = [gap for _, gap in self._gaps.get(whom, ())]
        return _USUAL[fn](gaps) if len(gaps) >= least else None

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        silences = {whom: (one.start, one.occurred, one.cut) for whom, one in self.of.items()}
        return {"silences": silences, "heap": self._heap, "gaps": self._gaps}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        self.of = {whom: Silence(*one) for whom, one in saved["silences"].items()}
        self._heap, self._gaps = list(saved["heap"]), dict(saved["gaps"])


_USUAL: dict[str, Callable[[list[float]], float]] = {
    "mean": fmean,
    "median": median,
    "stddev": lambda gaps: float(np.std(gaps)),
    "p20": lambda gaps: float(np.percentile(gaps, 20)),
    "p95": lambda gaps: float(np.percentile(gaps, 95)),
}
