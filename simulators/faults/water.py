"""Faults of the water: leak, burst, cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from simulators.faults.fault import MINUTE_MS, Fault, show_between
from simulators.grid import elapsed_s

if TYPE_CHECKING:
    from simulators.grid import Block

_RAMP_S = 180.0


@dataclass(frozen=True, slots=True)
class CisternLeak(Fault):
    """A cistern that never stops running."""

    zh: ClassVar[str] = "水箱漏水"
    en: ClassVar[str] = "leaking cistern"
    l_per_min: float = 0.4

    def demand(self, block: Block) -> None:
        """Draw without anybody's use."""
        block.add(block.water("leak"), self.start_ms, self.end_ms, self.l_per_min)


@dataclass(frozen=True, slots=True)
class HoseBurst(Fault):
    """A burst hose: full flow, pressure falls, the leak cable is wet after 90 s."""

    zh: ClassVar[str] = "水管爆裂"
    en: ClassVar[str] = "burst hose"
    minutes: float = 30.0
    l_per_min: float = 28.0
    wet_after_s: int = 90

    def demand(self, block: Block) -> None:
        """Draw at full flow."""
        block.add(block.water("leak"), self.start_ms, self.end_ms, self.l_per_min)

    def signs(self, block: Block) -> None:
        """Wet the leak cable; it dries an hour after the water stops."""
        wet = self.start_ms + self.wet_after_s * 1000
        show_between(block, ("leak-1", "leak_detected"), (wet, self.end_ms + 60 * MINUTE_MS), (True, False))


@dataclass(frozen=True, slots=True)
class AreaWaterCut(Fault):
    """The main in the street is shut: pressure falls within three minutes, nothing runs."""

    zh: ClassVar[str] = "片区停水"
    en: ClassVar[str] = "water cut in the area"
    minutes: float = 120.0
    left_kpa: float = 10.0

    def demand(self, block: Block) -> None:
        """Let no tap run."""
        first, last = self.steps(block)
        for flow in block.litres_per_min.values():
            flow[first:last] = 0.0

    def signs(self, block: Block) -> None:
        """Let the pressure ramp down, and come back at once."""
        first, last = self.steps(block)
        pressure = block.values["main", "water_pressure_kpa"]
        fallen = np.clip(elapsed_s(block, self.start_ms)[first:last] / _RAMP_S, 0.0, 1.0)
        pressure[first:last] = pressure[first:last] * (1 - fallen) + self.left_kpa * fallen
