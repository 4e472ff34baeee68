"""What a fault is: a name, a time, and hooks into the life of a station."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

from simulators.grid import STEP_MS

if TYPE_CHECKING:
    from simulators.footfall import CounterErrors
    from simulators.grid import Block, Change, Reading
    from simulators.links import ClockProfile
    from simulators.plan import Plan

MINUTE_MS = 60_000
FOREVER_MIN = 1e7

Memory = dict[tuple[str, ...], float]
"""What the faults of one station remember of its readings; a fault itself is only a description."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that breaks at `start_ms` for some minutes. Hooks that a fault does not need do nothing."""

    zh: ClassVar[str]
    en: ClassVar[str]
    start_ms: int
    minutes: float = FOREVER_MIN

    @property
    def end_ms(self) -> int:
        """When it is over."""
        return self.start_ms + int(self.minutes * MINUTE_MS)

    @property
    def parameters(self) -> dict[str, object]:
        """Everything that was chosen for it."""
        return asdict(self)

    def active(self, at_ms: int) -> bool:
        """Whether it lasts at this moment."""
        return self.start_ms <= at_ms < self.end_ms

    def touches(self, block: Block) -> bool:
        """Whether it lasts during any part of the block."""
        return self.start_ms < block.end_ms and block.start_ms < self.end_ms

    def steps(self, block: Block) -> tuple[int, int]:
        """The steps of the block during which it lasts, as a slice."""
        first, last = ((at - block.start_ms) // STEP_MS for at in (self.start_ms, self.end_ms))
        return max(0, first), max(0, min(last, block.steps))

    def arrange(self, plan: Plan) -> None:
        """Put people's acts into the plan, once, when the station is set up."""

    def demand(self, block: Block) -> None:
        """Change what is drawn, before the physics of the block are worked out."""

    def signs(self, block: Block) -> None:
        """Change what sensors see, after the physics are worked out."""

    def count(self, errors: CounterErrors) -> CounterErrors:
        """Change the errors of the people counter in a block it touches."""
        return errors

    def refusal(self, _at_ms: int) -> str | None:
        """Why the access system refuses everybody at this moment, if it does."""
        return None

    def read(self, reading: Reading, _memory: Memory) -> Reading | None:
        """Change one reading before it is published; None loses it. `memory` is the station's."""
        return reading

    def outages(self) -> tuple[tuple[int, int], ...]:
        """When the link is down."""
        return ()

    def boots(self) -> tuple[int, ...]:
        """When the box starts anew."""
        return ()

    def clock(self) -> ClockProfile | None:
        """What becomes of the station's clock."""
        return None


def show_between(
    block: Block, where: tuple[str, str], between: tuple[int, int], values: tuple[object, object]
) -> None:
    """Let a state be `values[0]` between two moments and `values[1]` otherwise, as far as the block goes."""
    first, last = between
    shown, otherwise = values
    changes: list[Change] = [(block.start_ms, shown if first <= block.start_ms < last else otherwise)]
    if block.start_ms < first < block.end_ms:
        changes.append((first, shown))
    if block.start_ms < last < block.end_ms:
        changes.append((last, otherwise))
    block.changes[where] = changes
