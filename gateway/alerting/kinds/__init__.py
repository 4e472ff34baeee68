"""The kinds of rules, one module each."""

from collections.abc import Callable, Mapping

from catalogue.kinds import KindName
from gateway.alerting.judging import Plan
from gateway.alerting.kinds.kind import Kind
from gateway.alerting.kinds.threshold import Threshold

KINDS: Mapping[KindName, Callable[[Plan], Kind]] = {
    "threshold": Threshold,
}
"""What makes the evaluator of a rule, by kind."""
