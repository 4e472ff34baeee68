"""Faults in the rooms: people in distress, smoke, carbon monoxide, no mains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from simulators.faults.fault import MINUTE_MS, Fault, show_between
from simulators.grid import elapsed_s
from simulators.plan import Span

if TYPE_CHECKING:
    from simulators.faults.fault import Memory
    from simulators.grid import Block, Reading
    from simulators.plan import Plan
    from simulators.series import Series

_DOOR = "front-door"
_HEATING = "circuit.hvac"
_FROZEN_KPA = 30.0
_LOW_PCT = 20.0


@dataclass(frozen=True, slots=True)
class LongShower(Fault):
    """Somebody showers long and moves all along."""

    zh: ClassVar[str] = "洗浴时间过长"
    en: ClassVar[str] = "long shower"
    minutes: float = 24.0
    device: str = "shower-1"
    l_per_min: float = 6.0

    def arrange(self, plan: Plan) -> None:
        """Take the cubicle and let the water run."""
        plan.taken.append(Span(self.start_ms, self.end_ms, self.device, 1.0))
        plan.draws.append(
            Span(self.start_ms + MINUTE_MS, self.end_ms - MINUTE_MS, self.device, self.l_per_min)
        )


@dataclass(frozen=True, slots=True)
class CollapseInShower(LongShower):
    """Somebody stops moving after some minutes while the water runs on."""

    zh: ClassVar[str] = "淋浴间晕倒"
    en: ClassVar[str] = "collapse in the shower"
    minutes: float = 45.0
    still_after_min: float = 6.0

    def signs(self, block: Block) -> None:
        """No motion since then."""
        where = (self.device, "cubicle_motion_age_s")
        still = self.start_ms + int(self.still_after_min * MINUTE_MS)
        if where in block.values and still < block.end_ms:
            _first, last = self.steps(block)
            age = elapsed_s(block, still)[:last]
            block.values[where][:last] = np.where(age > 0, age, block.values[where][:last])


@dataclass(frozen=True, slots=True)
class MicrowaveSmoke(Fault):
    """Smoke from the microwave: the detector sounds, some CO, the doors are released."""

    zh: ClassVar[str] = "微波炉冒烟"
    en: ClassVar[str] = "smoke from the microwave"
    minutes: float = 40 / 60
    co_ppm: float = 35.0

    def arrange(self, plan: Plan) -> None:
        """Release and open the door."""
        plan.openings.append(Span(self.start_ms, self.end_ms, _DOOR, 1.0))
        for at_ms, phase in ((self.start_ms, "begin"), (self.end_ms, "end")):
            reading: Reading = {"device": _DOOR, "ts": at_ms, "event": "fire_release", "phase": phase}
            plan.events.append(("access", reading))

    def signs(self, block: Block) -> None:
        """Detector, door mode and CO."""
        while_it_lasts = (self.start_ms, self.end_ms)
        show_between(block, ("smoke-1", "smoke_alarm"), while_it_lasts, ("alarm", "normal"))
        show_between(block, (_DOOR, "door_mode"), while_it_lasts, ("fire_release", "normal"))
        first, last = self.steps(block)
        block.values["lounge", "co_ppm"][first:last] = self.co_ppm


@dataclass(frozen=True, slots=True)
class CarbonMonoxide(Fault):
    """A heater gives off carbon monoxide, rising over 25 minutes."""

    zh: ClassVar[str] = "取暖器一氧化碳泄漏"
    en: ClassVar[str] = "carbon monoxide from a heater"
    minutes: float = 60.0
    peak_ppm: float = 120.0
    rise_min: float = 25.0

    def signs(self, block: Block) -> None:
        """Let it rise and stay."""
        first, last = self.steps(block)
        risen = np.clip(elapsed_s(block, self.start_ms) / (60 * self.rise_min), 0.0, 1.0)
        block.values["lounge", "co_ppm"][first:last] = self.peak_ppm * risen[first:last]


@dataclass(frozen=True, slots=True)
class MainsOutage(Fault):
    """No mains: the battery carries the box for a while, then the station is silent until mains return."""

    zh: ClassVar[str] = "市电中断"
    en: ClassVar[str] = "mains outage"
    minutes: float = 120.0
    battery_min: float = 42.0
    left_pct: float = 8.0

    def demand(self, block: Block) -> None:
        """Take the power away."""
        first, last = self.steps(block)
        block.powered[first:last] = 0.0

    def signs(self, block: Block) -> None:
        """Drain the battery, which says so when it is low."""
        first, last = self.steps(block)
        used = np.clip(elapsed_s(block, self.start_ms)[first:last] / (60 * self.battery_min), 0.0, 1.0)
        block.values["ups", "ups_charge_pct"][first:last] = 100 - (100 - self.left_pct) * used
        block.values["ups", "ups_runtime_s"][first:last] = 60 * self.battery_min * (1 - used)
        low = self.start_ms + int(self.battery_min * MINUTE_MS * (100 - _LOW_PCT) / (100 - self.left_pct))
        if low < block.end_ms and block.start_ms < self.end_ms:
            said = block.changes["ups", "ups_status"]
            said[:] = [change for change in said if not low <= change[0] < self.end_ms]
            said.append((max(low, block.start_ms), ["OB", "DISCHRG", "LB"]))

    @property
    def empty_ms(self) -> int:
        """When the battery is empty and the box falls silent."""
        return min(self.start_ms + int(self.battery_min * MINUTE_MS), self.end_ms)

    def read(self, reading: Reading, _memory: Memory) -> Reading | None:
        """Lose everything once the battery is empty."""
        return None if self.empty_ms <= reading["ts"] < self.end_ms else reading

    def outages(self) -> tuple[tuple[int, int], ...]:
        """The box hangs on the battery."""
        return ((self.empty_ms, self.end_ms),) if self.empty_ms < self.end_ms else ()

    def boots(self) -> tuple[int, ...]:
        """It starts when mains return."""
        return (self.end_ms,) if self.empty_ms < self.end_ms else ()


@dataclass(frozen=True, slots=True)
class Freeze(Fault):
    """Hard frost, the breaker of the heating trips, the pipe cools over five hours and freezes."""

    zh: ClassVar[str] = "供暖跳闸水管冻结"
    en: ClassVar[str] = "heating trips in a frost, pipe freezes"
    minutes: float = 480.0
    outdoor_c: float = -12.0
    from_c: float = 9.0
    to_c: float = 0.5
    cooling_min: float = 300.0

    def arrange(self, plan: Plan) -> None:
        """Report the breaker."""
        tripped: Reading = {
            "device": _HEATING,
            "ts": self.start_ms,
            "event": "breaker_trip",
            "cause": "overload",
        }
        plan.events.append(("power", tripped))

    def demand(self, block: Block) -> None:
        """Let it be cold outside and the heating be off; nothing runs through ice."""
        first, last = self.steps(block)
        block.outdoor_c[first:last] = np.minimum(block.outdoor_c[first:last], self.outdoor_c)
        block.conditioned[first:last] = 0.0
        for flow in block.litres_per_min.values():
            flow[first:last] *= self._pipe_c(block)[first:last] >= 1.0

    def signs(self, block: Block) -> None:
        """Breaker, pipe and pressure."""
        first, last = self.steps(block)
        show_between(block, (_HEATING, "breaker_closed"), (self.start_ms, self.end_ms), (False, True))
        pipe = self._pipe_c(block)[first:last]
        block.values["pipe-1", "water_temp_celsius"][first:last] = pipe
        pressure = block.values["main", "water_pressure_kpa"]
        pressure[first:last] = np.where(pipe < 1.0, _FROZEN_KPA, pressure[first:last])

    def _pipe_c(self, block: Block) -> Series:
        cooled = np.clip(elapsed_s(block, self.start_ms) / (60 * self.cooling_min), 0.0, 1.0)
        return self.from_c + (self.to_c - self.from_c) * cooled
