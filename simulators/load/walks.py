"""What light stations measure: when, and which values. All of it follows from the station and the number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.load.shape import Series

POOL = 4096
"""Rows of the walks the values follow; the stride spreads the stations over them."""
STRIDE = 7919
MINUTE = 6
"""Frames for which a tap stays as it is: one every 10 s."""
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the values of frame ``seq`` were taken: ``origin_ms`` is the instant of number 0 of station 0."""

    origin_ms: int
    every_ms: float
    stations: int

    def taken_ms(self, stations: Numbers, seqs: Numbers) -> Numbers:
        """Milliseconds since the epoch, station by station evenly spread over the interval."""
        turns = seqs + stations / self.stations
        return self.origin_ms + (turns * self.every_ms).astype(np.int64)


class Walks:
    """The values of every series: bounded random walks, sums for counters, taps that open and shut."""

    def __init__(self, series: tuple[Series, ...], seed: int) -> None:
        chance = np.random.default_rng(seed)
        columns = [self._column(one, chance) for one in series]
        self._table: Numbers = np.stack(columns, axis=1)
        counters = np.array([one.kind == "counter" for one in series])
        self._lap: Numbers = np.where(counters, self._table[-1] + 1, 0)
        self._low: Numbers = np.array([one.low for one in series], np.int64)
        self._span: Numbers = np.array([one.high - one.low + 1 for one in series], np.int64)

    @staticmethod
    def _column(one: Series, chance: np.random.Generator) -> Numbers:
        if one.kind == "tap":
            opened = np.repeat(chance.random(-(-POOL // MINUTE)) < one.moving, MINUTE)[:POOL]
            drawn: Numbers = chance.integers(1, one.high - one.low, POOL, np.int64, endpoint=True)
            return drawn * opened
        lowest = 0 if one.kind == "counter" else -one.step
        moves: Numbers = chance.integers(lowest, one.step, POOL, np.int64, endpoint=True)
        if one.moving < 1:
            moves *= chance.random(POOL) < one.moving
        sums: Numbers = moves.cumsum()
        if one.kind == "counter":
            return sums
        span = one.high - one.low
        folded: Numbers = abs((sums + span // 2 + span) % (2 * span) - span)
        return folded

    def at(self, stations: Numbers, seqs: Numbers) -> Numbers:
        """Values of shape (frames, series), in units of each field's last decimal."""
        turns = stations * STRIDE + seqs
        moved: Numbers = self._table[turns % POOL] + (turns // POOL)[:, None] * self._lap
        return self._low + moved % self._span
