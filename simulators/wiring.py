"""Electricity: loads into circuits, circuits onto phases, phases into what a meter shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulators.grid import STEP_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator

    from simulators.archetypes import Archetype
    from simulators.grid import Block
    from simulators.series import Series

_PHASE_V, _DAILY_V, _SAG_V_PER_W, _FLICKER_V = 228.0, 3.0, 0.0002, 0.6
_NOMINAL_HZ, _FLICKER_HZ = 50.0, 0.015
_DRY_LEAKAGE_MA, _WET_LEAKAGE_MA = 4.0, 6.0
_TERMINAL_K_PER_A2 = 0.012
_THREE_PHASES = 3


class Load(NamedTuple):
    """Where a load hangs and its power factor."""

    circuit: str
    power_factor: float


LOADS: Mapping[str, Load] = {
    "base": Load("base", 0.6),
    "lights": Load("lights", 0.9),
    "extractor": Load("lights", 0.7),
    "fridge": Load("sockets", 0.7),
    "microwave": Load("sockets", 0.95),
    "phones": Load("sockets", 0.6),
    "ebike": Load("outside", 0.9),
    "dispenser": Load("water", 1.0),
    "washer": Load("water", 0.85),
    "dryer": Load("water", 0.98),
    "tank": Load("tank", 1.0),
    "hvac": Load("hvac", 0.92),
}
_ON_PHASE: Mapping[str, tuple[float, float, float]] = {
    "base": (1.0, 0.0, 0.0),
    "lights": (0.0, 1.0, 0.0),
    "sockets": (0.0, 0.0, 1.0),
    "outside": (0.0, 0.0, 1.0),
    "water": (0.0, 0.5, 0.5),
    "tank": (1 / 3, 1 / 3, 1 / 3),
    "hvac": (1 / 3, 1 / 3, 1 / 3),
}
_NO_LOAD_VA = 1e-9


def metered_circuits(archetype: Archetype) -> tuple[str, ...]:
    """The circuits with a meter of their own; the rest is only seen by the main meter."""
    return ("sockets", "water", "tank") if archetype.tank_l else ("sockets", "water")


class Wiring:
    """The meters of one station: kWh counted per circuit and phase since they were made."""

    def __init__(self, archetype: Archetype, kwh: float) -> None:
        self._of = archetype
        self._kwh: dict[str, float] = {}
        for name in archetype.phase_names:
            self._kwh[name] = kwh / archetype.phases
        for name in metered_circuits(archetype):
            self._kwh[f"circuit.{name}"] = kwh / len(_ON_PHASE)

    def advance(self, block: Block, rng: Generator) -> None:
        """Work out all meters of the block from its loads."""
        active = {name: block.zeros() for name in _ON_PHASE}
        reactive = {name: block.zeros() for name in active}
        for name, watts in block.watts.items():
            load = LOADS[name.split("-")[0]]
            watts[:] = watts * block.powered
            active[load.circuit] += watts
            reactive[load.circuit] += watts * math.tan(math.acos(load.power_factor))
        volts = [self._phase(block, index, active, reactive, rng) for index in range(self._of.phases)]
        for name in metered_circuits(self._of):
            self._circuit(block, name, active[name], reactive[name], volts[0])
        first = self._of.phase_names[0]
        block.values[first, "frequency_hz"] = _NOMINAL_HZ + _FLICKER_HZ * rng.standard_normal(block.steps)
        block.values[first, "residual_current_ma"] = np.where(
            active["water"] > 0, _DRY_LEAKAGE_MA + _WET_LEAKAGE_MA, _DRY_LEAKAGE_MA
        )

    def _phase(
        self,
        block: Block,
        index: int,
        active: dict[str, Series],
        reactive: dict[str, Series],
        rng: Generator,
    ) -> Series:
        name = self._of.phase_names[index]
        shares = {
            each: _ON_PHASE[each][index] if self._of.phases == _THREE_PHASES else 1.0 for each in active
        }
        watts = sum((active[each] * share for each, share in shares.items()), block.zeros())
        var = sum((reactive[each] * share for each, share in shares.items()), block.zeros())
        daily = _DAILY_V * np.sin(2 * np.pi * block.hours / 24)
        volts = _PHASE_V + daily - _SAG_V_PER_W * watts + _FLICKER_V * rng.standard_normal(block.steps)
        volts = volts * block.powered
        apparent = np.hypot(watts, var)
        values = block.values
        values[name, "voltage_v"] = volts
        values[name, "current_a"] = apparent / np.maximum(volts, 1.0)
        values[name, "power_active_w"] = watts
        values[name, "power_reactive_var"] = var
        values[name, "power_apparent_va"] = apparent
        values[name, "power_factor_ratio"] = np.where(
            apparent > _NO_LOAD_VA, watts / np.maximum(apparent, _NO_LOAD_VA), 1.0
        )
        values[name, "energy_import_kwh_total"] = self._count(name, watts)
        return volts

    def _circuit(
        self,
        block: Block,
        circuit: str,
        watts: Series,
        var: Series,
        volts: Series,
    ) -> None:
        name = f"circuit.{circuit}"
        amps = np.hypot(watts, var) / np.maximum(volts, 1.0)
        block.values[name, "power_active_w"] = watts
        block.values[name, "current_a"] = amps
        block.values[name, "energy_import_kwh_total"] = self._count(name, watts)
        room = block.values["lounge", "air_temp_celsius"]
        block.values[name, "terminal_temp_celsius"] = room + 4 + _TERMINAL_K_PER_A2 * amps**2

    def _count(self, name: str, watts: Series) -> Series:
        total = self._kwh[name] + np.cumsum(watts) * STEP_S / 3_600_000
        self._kwh[name] = float(total[-1])
        return total
