"""The kinds of rules, one module each."""

from collections.abc import Callable, Mapping

from catalogue.kinds import KindName
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.absence import Absence
from gateway.alerting.detection.kinds.comparison import Comparison
from gateway.alerting.detection.kinds.count import Count
from gateway.alerting.detection.kinds.event import Event
from gateway.alerting.detection.kinds.flatline import Flatline
from gateway.alerting.detection.kinds.fleet_share import FleetShare
from gateway.alerting.detection.kinds.increase import increase
from gateway.alerting.detection.kinds.kind import Kind
from gateway.alerting.detection.kinds.sequence import Sequence
from gateway.alerting.detection.kinds.statistic import Statistic
from gateway.alerting.detection.kinds.threshold import Threshold

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
