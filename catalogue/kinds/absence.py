"""absence: something that ought to happen does not."""

from collections.abc import Mapping

from pydantic import Field

from catalogue.conditions import Condition, Occurrences, Operand
from catalogue.durations import Duration
from catalogue.kinds.spec import Learned, Spec


class CutShort(Spec):
    """A happening that announces silence: the deadlines come at most ``after`` later than it."""

    on: Occurrences
    after: Duration


class Absence(Spec):
    """Each occurrence of ``of`` renews the deadline; a level's ``for`` is the silence it allows.

    A level's condition is asked once its deadline has passed, again at every reading that is judged, and when
    the answer of a `local_time` changes; fields stand as last known within their age. Silence is counted in
    received time for `station.heard`, in corrected reading time for everything else, and from the moment the
    engine first heard of the station where nothing has occurred yet. Time during which the gateway had no
    broker does not count. ``usually`` (seconds) makes every deadline at least that long; while it is unknown
    the level's own time stands. The figures in ``learned`` are about the seconds between two occurrences (no
    ``of``).

    ``cut_short`` brings the deadlines forward. ``or_while``: a condition judged at readings like a threshold
    which makes every level without ``for`` of its own hold at once, whatever occurred. Nothing is counted
    while ``when`` is false: silence begins anew when it becomes true.

    Clears with an occurrence (`Clear.samples` of them in a row where more are asked, each within the mildest
    deadline of the one before), unless ``clear.if`` says otherwise.
    """

    of: Occurrences
    usually: Operand | None = None
    cut_short: CutShort | None = None
    or_while: Condition | None = None
    learned: Mapping[str, Learned] = Field(default_factory=dict)

    @property
    def learned_named(self) -> frozenset[str]:
        """Those of the block."""
        return frozenset(self.learned)
