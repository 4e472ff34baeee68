"""A guest, the things that stand in a station and who has them, and one use of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simulators.archetypes import Archetype
    from simulators.personas import Persona

_CHANGE_MS = 15_000
"""One has to come out before the next goes in: to a sensor both were one who stays forever."""


class Use(NamedTuple):
    """One use: what, when, how long, what it took of water and energy."""

    what: str
    device: str
    at_ms: int
    seconds: int
    litres: float
    wh: float
    attended: bool


@dataclass(frozen=True, slots=True)
class Guest:
    """One person inside."""

    persona: Persona
    enter_ms: int
    leave_ms: int


@dataclass(frozen=True, slots=True)
class Place:
    """What stands in the station and until when each thing is taken."""

    archetype: Archetype
    free_at: dict[str, int]

    def take(
        self, names: tuple[str, ...], wanted_ms: int, seconds: int, patience_ms: int
    ) -> tuple[str, int] | None:
        """Take the first of these that comes free; None when none stands here or all are taken too long."""
        if not names:
            return None
        name = min(names, key=lambda each: max(wanted_ms, self.free_at.get(each, 0)))
        start = max(wanted_ms, self.free_at.get(name, 0))
        if start > wanted_ms + patience_ms:
            return None
        self.free_at[name] = start + seconds * 1000 + _CHANGE_MS
        return name, start
