"""Faults of the water: leak, burst, cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from simulators.faults.fault import MINUTE_MS, Fault, show_between

if TYPE_CHECKING:
    from simulators.grid import Block


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
