"""Fridge, hot-water dispenser and hot tank: what they hold, what they draw (domain catalogue 5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.grid import STEP_S
from simulators.uses import HOT_WH_PER_L

if TYPE_CHECKING:
    from simulators.archetypes import Archetype
    from simulators.grid import Block
    from simulators.series import Flags, Series

_WATER_WH_PER_L_K = 1.163
_INLET_C, _SHOWER_C = 15.0, 39.0
_FRIDGE_W, _FRIDGE_COLD_C, _FRIDGE_WARM_C = 90.0, 3.0, 6.0
_FRIDGE_RISE_K_PER_S = 3.0 / 1440
_FRIDGE_DUTY, _FRIDGE_DUTY_PER_K, _FRIDGE_AT_C = 0.25, 0.02, 20.0
_FRIDGE_DUTY_RANGE = (0.1, 0.9)
_FRIDGE_OPEN_K_PER_S = 0.03
_BOILER_L, _BOILER_FULL_C, _BOILER_BAND_K = 10.0, 96.0, 8.0
_TANK_FULL_C, _TANK_BAND_K, _TANK_LOSS_W_PER_K = 60.0, 5.0, 1.8


class Fridge:
    """A cabinet that warms up slowly and is cooled in cycles; its duty grows with the room's temperature."""

    def __init__(self) -> None:
        self._temp = 4.0
        self._running = False

    def advance(self, block: Block, room_c: float) -> None:
        """Work out temperature and compressor."""
        duty = float(
            np.clip(_FRIDGE_DUTY + _FRIDGE_DUTY_PER_K * (room_c - _FRIDGE_AT_C), *_FRIDGE_DUTY_RANGE)
        )
        rise, fall = _FRIDGE_RISE_K_PER_S * STEP_S, _FRIDGE_RISE_K_PER_S * STEP_S * (1 - duty) / duty
        door = (
            block.values.get(("fridge-1.door", "taken"), block.zeros()) * _FRIDGE_OPEN_K_PER_S * STEP_S
        ).tolist()
        temp, running, temps, on = self._temp, self._running, [], []
        for opened, powered in zip(door, (block.powered > 0).tolist(), strict=True):
            if temp >= _FRIDGE_WARM_C:
                running = True
            elif temp <= _FRIDGE_COLD_C:
                running = False
            temp += opened + (-fall if running and powered else rise)
            temps.append(temp)
            on.append(running)
        self._temp, self._running = temp, running
        block.load("fridge")[:] = np.array(on) * _FRIDGE_W
        block.values["fridge-1", "fridge_temp_celsius"] = np.array(temps)


class Dispenser:
    """A boiler with hysteresis: heat lost and hot water drawn are a debt that the element pays back."""

    def __init__(self, archetype: Archetype) -> None:
        self._element_w = archetype.boiler_w
        self._loss_w = archetype.dispenser_loss_w
        self._debt_wh = 0.0
        self._heating = False
        self._litres = 0.0

    def advance(self, block: Block) -> None:
        """Work out the element's power, the boiler's temperature and the litres given out."""
        hot, cold = block.water("dispenser.hot"), block.water("dispenser.cold")
        owed = self._loss_w * STEP_S / 3600 + hot * (STEP_S / 60) * HOT_WH_PER_L
        paid = self._element_w * STEP_S / 3600
        limit = _BOILER_L * _WATER_WH_PER_L_K * _BOILER_BAND_K
        debt, heating, debts, powers = self._debt_wh, self._heating, [], []
        for add, powered in zip(owed.tolist(), block.powered.tolist(), strict=True):
            debt += add
            heating = heating or debt >= limit
            pay = min(paid, debt) * powered if heating else 0.0
            debt -= pay
            heating = heating and debt > 0
            debts.append(debt)
            powers.append(pay)
        self._debt_wh, self._heating = debt, heating
        block.load("dispenser")[:] = np.array(powers) * 3600 / STEP_S
        cooled = np.array(debts) / (_BOILER_L * _WATER_WH_PER_L_K)
        block.values["dispenser-1", "dispenser_hot_celsius"] = np.maximum(_BOILER_FULL_C - cooled, _INLET_C)
        total = self._litres + np.cumsum(hot + cold) * STEP_S / 60
        self._litres = float(total[-1])
        block.values["dispenser-1", "dispenser_dispensed_l_total"] = total


class HotTank:
    """A stirred tank that feeds the showers; they mix to 39 °C."""

    def __init__(self, archetype: Archetype) -> None:
        self._of = archetype
        self._temp = 58.0
        self._heating = False
        self._mixed = 20.0

    def advance(self, block: Block, room_c: float) -> None:
        """Work out the tank's temperature and power, and the temperature behind the mixing valve."""
        flow = sum((block.water(name) for name in self._of.shower_names), block.zeros())
        per_k = self._of.tank_l * _WATER_WH_PER_L_K
        full_wh = self._of.tank_w * STEP_S / 3600
        temp, heating, temps, powers = self._temp, self._heating, [], []
        for litres, powered in zip((flow * STEP_S / 60).tolist(), block.powered.tolist(), strict=True):
            if temp <= _TANK_FULL_C - _TANK_BAND_K:
                heating = True
            elif temp >= _TANK_FULL_C:
                heating = False
            heat = full_wh * powered if heating else 0.0
            drawn = litres * _WATER_WH_PER_L_K * (min(_SHOWER_C, temp) - _INLET_C)
            lost = _TANK_LOSS_W_PER_K * (temp - room_c) * STEP_S / 3600
            temp += (heat - drawn - lost) / per_k
            temps.append(temp)
            powers.append(heat)
        self._temp, self._heating = temp, heating
        block.load("tank")[:] = np.array(powers) * 3600 / STEP_S
        block.values["hot-tank", "water_temp_celsius"] = np.array(temps)
        self._mix(block, flow > 0, np.array(temps), room_c)

    def _mix(
        self,
        block: Block,
        running: Flags,
        tank_c: Series,
        room_c: float,
    ) -> None:
        mixed, out = self._mixed, []
        for on, tank in zip(running.tolist(), tank_c.tolist(), strict=True):
            goal, speed = (min(_SHOWER_C, tank), 0.3) if on else (room_c, STEP_S / 1200)
            mixed += (goal - mixed) * speed
            out.append(mixed)
        self._mixed = mixed
        block.values["shower-mix", "water_temp_celsius"] = np.array(out)
