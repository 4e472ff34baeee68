"""What fields were lately, in rings of short stretches of reading time, for all series at once.

A stretch is ``step`` ms long and has one cell in the ring of each series; a value is never kept for itself.
Sums are whole numbers, so it does not matter how samples were cut into batches.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gateway.alerting.rows import Bools, Ints
from gateway.domain.counters import CounterTrack, Dial, Sample

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

    def channel(self, name: str) -> npt.NDArray[Any]:
        """Return a channel to write to, by series and place."""
        return self._channels[name]

    def read(self, series: Ints, last: int, count: int, *names: str) -> tuple[npt.NDArray[Any], ...]:
        """Return channels of some series over ``count`` stretches up to ``last``, oldest first."""
        stretches = np.arange(last - count + 1, last + 1)
        at = (series[:, None], (stretches % self.cells)[None, :])
        there = self._stretch[at] == stretches
        return tuple(np.where(there, self._channels[name][at], _EMPTY[name]) for name in names)

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


class Course(Followed):
    """How a gauge went: sums weighted by time, extremes, and the last value of each stretch.

    What is asked is asked of rows.
    """

    def __init__(self, step: int, window: int, hold: int, channels: frozenset[str]) -> None:
        spare = -(-(ALLOWED_MS + hold) // step) + 2
        super().__init__(Ring(step, window // step + spare, channels | {"ms"}), hold)

    def take(self, samples: Samples) -> None:
        """Take samples: each says how long the one before it held."""
        series, ts, values = samples
        if not len(series):
            return
        series = self.follow(series)
        begins = np.diff(series, prepend=-1) != 0
        before, held = np.empty_like(ts), np.empty_like(values)
        before[1:], held[1:] = ts[:-1], values[:-1]
        before[begins], held[begins] = self.ts[series[begins]], self.value[series[begins]]
        known = before != NEVER
        self._hold(series[known], before[known], np.minimum(ts, before + self.hold)[known], held[known])
        self._touch(series, ts // self.ring.step, values)
        self.ts[series], self.value[series] = ts, values

    def weighed(self, series: Ints, now: int, count: int) -> Floats:
        """Return the sum of values times ms over ``count`` stretches up to ``now``."""
        (sums,) = self.ring.read(series, (now - 1) // self.ring.step, count, "sum")
        going_on = np.nan_to_num(self.value[series]) * self._going_on(series, now, count)
        total: Floats = sums.sum(axis=1) / SCALE + going_on
        return total

    def covered(self, series: Ints, now: int, count: int) -> Ints:
        """Return the covered ms over ``count`` stretches up to ``now``."""
        (covered,) = self.ring.read(series, (now - 1) // self.ring.step, count, "ms")
        total: Ints = covered.sum(axis=1, dtype=np.int64) + self._going_on(series, now, count)
        return total

    def _going_on(self, series: Ints, now: int, count: int) -> Ints:
        """Return for how long the newest value has held inside the window: its follower has not come yet."""
        begin = ((now - 1) // self.ring.step - count + 1) * self.ring.step
        ts = self.ts[series]
        heard = ts != NEVER
        until = np.minimum(now, np.where(heard, ts, 0) + self.hold)
        going: Ints = np.where(heard, np.maximum(until - np.maximum(ts, begin), 0), 0)
        return going

    def _hold(self, series: Ints, begin: Ints, end: Ints, values: Floats) -> None:
        """Let values hold from ``begin`` to ``end``, stretch by stretch."""
        step = self.ring.step
        while len(series):
            stretch = begin // step
            until = np.minimum(end, (stretch + 1) * step)
            places = self._touch(series, stretch, values)
            lasted = until - begin
            np.add.at(self.ring.channel("ms"), (series, places), lasted.astype(np.int32))
            if "sum" in self.ring._names:  # noqa: SLF001 - one module
                weighed = np.rint(values * SCALE).astype(np.int64) * lasted
                np.add.at(self.ring.channel("sum"), (series, places), weighed)
            on = until < end
            series, begin, end, values = series[on], until[on], end[on], values[on]

    def _touch(self, series: Ints, stretch: Ints, values: Floats) -> Ints:
        """Let values count among the extremes of their stretches, and as the last in them."""
        places = self.ring.at(series, stretch)
        for name, keep in (("min", np.minimum), ("max", np.maximum)):
            if name in self.ring._names:  # noqa: SLF001 - one module
                keep.at(self.ring.channel(name), (series, places), values)
        if "last" in self.ring._names:  # noqa: SLF001 - one module
            self.ring.channel("last")[series, places] = values
        return places


class Growth(Followed):
    """How far counters got, at the end of each stretch; what is asked is asked of rows."""

    def __init__(self, step: int, window: int, hold: int, dial: Dial) -> None:
        spare = -(-(ALLOWED_MS + hold) // step) + 2
        super().__init__(Ring(step, window // step + spare, frozenset({"grown"})), hold)
        self._dial = dial
        self.epoch: Ints = np.empty(0, np.int64)
        self.offset: Floats = np.empty(0)
        self._troubled: dict[int, CounterTrack] = {}

    def grow(self) -> None:
        """Have as many rows as the ring."""
        super().grow()
        more = len(self.ring) - len(self.epoch)
        if more > 0:
            self.epoch = np.concatenate([self.epoch, np.zeros(more, np.int64)])
            self.offset = np.concatenate([self.offset, np.zeros(more)])

    def take(self, samples: Samples, epochs: Ints) -> None:
        """Take samples with their epochs (-1: none said)."""
        if not len(samples.series):
            return
        samples = samples._replace(series=self.follow(samples.series))
        series, ts, values = samples
        begins = np.flatnonzero(np.diff(series, prepend=-1))
        plain = self._plain(samples, epochs, begins)
        ends = np.append(begins[1:], len(series)) - 1
        for place in np.flatnonzero(~plain).tolist():
            span = slice(int(begins[place]), int(ends[place]) + 1)
            self._follow(int(series[span.start]), ts[span], values[span], epochs[span])
        counting = np.repeat(plain, np.diff(np.append(begins, len(series))))
        series, ts, values = series[counting], ts[counting], values[counting]
        places = self.ring.at(series, ts // self.ring.step)
        self.ring.channel("grown")[series, places] = values + self.offset[series]
        self.ts[series], self.value[series] = ts, values

    def increase(self, series: Ints, now: int, count: int) -> Floats:
        """Return the growth over ``count`` stretches up to ``now``; NaN where not followed throughout."""
        spare = -(-self.hold // self.ring.step)
        grown = self.ends(series, now, count + spare)
        newest = np.where(
            self.ts[series] >= now - self.hold - self.ring.step,
            self.value[series] + self.offset[series],
            np.nan,
        )
        base = grown[:, 0]
        for cell in range(1, spare):
            base = np.where(np.isnan(grown[:, cell]), base, grown[:, cell])
        return np.round(newest - base, 6)

    def ends(self, series: Ints, now: int, count: int) -> Floats:
        """Return how far each counter had got in ``count`` stretches up to ``now``; NaN without a sample."""
        (grown,) = self.ring.read(series, (now - 1) // self.ring.step, count, "grown")
        return grown

    def _plain(self, samples: Samples, epochs: Ints, begins: Ints) -> Bools:
        """Say of each series whether all it did was to count."""
        series, ts, values = samples
        before, at = np.empty_like(values), np.empty_like(ts)
        before[1:], at[1:] = values[:-1], ts[:-1]
        before[begins], at[begins] = self.value[series[begins]], self.ts[series[begins]]
        odd = (values < before) | ((epochs >= 0) & (epochs != self.epoch[series]))
        odd |= (before == 0) & (values > 0)
        plain = ~np.logical_or.reduceat(odd, begins)
        if self._troubled:
            plain &= ~np.isin(series[begins], list(self._troubled))
        return plain

    def _follow(self, number: int, ts: Ints, values: Floats, epochs: Ints) -> None:
        """Follow one counter sample by sample, until it is plain again."""
        track = self._troubled.pop(number, None) or self._track(number)
        one, last = np.array([number]), track.last
        grown = self.offset[number] + (values[0] if last is None else last.value)
        for at, value, epoch in zip(ts.tolist(), values.tolist(), epochs.tolist(), strict=True):
            grown += track.step(self._dial, at, value, None if epoch < 0 else epoch)
            places = self.ring.at(one, np.array([at // self.ring.step]))
            self.ring.channel("grown")[number, places] = grown
        if track.held is not None or track.left is not None:
            self._troubled[number] = track
        self.epoch[number] = track.epoch
        self.ts[number] = int(ts[-1])
        self.value[number] = values[-1] if track.last is None else track.last.value
        self.offset[number] = grown - self.value[number]

    def _track(self, number: int) -> CounterTrack:
        if self.ts[number] == NEVER:
            return CounterTrack()
        return CounterTrack(
            Sample(int(self.ts[number]), float(self.value[number])), epoch=int(self.epoch[number])
        )

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {**super().save(), "counters": (self.epoch, self.offset), "troubled": self._troubled}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        super().restore(saved)
        self.epoch, self.offset = saved["counters"]
        self._troubled = dict(saved["troubled"])
