"""How strong a fault is, drawn anew for every story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy.random import Generator


class Chance(Protocol):
    """Something to be drawn."""

    def draw(self, rng: Generator) -> object:
        """Draw it."""


@dataclass(frozen=True, slots=True)
class Between:
    """Any number from `low` to `high`, evenly; whole when both are."""

    low: float
    high: float

    def draw(self, rng: Generator) -> object:
        """Draw one."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return int(rng.integers(self.low, self.high + 1))
        return round(float(rng.uniform(self.low, self.high)), 3)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several, evenly."""

    values: tuple[object, ...]

    def draw(self, rng: Generator) -> object:
        """Draw one."""
        return self.values[int(rng.integers(len(self.values)))]
