"""comparison: several devices of one station against each other."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from catalogue.conditions import Strict, Words
from catalogue.kinds.spec import Spec


class Across(Strict):
    """A figure over the present values of ``field`` (``domain.name``) on all devices with one of ``roles``.

    ``spread`` is (highest - lowest) / highest; ``unbalance`` the largest distance from the mean, divided by
    the mean. Both are ratios, unknown where they would divide by 0. Unknown with fewer than ``devices``
    known.
    """

    field: str
    fn: Literal["max", "min", "mean", "sum", "spread", "unbalance"]
    roles: Words | None = None
    devices: int = Field(default=2, ge=1)


class Comparison(Spec):
    """Figures across devices, as values stood; judged every 15 s in which any of the fields was received.

    Such rules are about a station. Values count while they are covered (1.5 heartbeats).
    """

    figures: Mapping[str, Across] = Field(min_length=1)

    @property
    def figures_named(self) -> frozenset[str]:
        """Those of the block."""
        return frozenset(self.figures)
