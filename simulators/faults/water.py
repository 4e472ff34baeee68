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
_BURST_RAMP_S = 10.0
_AIR_AFTER_MS, _AIR_MS = 120_000, 40_000


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
    """A burst hose: full flow, pressure falls to what is left, the leak cable is wet after 90 s."""

    zh: ClassVar[str] = "水管爆裂"
    en: ClassVar[str] = "burst hose"
    minutes: float = 30.0
    l_per_min: float = 28.0
    wet_after_s: int = 90
    left_kpa: float = 90.0

    def demand(self, block: Block) -> None:
        """Draw at full flow."""
        block.add(block.water("leak"), self.start_ms, self.end_ms, self.l_per_min)

    def signs(self, block: Block) -> None:
        """Let the pressure fall and wet the leak cable; it dries an hour after the water stops."""
        _fall(self, block, self.left_kpa, _BURST_RAMP_S)
        wet = self.start_ms + self.wet_after_s * 1000
        show_between(block, ("leak-1", "leak_detected"), (wet, self.end_ms + 60 * MINUTE_MS), (True, False))


@dataclass(frozen=True, slots=True)
class AreaWaterCut(Fault):
    """The main in the street is shut: pressure falls within three minutes, nothing runs.

    While it falls, air comes and some water runs back into the street through the meter.
    """

    zh: ClassVar[str] = "片区停水"
    en: ClassVar[str] = "water cut in the area"
    minutes: float = 120.0
    left_kpa: float = 10.0
    back_l: float = 2.0

    def demand(self, block: Block) -> None:
        """Let no tap run, and some water run back."""
        first, last = self.steps(block)
        for flow in block.litres_per_min.values():
            flow[first:last] = 0.0
        air = self.start_ms + _AIR_AFTER_MS
        block.add(block.water("back"), air, air + _AIR_MS, -self.back_l * MINUTE_MS / _AIR_MS)

    def signs(self, block: Block) -> None:
        """Let the pressure ramp down, and come back at once."""
        _fall(self, block, self.left_kpa, _RAMP_S)


def _fall(fault: Fault, block: Block, left_kpa: float, ramp_s: float) -> None:
    """Let the pressure at the inlet fall to what is left while the fault lasts."""
    first, last = fault.steps(block)
    pressure = block.values["main", "water_pressure_kpa"]
    fallen = np.clip(elapsed_s(block, fault.start_ms)[first:last] / ramp_s, 0.0, 1.0)
    pressure[first:last] = pressure[first:last] * (1 - fallen) + left_kpa * fallen
