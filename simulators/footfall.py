"""The people counter over the door, with the errors such counters make (domain catalogue 5.4, fact 14)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators.grid import STEP_MS

if TYPE_CHECKING:
    from numpy.random import Generator

    from simulators.grid import Block
    from simulators.plan import Passage

_PAIR_MS = 2_000
_SUN_HOURS = (9.0, 11.0)
MODULUS = 65_536


@dataclass(frozen=True, slots=True)
class CounterErrors:
    """Probabilities per passage: not seen, seen twice, two side by side seen as one, someone turning back."""

    miss: float = 0.02
    double: float = 0.01
    pair: float = 0.15
    turn_back: float = 0.03
    sun_out: float = 0.01
    miss_out: float = 0.0

    def scaled(self, noise: float) -> CounterErrors:
        """The same at another noise level (0 = a perfect counter)."""
        return CounterErrors(
            miss=self.miss * noise,
            double=self.double * noise,
            pair=self.pair * noise,
            turn_back=self.turn_back * noise,
            sun_out=self.sun_out * noise,
            miss_out=self.miss_out,
        )


class Footfall:
    """Raw totals in and out, 16 bits wide as many counters have them."""

    def __init__(self, start: int) -> None:
        self._totals = {"in": start, "out": start}
        self._before_ms = 0

    def advance(self, block: Block, passages: list[Passage], errors: CounterErrors, rng: Generator) -> None:
        """Count the block's passages into totals."""
        counted = {"in": block.zeros(), "out": block.zeros()}
        for passage in passages:
            step = (passage.at_ms - block.start_ms) // STEP_MS
            hour = float(block.hours[step])
            counted[passage.way][step] += self._seen(passage, hour, errors, rng)
            if rng.random() < errors.turn_back:
                counted["in"][step] += 1
                counted["out"][step] += 1
            self._before_ms = passage.at_ms
        for way, series in counted.items():
            total = self._totals[way] + np.cumsum(series)
            self._totals[way] = int(total[-1])
            block.values["front-door", f"people_{way}_total"] = total % MODULUS

    def _seen(self, passage: Passage, hour: float, errors: CounterErrors, rng: Generator) -> int:
        if passage.at_ms - self._before_ms < _PAIR_MS and rng.random() < errors.pair:
            return 0
        if rng.random() < errors.miss:
            return 0
        if passage.way == "out" and rng.random() < errors.miss_out:
            return 0
        if rng.random() < errors.double:
            return 2
        in_sun = _SUN_HOURS[0] <= hour < _SUN_HOURS[1]
        return 2 if passage.way == "out" and in_sun and rng.random() < errors.sun_out else 1
