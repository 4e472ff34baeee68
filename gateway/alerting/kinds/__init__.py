"""The kinds of rules, one module each."""

from collections.abc import Callable, Mapping

from catalogue.kinds import KindName
from gateway.alerting.judging import Plan
from gateway.alerting.kinds.absence import Absence
from gateway.alerting.kinds.comparison import Comparison
from gateway.alerting.kinds.count import Count
from gateway.alerting.kinds.event import Event
from gateway.alerting.kinds.flatline import Flatline
from gateway.alerting.kinds.fleet_share import FleetShare
from gateway.alerting.kinds.increase import increase
from gateway.alerting.kinds.kind import Kind
from gateway.alerting.kinds.sequence import Sequence
from gateway.alerting.kinds.statistic import Statistic
from gateway.alerting.kinds.threshold import Threshold

KINDS: Mapping[KindName, Callable[[Plan], Kind]] = {
    "absence": Absence,
    "event": Event,
    "fleet_share": FleetShare,
    "threshold": Threshold,
    "sequence": Sequence,
    "count": Count,
    "comparison": Comparison,
    "increase": increase,
    "flatline": Flatline,
    "statistic": Statistic,
}
"""What makes the evaluator of a rule, by kind."""
