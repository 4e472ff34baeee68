"""count: how often something occurred in a sliding window."""

from collections.abc import Mapping

from pydantic import Field

from catalogue.conditions import Occurrences, Strict
from catalogue.durations import Duration
from catalogue.kinds.spec import Spec


class Counted(Strict):
    """A figure: occurrences of ``of`` in the window.

    With ``most_by``: the largest number that share one value of that event field; those without it do not
    count.
    """

    of: Occurrences
    most_by: str | None = None


class Count(Spec):
    """Figures over the last ``window`` of reading time (received time for the events of domain `station`).

    Judged at every occurrence of any figure, and again when one leaves the window. An occurrence later than
    5 min at receipt counts only on the late track.
    """

    window: Duration
    figures: Mapping[str, Counted] = Field(min_length=1)

    @property
    def figures_named(self) -> frozenset[str]:
        """Those of the block."""
        return frozenset(self.figures)
