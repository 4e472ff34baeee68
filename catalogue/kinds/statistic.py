"""statistic: a figure over a window of time, if need be against what is usual."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from catalogue.conditions import Strict, Words
from catalogue.durations import Duration
from catalogue.kinds.spec import Learned, Spec


class Figure(Strict):
    """``fn`` over the values of ``field`` in the last ``window``.

    ``field`` follows the rule for references; one with a domain is taken from every device of the station
    (with one of ``roles``), ``across`` says how their figures become one. ``mean`` weighs values by the time
    they cover; ``increase`` is that of a counter; ``range`` highest minus lowest, ``change`` newest minus
    first, ``rise`` newest minus lowest, ``slope`` that of a straight line, per hour. Unknown while less than
    80 % of the window is covered (``increase``: while its first or last tenth is not).

    ``bucket``: the window is cut into pieces of this length, sliding by 15 minutes, ``take`` is worked out
    for each and ``fn`` over the pieces ("the smallest hourly volume of a day"). ``between``: local times; the
    window is the last such stretch, up to a day, and closes at its end (``["00:00", "24:00"]``: the local
    day). ``unless_present`` leaves out quarters of an hour in which any zone or cubicle of the station was
    occupied. ``away_from``: each value becomes its distance from this number. Windows over 2 h are kept
    in quarters of an hour. Late samples of gauges are left out; those of counters that fit tell how far they
    had got, for judgements to come.
    """

    field: str
    fn: Literal["mean", "min", "max", "sum", "increase", "range", "change", "rise", "slope"]
    window: Duration = 86_400_000
    bucket: Duration | None = None
    take: Literal["mean", "min", "max", "increase"] | None = None
    between: tuple[str, str] | None = None
    roles: Words | None = None
    across: Literal["sum", "max", "min", "mean"] = "sum"
    unless_present: bool = False
    away_from: float | None = None

    @model_validator(mode="after")
    def _bucket_and_take(self) -> Self:
        if (self.bucket is None) != (self.take is None):
            raise ValueError("bucket and take go together: what is worked out for each piece of which length")
        return self


class Ratio(Strict):
    """One figure divided by another; unknown where that is 0."""

    of: str
    per: str


class Statistic(Spec):
    """Figures over windows, and what of them is usual here.

    Judged once in a minute of receipt (in a thirtieth of the shortest window where that is less) in which
    something the rule sees was received, when that minute is over; and at once, with figures unknown, at a
    reading whose own fields make a level hold. Where a figure has ``between`` the rule is ``daily``: judged
    once, 15 minutes after the window closed, and that judgement covers until the next; so ``for: 1d`` means
    two closings running.
    """

    figures: Mapping[str, Figure | Ratio] = Field(min_length=1)
    learned: Mapping[str, Learned] = Field(default_factory=dict)

    @property
    def daily(self) -> bool:
        """Whether it is judged once a day."""
        return any(isinstance(one, Figure) and one.between for one in self.figures.values())

    @property
    def figures_named(self) -> frozenset[str]:
        """Those of the block."""
        return frozenset(self.figures)

    @property
    def learned_named(self) -> frozenset[str]:
        """Those of the block."""
        return frozenset(self.learned)
