"""increase: how far counters moved in a sliding window."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from catalogue.conditions import Strict, Words
from catalogue.durations import Duration
from catalogue.kinds.spec import Spec


class Moved(Strict):
    """A figure of one counter; ``counter`` follows the rule for references, several devices are added up.

    ``increase``: growth within the window, aware of resets, epochs, roll-over and single zero samples (as
    `gateway.domain.counters` counts), from the last sample at or before the window's begin (at most 1.5
    heartbeats older) to the newest; unknown while the counter was not followed through the whole window.
    ``fall``: how far the newest sample lies below the highest taken before in the same epoch, 0 when it does
    not; a roll-over is no fall, and after three falls running the new height is believed.
    ``rate``: growth from the sample before to the newest, per hour; not asked over more than 1.5 heartbeats.
    ``fall`` and ``rate`` know nothing of the window.
    """

    counter: str
    take: Literal["increase", "fall", "rate"] = "increase"
    roles: Words | None = None


class Increase(Spec):
    """Figures over the last ``window`` of reading time.

    Growth is judged once in a minute of receipt (in a thirtieth of the window where that is less) in which a
    reading the rule sees (see `Rule`) or a sample of a counter that a figure names was received, when that
    minute is over; and at once, with figures unknown, at a reading whose own fields make a level hold. Falls
    and rates are judged at every sample; a rule has figures of the one sort or of the other. A counter that
    stays silent is not 0 but unknown. Late samples judge nothing; those that fit tell how far a counter had
    got, so that the window is whole with the next live one.
    """

    window: Duration
    figures: Mapping[str, Moved] = Field(min_length=1)

    @property
    def figures_named(self) -> frozenset[str]:
        """Those of the block."""
        return frozenset(self.figures)
