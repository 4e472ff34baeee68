"""The time grid of the physics: blocks of an hour in steps of five seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from simulators.series import Flags, Series
    from simulators.weather import DayWeather

STEP_MS = 5_000
STEP_S = 5.0
HOUR_MS = 3_600_000

Change = tuple[int, object]
Reading = dict[str, Any]
Report = tuple[str, Reading]
"""Domain, and reading as on the wire."""


def ts_of(report: Report) -> int:
    """When a report was taken, ms."""
    ts: int = report[1]["ts"]
    return ts


@dataclass(slots=True)
class Block:
    """One hour (or what is left of it) of a station's life while it is being worked out.

    Series have one value a step, the mean over the step. `hours` are local hours of the day; `values` are
    what the instruments could see, by (device, field); `changes` the moments at which states change;
    `powered` is 1 while mains are there, `conditioned` while the air conditioning has power.
    """

    start_ms: int
    end_ms: int
    day: DayWeather
    hours: Series
    outdoor_c: Series
    sun: Series
    present: Series
    door_open: Series
    powered: Series
    conditioned: Series
    litres_per_min: dict[str, Series] = field(default_factory=dict)
    watts: dict[str, Series] = field(default_factory=dict)
    values: dict[tuple[str, str], Series] = field(default_factory=dict)
    changes: dict[tuple[str, str], list[Change]] = field(default_factory=dict)
    events: list[Report] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.hours)

    def zeros(self) -> Series:
        """A series of zeros."""
        return np.zeros(self.steps)

    def add(self, series: Series, start_ms: int, end_ms: int, rate: float) -> None:
        """Add `rate` from `start_ms` to `end_ms`, in part where a step is covered in part."""
        first = max((start_ms - self.start_ms) / STEP_MS, 0.0)
        last = min((end_ms - self.start_ms) / STEP_MS, float(self.steps))
        if last <= first:
            return
        head, tail = int(first), int(last)
        if head == tail:
            series[head] += rate * (last - first)
            return
        series[head] += rate * (head + 1 - first)
        series[head + 1 : tail] += rate
        if tail < self.steps:
            series[tail] += rate * (last - tail)

    def water(self, tap: str) -> Series:
        """The flow of one tap, L/min, to be added to."""
        return self.litres_per_min.setdefault(tap, self.zeros())

    def load(self, name: str) -> Series:
        """The power of one load, W, to be added to."""
        return self.watts.setdefault(name, self.zeros())

    def state(self, device: str, name: str, codes: Series | Flags, labels: tuple[object, ...]) -> None:
        """Turn a series of codes into the changes of a state; the first code counts as a change."""
        rounded = codes.astype(np.int64)
        steps = np.flatnonzero(np.diff(rounded, prepend=rounded[0] - 1))
        self.changes.setdefault((device, name), []).extend(
            (self.start_ms + int(step) * STEP_MS, labels[int(rounded[step])]) for step in steps
        )


def elapsed_s(block: Block, since_ms: int) -> Series:
    """Seconds since a moment, at every step."""
    steps: Series = (block.start_ms - since_ms + np.arange(block.steps) * STEP_MS) / 1000
    return steps
