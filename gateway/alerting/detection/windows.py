"""What fields were lately: gauges weighted by time, counters by how far they got.

Kept in rings (`detection.rings`). Sums are whole numbers, and a counter that only counts is kept as it
stands, so it does not matter how samples were cut into batches.
"""

from typing import Any

import numpy as np

from gateway.alerting.detection.rings import ALLOWED_MS, NEVER, SCALE, Floats, Followed, Ring, Samples
from gateway.alerting.detection.rows import Bools, Ints
from gateway.domain.counters import CounterTrack, Dial, Sample


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
        self.turned: Ints = np.empty(0, np.int64)
        """When each counter last did anything but count."""
        self._troubled: dict[int, CounterTrack] = {}

    def grow(self) -> None:
        """Have as many rows as the ring."""
        super().grow()
        more = len(self.ring) - len(self.epoch)
        if more > 0:
            self.epoch = np.concatenate([self.epoch, np.zeros(more, np.int64)])
            self.offset = np.concatenate([self.offset, np.zeros(more)])
            self.turned = np.concatenate([self.turned, np.full(more, NEVER)])

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

    def fill(self, samples: Samples) -> None:
        """Note how far counters had got in stretches of which nothing was known: samples that came late.

        Only those that fit between what is known, of counters that did nothing but count since: whatever
        else came late might be a glitch, or of another epoch.
        """
        highest = max(samples.series.max(initial=-1), self.series.max(initial=-1))
        kept = self.among(int(highest) + 1)[samples.series]
        series, ts, values = self.rows(samples.series[kept]), samples.ts[kept], samples.values[kept]
        stretch = ts // self.ring.step
        fits = np.where(ts < self.ts[series], values <= self.value[series], values >= self.value[series])
        fits &= (ts > self.turned[series]) & self.ring.reaches(series, stretch)
        series, stretch, values = series[fits], stretch[fits], values[fits]
        places = self.ring.at(series, stretch)
        np.fmax.at(self.ring.channel("grown"), (series, places), values + self.offset[series])

    def increase(self, series: Ints, now: int, count: int) -> Floats:
        """Return the growth over ``count`` stretches up to ``now``; NaN where not followed throughout."""
        spare = -(-self.hold // self.ring.step)
        before = self.ends(series, now - count * self.ring.step, spare)
        newest = np.where(
            self.ts[series] >= now - self.hold - self.ring.step,
            self.value[series] + self.offset[series],
            np.nan,
        )
        base = before[:, 0]
        for cell in range(1, spare):
            base = np.where(np.isnan(before[:, cell]), base, before[:, cell])
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
        self.ts[number] = self.turned[number] = int(ts[-1])
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
        return {
            **super().save(),
            "counters": (self.epoch, self.offset, self.turned),
            "troubled": self._troubled,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        super().restore(saved)
        self.epoch, self.offset, self.turned = saved["counters"]
        self._troubled = dict(saved["troubled"])
