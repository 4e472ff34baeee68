"""The kinds of rule: a closed list. A new rule is data; a new kind is one module here and one evaluator."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from catalogue.kinds.absence import Absence
from catalogue.kinds.comparison import Comparison
from catalogue.kinds.count import Count
from catalogue.kinds.event import Event
from catalogue.kinds.flatline import Flatline
from catalogue.kinds.fleet_share import FleetShare
from catalogue.kinds.increase import Increase
from catalogue.kinds.sequence import Sequence
from catalogue.kinds.spec import Learned, Spec
from catalogue.kinds.statistic import Statistic
from catalogue.kinds.threshold import Threshold

__all__ = ["KINDS", "KindName", "Learned", "Spec"]

KindName = Literal[
    "threshold",
    "absence",
    "event",
    "sequence",
    "count",
    "increase",
    "flatline",
    "statistic",
    "comparison",
    "fleet_share",
]

KINDS: Mapping[KindName, type[Spec]] = MappingProxyType(
    {
        "threshold": Threshold,
        "absence": Absence,
        "event": Event,
        "sequence": Sequence,
        "count": Count,
        "increase": Increase,
        "flatline": Flatline,
        "statistic": Statistic,
        "comparison": Comparison,
        "fleet_share": FleetShare,
    }
)
"""What the block ``with`` of each kind looks like."""
