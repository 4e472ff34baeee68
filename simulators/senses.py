"""What sensors in the rooms see of people and air: presence, cubicles, light, sound, odour, dust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.grid import STEP_S

if TYPE_CHECKING:
    from numpy.random import Generator

    from simulators.archetypes import Archetype
    from simulators.grid import Block
    from simulators.series import Series

_HOLD_STEPS = int(60 / STEP_S)
_LIGHT_HOLD_STEPS = int(300 / STEP_S)
_DARK_LUX, _LAMP_LUX, _LAMP_W_PER_M2 = 150.0, 320.0, 8.0
_SEATED_SHARE = 0.7
_PIPE_OUTSIDE_SHARE = 0.25
_MOTION_EVERY_S = 20.0
_QUIET_DB, _DB_PER_DOUBLING, _FAN_DB = 33.0, 6.0, 5.0
_DUST_MEMORY, _DUST_LOG_SIGMA, _DUST_MEDIAN = 0.97, 0.5, 32.0
_ODOUR_FADES_S, _ODOUR_PER_STEP = 2400.0, 0.0012


class Senses:
    """Sensors of one station's rooms; remembers what lasts longer than a block."""

    def __init__(self, archetype: Archetype) -> None:
        self._of = archetype
        self._recent = np.zeros(_LIGHT_HOLD_STEPS)
        self._dust = 0.0
        self._odour = dict.fromkeys(archetype.toilet_names, 0.1)
        self._since: dict[str, float] = {}

    def light(self, block: Block) -> None:
        """Lamps burn while somebody is in and daylight does not do; five minutes longer than needed."""
        daylight = block.day.daylight_lux(block.hours)
        somebody = (block.present > 0).astype(float)
        lit = self._held(somebody, _LIGHT_HOLD_STEPS) * (daylight < _DARK_LUX) * block.powered
        block.state("lounge", "zone_occupied", self._held(somebody, _HOLD_STEPS), (False, True))
        self._recent = np.concatenate([self._recent, somebody])[-_LIGHT_HOLD_STEPS:]
        block.load("lights")[:] = lit * _LAMP_W_PER_M2 * self._of.lit_m2
        block.values["lounge", "illuminance_lux"] = daylight + _LAMP_LUX * lit

    def see(self, block: Block, rng: Generator) -> None:
        """Fill in what presence, cubicle, sound, dust and odour sensors see."""
        present, values = block.present, block.values
        values["lounge", "zone_people_count"] = present
        values["lounge", "seat_occupied_count"] = np.minimum(
            np.floor(present * _SEATED_SHARE + 0.5), self._of.seats
        )
        values["wifi", "wifi_clients_count"] = np.floor(present * 0.6) + 2
        sound = _QUIET_DB + _DB_PER_DOUBLING * np.log2(1 + present) + _FAN_DB * (block.watts["hvac"] > 0)
        values["lounge", "noise_db"] = sound
        self._dust = _DUST_MEMORY * self._dust + np.sqrt(1 - _DUST_MEMORY**2) * rng.standard_normal()
        dust = _DUST_MEDIAN * float(np.exp(_DUST_LOG_SIGMA * self._dust))
        values["lounge", "pm2_5_ug_per_m3"] = np.full(block.steps, dust)
        values["lounge", "co_ppm"] = np.full(block.steps, 0.8)
        values["outdoor", "outdoor_temp_celsius"] = block.outdoor_c
        room = values["lounge", "air_temp_celsius"]
        values["pipe-1", "water_temp_celsius"] = room + _PIPE_OUTSIDE_SHARE * (block.outdoor_c - room)
        for name in (*self._of.toilet_names, *self._of.shower_names):
            self._cubicle(block, name, rng)
        for name in self._of.toilet_names:
            self._smell(block, name)

    def _held(self, now: Series, steps: int) -> Series:
        """Flags held on for some steps after they fell, those of the last block included."""
        sums = np.cumsum(np.concatenate([np.zeros(1), self._recent[-steps:], now]))
        held: Series = np.asarray(sums[steps + 1 :] - sums[: len(now)] > 0, dtype=np.float64)
        return held

    def _cubicle(self, block: Block, name: str, rng: Generator) -> None:
        occupied = (block.values.get((name, "taken"), block.zeros()) > 0).astype(float)
        block.state(name, "cubicle_occupied", occupied, (False, True))
        block.changes.setdefault((name, "fall_suspected"), []).append((block.start_ms, False))
        seconds, count = [], self._since.get(name, 0.0)
        for flag in occupied.tolist():
            count = count + STEP_S if flag else 0.0
            seconds.append(count)
        self._since[name] = count
        lasting = np.array(seconds)
        motion = np.minimum(rng.exponential(_MOTION_EVERY_S / 3, block.steps), lasting)
        block.values[name, "cubicle_occupied_s"] = np.where(occupied > 0, lasting, np.nan)
        block.values[name, "cubicle_motion_age_s"] = np.where(occupied > 0, motion, np.nan)

    def _smell(self, block: Block, name: str) -> None:
        used = (block.values.get((name, "taken"), block.zeros()) > 0) * _ODOUR_PER_STEP
        level, out = self._odour[name], []
        for add in used.tolist():
            level += add - (level - 0.1) * STEP_S / _ODOUR_FADES_S
            out.append(level)
        self._odour[name] = level
        block.values[name, "nh3_ppm"] = np.array(out) * 3
        block.values[name, "h2s_ppm"] = np.array(out) * 0.1
