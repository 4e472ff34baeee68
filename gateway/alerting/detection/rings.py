"""Rings of short stretches of reading time, for all series of a field at once.

A stretch is ``step`` ms long and has one cell in the ring of each series; a value is never kept for itself.
Sums are whole numbers, so it does not matter how samples were cut into batches.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gateway.alerting.detection.rows import Bools, Ints

Floats = npt.NDArray[np.float64]
Channels = Mapping[str, npt.NDArray[Any]]
NEVER = np.iinfo(np.int64).min
ALLOWED_MS = 300_000
"""Live samples are this much late at most, and fall into cells that far back."""
SCALE = 1_000
"""Values are summed in thousandths."""
_EMPTY = {"sum": 0, "ms": 0, "min": np.inf, "max": -np.inf, "last": np.nan, "grown": np.nan}
_TYPES = {"sum": np.int64, "ms": np.int32}


class Samples(NamedTuple):
    """Values of one field, by series and order of receipt; none older than one of its series before it."""

    series: Ints
    ts: Ints
    values: Floats


class Ring:
    """Cells of every series; those not written in their stretch are empty."""

    def __init__(self, step: int, cells: int, channels: frozenset[str]) -> None:
        self.step = step
        self.cells = cells
        self._names = channels
        self._stretch: npt.NDArray[np.int32] = np.empty((0, cells), np.int32)
        self._channels = {name: np.empty((0, cells), _TYPES.get(name, np.float64)) for name in channels}

    def __len__(self) -> int:
        return len(self._stretch)

    def grow(self, size: int) -> None:
        """Have a ring for at least ``size`` series."""
        more = size - len(self._stretch)
        if more <= 0:
            return
        more = max(more, len(self._stretch) // 4)
        self._stretch = np.concatenate([self._stretch, np.full((more, self.cells), -1, np.int32)])
        for name, old in self._channels.items():
            new = np.full((more, self.cells), _EMPTY[name], old.dtype)
            self._channels[name] = np.concatenate([old, new])

    def at(self, series: Ints, stretch: Ints) -> Ints:
        """Return the places of cells, which then are of these stretches; equal ones may repeat."""
        places = stretch % self.cells
        stale = self._stretch[series, places] != stretch
        for name, channel in self._channels.items():
            channel[series[stale], places[stale]] = _EMPTY[name]
        self._stretch[series[stale], places[stale]] = stretch[stale]
        return places

    def reaches(self, series: Ints, stretch: Ints) -> Bools:
        """Say where a stretch is still in the ring: its cell is not that of a later one."""
        inside: Bools = self._stretch[series, stretch % self.cells] <= stretch
        return inside

    def channel(self, name: str) -> npt.NDArray[Any]:
        """Return a channel to write to, by series and place."""
        return self._channels[name]

    def read(self, series: Ints, last: int, count: int, *names: str) -> tuple[npt.NDArray[Any], ...]:
        """Return channels of some series over ``count`` stretches up to ``last``, oldest first."""
        stretches = np.arange(last - count + 1, last + 1)
        empty = self._cells(self._stretch, series, stretches) != stretches
        found = tuple(self._cells(self._channels[name], series, stretches) for name in names)
        for name, cells in zip(names, found, strict=True):
            np.copyto(cells, _EMPTY[name], where=empty)
        return found

    def _cells(self, of: npt.NDArray[Any], series: Ints, stretches: Ints) -> npt.NDArray[Any]:
        """Copy cells of consecutive stretches; picking them one by one was most of a minute's end."""
        begin, count = int(stretches[0]) % self.cells, len(stretches)
        until_end = of[:, begin : begin + count][series]
        left = count - until_end.shape[1]
        return np.concatenate([until_end, of[:, :left][series]], axis=1) if left else until_end

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"stretch": self._stretch, "channels": self._channels}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        self._stretch, self._channels = saved["stretch"], dict(saved["channels"])


class Followed:
    """Series that have a ring, with the row each has: of most fields few series say anything."""

    def __init__(self, ring: Ring, hold: int) -> None:
        self.ring = ring
        self.hold = hold
        self.series: Ints = np.empty(0, np.int64)
        self._rows: npt.NDArray[np.int32] = np.empty(0, np.int32)
        self.ts: Ints = np.empty(0, np.int64)
        self.value: Floats = np.empty(0)

    def rows(self, series: Ints) -> Ints:
        """Return the rows of series that are followed."""
        return self._rows[series].astype(np.int64)

    def among(self, size: int) -> Bools:
        """Say which of ``size`` series are followed."""
        there = np.zeros(size, np.bool_)
        there[self.series] = True
        return there

    def follow(self, series: Ints) -> Ints:
        """Return the rows of series, giving them one at first sight."""
        highest = int(series.max()) + 1
        if highest > len(self._rows):
            more = np.full(max(highest - len(self._rows), len(self._rows) // 4), -1, np.int32)
            self._rows = np.concatenate([self._rows, more])
        new = np.unique(series[self._rows[series] < 0])
        if len(new):
            self._rows[new] = np.arange(len(self.series), len(self.series) + len(new))
            self.series = np.concatenate([self.series, new])
            self.ring.grow(len(self.series))
            self.grow()
        return self.rows(series)

    def grow(self) -> None:
        """Have as many rows as the ring."""
        more = len(self.ring) - len(self.ts)
        if more > 0:
            self.ts = np.concatenate([self.ts, np.full(more, NEVER)])
            self.value = np.concatenate([self.value, np.full(more, np.nan)])

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"ring": self.ring.save(), "series": self.series, "ts": self.ts, "value": self.value}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        self.ring.restore(saved["ring"])
        self.series, self.ts, self.value = saved["series"], saved["ts"], saved["value"]
        self._rows = np.full(int(self.series.max(initial=-1)) + 1, -1, np.int32)
        self._rows[self.series] = np.arange(len(self.series))
