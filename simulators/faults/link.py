"""Faults of the link and of the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from simulators.faults.fault import Fault, show_between
from simulators.grid import elapsed_s
from simulators.links import YEAR_2000_MS, ClockProfile

if TYPE_CHECKING:
    from simulators.grid import Block


@dataclass(frozen=True, slots=True)
class NetworkOutage(Fault):
    """The link is down, then everything comes late."""

    zh: ClassVar[str] = "网络中断"
    en: ClassVar[str] = "network outage"
    minutes: float = 95.0

    def outages(self) -> tuple[tuple[int, int], ...]:
        """One outage."""
        return ((self.start_ms, self.end_ms),)


@dataclass(frozen=True, slots=True)
class FlappingLink(Fault):
    """The link breaks and heals again and again; `minutes` follows from the cycles."""

    zh: ClassVar[str] = "网络时断时续"
    en: ClassVar[str] = "flapping link"
    cycles: int = 6
    seed: int = 1

    def outages(self) -> tuple[tuple[int, int], ...]:
        """Down 90 to 200 s, then up as long, several times."""
        lengths = np.random.default_rng(self.seed).integers(90, 201, 2 * self.cycles) * 1000
        edges = self.start_ms + np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        return tuple((int(edges[2 * n]), int(edges[2 * n + 1])) for n in range(self.cycles))

    @property
    def end_ms(self) -> int:
        """When the link has healed for the last time."""
        return self.outages()[-1][1]


@dataclass(frozen=True, slots=True)
class ClockEightHoursAhead(Fault):
    """The hardware clock holds local time and is taken for UTC from a restart of the box on."""

    zh: ClassVar[str] = "时钟快八小时"
    en: ClassVar[str] = "clock eight hours ahead"
    hours: float = 8.0

    def boots(self) -> tuple[int, ...]:
        """The box reads its hardware clock when it starts."""
        return (self.start_ms,)

    def clock(self) -> ClockProfile:
        """Ahead, and sure of itself."""
        return ClockProfile(self.start_ms, offset_ms=int(self.hours * 3_600_000))


@dataclass(frozen=True, slots=True)
class ClockDrift(Fault):
    """A clock that drifts, or (`reset`) starts again in 2000 without knowing better."""

    zh: ClassVar[str] = "时钟漂移或复位"
    en: ClassVar[str] = "clock drifting or reset"
    ppm: float = 20.0
    reset: bool = False

    def boots(self) -> tuple[int, ...]:
        """A clock is reset by a loss of power."""
        return (self.start_ms,) if self.reset else ()

    def signs(self, block: Block) -> None:
        """What the box says of its clock; one that was reset cannot say how wrong it is."""
        show_between(block, ("agent", "clock_synced"), (self.start_ms, self.end_ms), (False, True))
        if not self.reset:
            first, last = self.steps(block)
            drifted = elapsed_s(block, self.start_ms) * self.ppm / 1000
            block.values["agent", "clock_offset_ms"][first:last] += drifted[first:last]

    def clock(self) -> ClockProfile:
        """Unsynchronised from the start of the fault."""
        if self.reset:
            return ClockProfile(self.start_ms, reset_to_ms=YEAR_2000_MS, synced=False)
        return ClockProfile(self.start_ms, drift_ppm=self.ppm, synced=False)
