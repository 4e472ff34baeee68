"""Water from the main: flow, pressure, volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.grid import STEP_S

if TYPE_CHECKING:
    from simulators.grid import Block

_STATIC_KPA, _NIGHT_RISE_KPA, _LOSS_KPA = 290.0, 25.0, 0.12


class Plumbing:
    """The main meter; `volume_m3` is what it has counted since it was made."""

    def __init__(self, volume_m3: float) -> None:
        self.volume_m3 = volume_m3

    def advance(self, block: Block) -> None:
        """Sum all taps into flow, volume and pressure at the inlet."""
        flow = sum(block.litres_per_min.values(), block.zeros())
        volume = self.volume_m3 + np.cumsum(flow) * STEP_S / 60_000
        self.volume_m3 = float(volume[-1])
        night = np.cos(2 * np.pi * (block.hours - 3) / 24)
        block.values["main", "water_flow_l_per_min"] = flow
        block.values["main", "water_volume_m3_total"] = volume
        block.values["main", "water_pressure_kpa"] = (
            _STATIC_KPA + _NIGHT_RISE_KPA * night - _LOSS_KPA * flow**2
        )
