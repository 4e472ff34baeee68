"""sequence: A without B before it, or B that does not follow A."""

from typing import Self

from pydantic import Field, model_validator

from catalogue.conditions import Condition, Occurrences
from catalogue.durations import Duration
from catalogue.kinds.spec import Spec


class Sequence(Spec):
    """Finds ``first`` without any of its counterpart within ``within``; that is one *miss*.

    Exactly one of ``without_before`` (a door that opened: nobody was let in within 10 s before) and
    ``not_followed_by`` (somebody was let in: no door opened within 10 s after). ``unless`` is asked as things
    stood just before ``first`` occurred; where it is true that occurrence is no miss (a door already open).
    With ``not_followed_by`` a counterpart up to ``or_before`` earlier will do as well (the door had just
    opened for somebody else). Times are corrected reading times of the station; both ends of ``within`` and
    ``or_before`` are included.

    ``reported`` are events by which a device says the same itself: each is a miss at once and waits for no
    gap; one that comes within ``within`` and 5 s after a miss found by comparing is that same miss. A miss
    concluded from absence whose look-back holds a gap in the station's numbers waits until it closes (and is
    taken back if that brings the counterpart) or 10 s have passed, then counts and is `incomplete`.

    The levels hold when ``times`` misses lie within ``window`` (at once when times is 1); figures `misses`
    says how many there are. It goes on holding until the window has emptied (times is 1: for 60 s after the
    last miss). With ``ends_with_success`` a ``first`` that is met by its counterpart ends it at once and
    forgets all misses before it.
    """

    first: Occurrences
    without_before: Occurrences | None = None
    not_followed_by: Occurrences | None = None
    within: Duration
    or_before: Duration = 0
    unless: Condition | None = None
    reported: Occurrences | None = None
    times: int = Field(default=1, ge=1)
    window: Duration = 60_000
    ends_with_success: bool = False

    @model_validator(mode="after")
    def _one_counterpart(self) -> Self:
        if (self.without_before is None) == (self.not_followed_by is None):
            raise ValueError("write exactly one of without_before and not_followed_by")
        if self.or_before and self.not_followed_by is None:
            raise ValueError("or_before belongs to not_followed_by; without_before looks back by itself")
        return self

    @property
    def figures_named(self) -> frozenset[str]:
        """How many misses there are in the window."""
        return frozenset({"misses"})
