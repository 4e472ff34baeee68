"""Faults of counters and meters: drift, glitches, a swap, a stuck meter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from simulators.faults.fault import MINUTE_MS, Fault

if TYPE_CHECKING:
    from simulators.footfall import CounterErrors
    from simulators.grid import Block, Reading


@dataclass(frozen=True, slots=True)
class CounterDrift(Fault):
    """The people counter misses some of those who leave."""

    zh: ClassVar[str] = "客流计数漂移"
    en: ClassVar[str] = "people counter drifting"
    minutes: float = 14_400.0
    miss_out: float = 0.04

    def count(self, errors: CounterErrors) -> CounterErrors:
        """Miss them."""
        return replace(errors, miss_out=self.miss_out)


@dataclass(frozen=True, slots=True)
class EnergyZeroGlitch(Fault):
    """A single sample of 0.0 from a counter, and one slightly too low after `second_min`."""

    zh: ClassVar[str] = "电表读数瞬时归零"
    en: ClassVar[str] = "counter glitches to zero"
    minutes: float = 30.0
    second_min: float = 20.0
    device: str = "main.l1"
    field: str = "energy_import_kwh_total"
    interval_s: int = 60

    def read(self, _domain: str, reading: Reading) -> Reading:
        """Spoil the first sample of either moment."""
        value, at = reading.get(self.field), reading["ts"]
        if reading["device"] != self.device or not isinstance(value, float) or not isinstance(at, int):
            return reading
        if 0 <= at - self.start_ms < self.interval_s * 1000:
            return {**reading, self.field: 0.0}
        if 0 <= at - self.start_ms - self.second_min * MINUTE_MS < self.interval_s * 1000:
            return {**reading, self.field: round(value - 0.1, 3)}
        return reading


@dataclass(frozen=True, slots=True)
class MeterSwap(Fault):
    """A meter is replaced by one that starts near zero; its readings carry a raised epoch."""

    zh: ClassVar[str] = "更换水表"
    en: ClassVar[str] = "meter swapped"
    device: str = "main"
    field: str = "water_volume_m3_total"
    restart: float = 0.004
    epoch: int = 1

    def signs(self, block: Block) -> None:
        """Count from the restart on."""
        where = (self.device, self.field)
        series = block.values[where]
        step, _last = self.steps(block)
        removed = block.memory.setdefault(("swap", *where), float(series[step]))
        series[step:] -= removed - self.restart

    def read(self, _domain: str, reading: Reading) -> Reading:
        """Mark the new meter's readings."""
        at = reading["ts"]
        if reading["device"] != self.device or self.field not in reading:
            return reading
        return {**reading, "epoch": self.epoch} if isinstance(at, int) and at >= self.start_ms else reading


@dataclass(frozen=True, slots=True)
class StuckMeter(Fault):
    """An energy register that stands still while power flows."""

    zh: ClassVar[str] = "电表卡死"
    en: ClassVar[str] = "stuck meter"
    minutes: float = 300.0
    device: str = "main.l1"
    field: str = "energy_import_kwh_total"

    def signs(self, block: Block) -> None:
        """Hold the value from before."""
        series = block.values[self.device, self.field]
        first, last = self.steps(block)
        series[first:last] = block.memory.setdefault(("stuck", self.device, self.field), float(series[first]))
