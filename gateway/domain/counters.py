"""How much a counter really grew: aware of reset, roll-over, glitch and meter swap.

Most faults of counters in the field are single zeros and small decreases (40,482.83, 0.0, 40,482.83 kWh
within two polls); whoever takes the low value for a reset books a meter's whole life as use. So a lower
value is held back until a second one agrees with it or the agent raises the counter's ``epoch``.

What a counter shows just after a break counts as use only as far as it could have flowed since the last
good sample; a second-hand meter that starts at 12,000 adds nothing.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wire.measures import MEASURES, Measure

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

GLITCH_MS = 3_600_000
"""A counter that comes back to its old line within this time was never reset."""
_MARGIN = 1.5
"""As in rule PW-14: a rise above 1.5 times the largest possible is not believed."""
_BEYOND_DOUBT = 1_000
"""A rise from 0 of a thousand times the largest possible is a meter whose first sample was a glitch."""
_NEAR_THE_END = 0.001
"""Share of the modulus that may lie between the two samples around a roll-over, however close in time."""


@dataclass(frozen=True, slots=True)
class Dial:
    """What a kind of counter can do: where it may roll over, and its largest rise per second.

    ``at_once`` is a rise that needs no time: a group passes a door between two samples.
    """

    moduli: tuple[float, ...]
    most_per_s: float
    at_once: float = 0.0

    def possible(self, rise: float, elapsed_ms: int) -> bool:
        """Whether the counter can have grown by ``rise`` in the time between two samples."""
        return 0 <= rise <= self.at_once + _MARGIN * self.most_per_s * elapsed_ms / 1_000

    def is_lifetime(self, last: float, value: float, elapsed_ms: int) -> bool:
        """Whether the counter came from a wrong zero: it shows its whole life, not what it grew."""
        return last == 0 and not self.possible(value / _BEYOND_DOUBT, elapsed_ms)

    def after_break(self, last: float, value: float, elapsed_ms: int) -> float:
        """Return the growth from ``last`` to a confirmed lower ``value``: rolled over, or reset."""
        for modulus in self.moduli:
            rise = value + modulus - last
            if last < modulus and (self.possible(rise, elapsed_ms) or rise <= _NEAR_THE_END * modulus):
                return rise
        return self.after_reset(value, elapsed_ms)

    def after_reset(self, value: float, elapsed_ms: int) -> float:
        """Return the growth since a reset: ``value`` where that can be, else nothing."""
        return value if self.possible(value, elapsed_ms) else 0.0


_MOST_PER_S = {"1": 2.0, "m3": 0.002, "L": 2.0, "kW.h": 75 / 3_600, "GBy": 1.0}
"""By UCUM unit. 120 L/min and 75 kW end the valid ranges of flow and power; two people a second is a
door's most (own), and a solid-state disk writes 1 GB/s."""
_AT_ONCE = {"1": 10.0}


@cache
def dial_of(domain: str, name: str) -> Dial:
    """Return the dial of a counter of `wire.measures`; KeyError for any other name."""
    return dial_for(MEASURES[domain][name])


def dial_for(measure: Measure) -> Dial:
    """Return the dial of a counter; KeyError for a unit in which nothing is counted."""
    return Dial(measure.moduli, _MOST_PER_S[measure.unit], _AT_ONCE.get(measure.unit, 0.0))


class Sample(NamedTuple):
    """What a counter showed, and when (ms)."""

    ts: int
    value: float


class Left(NamedTuple):
    """The line a counter left at an unannounced break, and the growth booked since."""

    last: Sample
    booked: float


@dataclass(slots=True)
class CounterTrack:
    """One counter sample by sample, as far as it has been followed; its dial is handed in."""

    last: Sample | None = None
    held: Sample | None = None
    left: Left | None = None
    epoch: int = 0

    def step(self, dial: Dial, ts: int, value: float, epoch: int | None = None) -> float:
        """Return the growth this sample proves; nothing for one not later than the last.

        Negative when it takes back a reset that was none.
        """
        last, now = self.last, Sample(ts, float(value))
        if last is not None and ts <= (self.held or last).ts:
            return 0.0
        growth = 0.0
        if last is None:
            self.epoch = self.epoch if epoch is None else epoch
        elif epoch is not None and epoch != self.epoch:
            growth = dial.after_reset(value, ts - last.ts)
            self.epoch, self.left = epoch, None
        elif value >= last.value:
            growth = self._rise(dial, last, now)
        elif self.held is None or value < self.held.value:
            self.held = now
            return 0.0
        else:
            growth = dial.after_break(last.value, self.held.value, self.held.ts - last.ts)
            growth += value - self.held.value
            self.left = Left(last, growth)
        self.last, self.held = now, None
        return growth

    def _rise(self, dial: Dial, last: Sample, now: Sample) -> float:
        growth = now.value - last.value
        left = self.left
        if left is None or now.ts - left.last.ts > GLITCH_MS:
            self.left = None
            if dial.is_lifetime(last.value, now.value, now.ts - last.ts):
                return 0.0
        elif not dial.possible(growth, now.ts - last.ts) and _is_line(dial, left.last, now):
            self.left = None
            return now.value - left.last.value - left.booked
        else:
            self.left = Left(left.last, left.booked + growth)
        return growth


def _is_line(dial: Dial, left: Sample, now: Sample) -> bool:
    """Whether the counter jumped back to the line it seemed to have left."""
    return dial.possible(now.value - left.value, now.ts - left.ts)


def growth(dial: Dial, ts: Ints, values: Floats, epochs: Ints | None = None) -> Floats:
    """Return for each sample the growth it proves since the one before; the first proves nothing.

    ``ts`` ascending, in ms; ``epochs`` 0 where none was sent. Same as `CounterTrack`, except that what
    a mistaken reset booked is set to nothing instead of being taken back later; a lower value still
    unconfirmed at the end proves nothing.
    """
    grown = np.zeros(len(values))
    if len(values) < 2:  # noqa: PLR2004 - growth lies between two samples
        return grown
    marks = np.zeros(len(ts), dtype=np.int64) if epochs is None else epochs
    rises = np.diff(values)
    breaks = np.flatnonzero((rises < 0) | (np.diff(marks) != 0)) + 1
    grown[1:] = rises
    for i in np.flatnonzero((values[:-1] == 0) & (rises > 0)).tolist():
        if dial.is_lifetime(values[i], values[i + 1], ts[i + 1] - ts[i]):
            grown[i + 1] = 0.0
    position = 0
    for start in breaks.tolist():
        if start >= position:
            position = _walk(dial, ts, values, marks, grown, start)
    return grown


def _walk(dial: Dial, ts: Ints, values: Floats, epochs: Ints, grown: Floats, start: int) -> int:
    """Follow the counter one by one from a break until it is plain again; return where."""
    before = Sample(int(ts[start - 1]), float(values[start - 1]))
    track = CounterTrack(last=before, epoch=int(epochs[start - 1]))
    broke_at = start
    for i in range(start, len(ts)):
        left = track.left
        grown[i] = track.step(dial, int(ts[i]), float(values[i]), int(epochs[i]))
        if track.left is not None and (left is None or track.left.last != left.last):
            broke_at = i
        if left is not None and grown[i] < 0:
            grown[broke_at:i] = 0.0
            grown[i] = values[i] - left.last.value
        if track.held is None and track.left is None:
            return i + 1
    return len(ts)
