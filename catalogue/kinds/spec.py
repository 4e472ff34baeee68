"""What the blocks of all kinds have in common."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from catalogue.conditions import Strict
from catalogue.durations import Duration


class Spec(Strict):
    """The block ``with`` of a rule: what its kind needs beside subject, levels and clear."""

    @property
    def figures_named(self) -> frozenset[str]:
        """The figures that conditions of the rule may name."""
        return frozenset()

    @property
    def learned_named(self) -> frozenset[str]:
        """The learned figures that operands of the rule may name."""
        return frozenset()


class Learned(Strict):
    """A figure of what is usual, per key of the rule, over what one of its figures was before.

    One value is remembered each time the figure is judged with a window closed (daily figures: once a day;
    `absence`: one per gap between occurrences). ``fn`` is taken over the values of the last ``over``, that of
    today excluded; unknown while there are fewer than ``least``. ``fit`` is the least-squares straight line
    of the figure over those in ``by`` (with a constant), evaluated at their values of today. Values
    remembered survive restarts; the present one is shown with the alert.
    """

    of: str = ""
    fn: Literal["mean", "median", "stddev", "p20", "p95", "fit"]
    over: Duration
    least: int = Field(ge=1)
    by: tuple[str, ...] = ()


LearnedFigures = Mapping[str, Learned]
