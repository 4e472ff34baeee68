"""The room: one thermal node, its air conditioning, CO2 and humidity (domain catalogue 5.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators.grid import STEP_S

if TYPE_CHECKING:
    from simulators.archetypes import Archetype
    from simulators.grid import Block
    from simulators.series import Flags, Series

_PERSON_W, _PERSON_CO2_L_PER_H = 100.0, 18.0
_COP = 3.0
_COOL_C, _HEAT_C, _BAND_K = 24.0, 16.0, 1.0
_COOLING_SEASON_C = 24.0
_MIN_CYCLE_STEPS = int(240 / STEP_S)
_LOWEST_SPEED = 0.2
_LOUVRE_ABOVE_C, _LOUVRE_LEAD_K = 22.5, 1.0
_AIR_WH_PER_M3_K = 0.34
_CO2_OUTSIDE = 420.0
_CHANGES_CLOSED, _CHANGES_DOOR_OPEN, _CHANGES_FAN = 0.5, 3.0, 1.0
_HUMIDITY_SPEED = STEP_S / 1800
_HUMIDITY_OUTSIDE, _HUMIDITY_RAIN, _HUMIDITY_COOLING, _HUMIDITY_PERSON = 58.0, 12.0, -12.0, 0.4
MODES = ("off", "cool", "heat")
_OFF, _COOL, _HEAT = range(3)


@dataclass(slots=True)
class Thermostat:
    """On at 1 K from the set-point, off at the other side, 4 minutes at least; no cooling on cool days."""

    inverter: bool
    mode: int = _OFF
    held: int = _MIN_CYCLE_STEPS

    def level(self, temp_c: float, outdoor_c: float) -> float:
        """Share of full power for the coming step."""
        self.held += 1
        if self.held >= _MIN_CYCLE_STEPS:
            self._switch(temp_c, outdoor_c)
        if self.mode == _OFF:
            return 0.0
        if not self.inverter:
            return 1.0
        excess = temp_c - _COOL_C if self.mode == _COOL else _HEAT_C - temp_c
        return min(1.0, max(_LOWEST_SPEED, excess + 0.5))

    def _switch(self, temp_c: float, outdoor_c: float) -> None:
        mode = self.mode
        if mode == _OFF and temp_c > _COOL_C + _BAND_K and outdoor_c > _COOLING_SEASON_C:
            mode = _COOL
        elif mode == _OFF and temp_c < _HEAT_C - _BAND_K:
            mode = _HEAT
        elif (mode == _COOL and temp_c < _COOL_C - _BAND_K) or (mode == _HEAT and temp_c > _HEAT_C + _BAND_K):
            mode = _OFF
        if mode != self.mode:
            self.mode, self.held = mode, 0


class Room:
    """State of the air of one station, moved on block by block."""

    def __init__(self, archetype: Archetype, temp_c: float) -> None:
        self._of = archetype
        self._temp = temp_c
        self._co2 = 450.0
        self._humidity = 55.0
        self._thermostat = Thermostat(archetype.ac_inverter)

    def advance(self, block: Block, internal_w: Series) -> None:
        """Work out temperature, CO2, humidity and the power of the air conditioning."""
        temps, levels, modes, louvres = self._heat(block, internal_w)
        block.load("hvac")[:] = np.array(levels) * block.conditioned * self._of.ac_units * self._of.ac_unit_w
        mode = np.array(modes, dtype=float)
        block.values["lounge", "air_temp_celsius"] = np.array(temps)
        block.values["lounge", "co2_ppm"] = np.array(self._carbon_dioxide(block, louvres))
        block.values["lounge", "humidity_pct"] = np.array(self._moisture(block, mode == _COOL))
        block.values["hvac", "hvac_mode"] = mode

    def _heat(
        self, block: Block, internal_w: Series
    ) -> tuple[list[float], list[float], list[int], list[float]]:
        of, thermostat, temp = self._of, self._thermostat, self._temp
        gains = internal_w + _PERSON_W * block.present + of.solar_peak_w * block.sun
        loss = of.ua_w_per_k + of.volume_m3 * _AIR_WH_PER_M3_K * (
            _CHANGES_CLOSED + block.door_open * (_CHANGES_DOOR_OPEN - _CHANGES_CLOSED)
        )
        full_w = (of.ac_units * of.ac_unit_w * _COP * block.powered * block.conditioned).tolist()
        speed = STEP_S / (of.heat_kj_per_k * 1000)
        temps, levels, modes, louvres = [], [], [], []
        inputs = zip(block.outdoor_c.tolist(), gains.tolist(), loss.tolist(), full_w, strict=True)
        for outdoor, gain, ua, full in inputs:
            louvre = of.louvre_w_per_k * min(1.0, max(0.0, temp - _LOUVRE_ABOVE_C))
            if thermostat.mode != _OFF or outdoor > temp - _LOUVRE_LEAD_K:
                louvre = 0.0
            level = thermostat.level(temp, outdoor)
            pumped = level * full if thermostat.mode == _HEAT else -level * full
            temp += speed * ((ua + louvre) * (outdoor - temp) + gain + pumped)
            temps.append(temp)
            levels.append(level)
            modes.append(thermostat.mode)
            louvres.append(louvre)
        self._temp = temp
        return temps, levels, modes, louvres

    def _carbon_dioxide(self, block: Block, louvres: list[float]) -> list[float]:
        volume, co2 = self._of.volume_m3, self._co2
        fan = block.watts.get("extractor", block.zeros()) > 0
        changes = (
            _CHANGES_CLOSED + block.door_open * (_CHANGES_DOOR_OPEN - _CHANGES_CLOSED) + fan * _CHANGES_FAN
        )
        changes = changes + np.array(louvres) / (_AIR_WH_PER_M3_K * volume)
        breath = block.present * _PERSON_CO2_L_PER_H * 1000 / volume
        out = []
        for source, rate in zip(breath.tolist(), changes.tolist(), strict=True):
            co2 += (source - rate * (co2 - _CO2_OUTSIDE)) * STEP_S / 3600
            out.append(co2)
        self._co2 = co2
        return out

    def _moisture(self, block: Block, cooling: Flags) -> list[float]:
        target = _HUMIDITY_OUTSIDE + _HUMIDITY_RAIN * block.day.raining(block.hours)
        target = target + _HUMIDITY_COOLING * cooling + _HUMIDITY_PERSON * block.present
        humidity, out = self._humidity, []
        for goal in target.tolist():
            humidity += (goal - humidity) * _HUMIDITY_SPEED
            out.append(humidity)
        self._humidity = humidity
        return out
