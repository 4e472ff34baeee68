"""Faults of counters and meters: drift, glitches, a swap, a stuck meter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from simulators.faults.fault import MINUTE_MS, Fault

if TYPE_CHECKING:
    from simulators.faults.fault import Memory
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
class CounterFault(Fault):
    """What all faults of one counter share: which one it is."""

    device: str = "main.l1"
    field: str = "energy_import_kwh_total"

    def is_hit(self, reading: Reading) -> bool:
        """Whether this is a reading of that counter while the fault lasts."""
        return reading["device"] == self.device and self.field in reading and self.active(reading["ts"])

    def key(self, of: str) -> tuple[str, ...]:
        """Where the station's memory keeps something of this fault."""
        return of, self.device, self.field, str(self.start_ms)


@dataclass(frozen=True, slots=True)
class EnergyZeroGlitch(CounterFault):
    """A single sample of 0.0 from a counter, and one slightly too low after `second_min`."""

    zh: ClassVar[str] = "电表读数瞬时归零"
    en: ClassVar[str] = "counter glitches to zero"
    minutes: float = 30.0
    second_min: float = 20.0

    def read(self, reading: Reading, memory: Memory) -> Reading:
        """Spoil the first sample of either moment."""
        if not self.is_hit(reading):
            return reading
        at: int = reading["ts"]
        if memory.setdefault(self.key("zero"), at) == at:
            return {**reading, self.field: 0.0}
        second = at >= self.start_ms + self.second_min * MINUTE_MS
        if second and memory.setdefault(self.key("low"), at) == at:
            return {**reading, self.field: round(reading[self.field] - 0.1, 3)}
        return reading


@dataclass(frozen=True, slots=True)
class MeterSwap(CounterFault):
    """A meter is replaced by one that starts near zero; its readings carry a raised epoch."""

    zh: ClassVar[str] = "更换水表"
    en: ClassVar[str] = "meter swapped"
    device: str = "main"
    field: str = "water_volume_m3_total"
    restart: float = 0.004
    epoch: int = 1

    def read(self, reading: Reading, memory: Memory) -> Reading:
        """Count from the restart on."""
        if not self.is_hit(reading):
            return reading
        removed = memory.setdefault(self.key("removed"), reading[self.field])
        shown = round(reading[self.field] - removed + self.restart, 3)
        return {**reading, self.field: shown, "epoch": self.epoch}


@dataclass(frozen=True, slots=True)
class StuckMeter(CounterFault):
    """A register of the main meter that stands still while power flows."""

    zh: ClassVar[str] = "电表卡死"
    en: ClassVar[str] = "stuck meter"
    minutes: float = 300.0
    watts: float = 900.0

    def demand(self, block: Block) -> None:
        """Leave something running, so that there is something to count."""
        block.add(block.load("base"), self.start_ms, self.end_ms, self.watts)

    def read(self, reading: Reading, memory: Memory) -> Reading:
        """Hold the first value."""
        if not self.is_hit(reading):
            return reading
        return {**reading, self.field: memory.setdefault(self.key("held"), reading[self.field])}
