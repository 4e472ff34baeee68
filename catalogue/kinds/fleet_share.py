"""fleet_share: how much of the fleet is in trouble at once."""

from catalogue.conditions import Condition
from catalogue.durations import Duration
from catalogue.kinds.spec import Spec


class FleetShare(Spec):
    """Figures over the stations of the fleet.

    `stations`: how many meet ``of``; `share`: of those known; `fresh`: how many began within ``window``;
    `fresh_share`: of those known. ``of`` is asked of each station whose state is known; stations never heard
    do not count. Judged when one station's answer changes, at most once a second, and at readings of the
    rule's subject, which are the gateway's own. Per fleet: the key is station `_gateway`, device "".
    """

    of: Condition
    window: Duration

    @property
    def figures_named(self) -> frozenset[str]:
        """Fixed."""
        return frozenset({"stations", "share", "fresh", "fresh_share"})
