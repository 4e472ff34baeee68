"""Where some level of a rule can hold, by its figures and own fields compared as whole columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from catalogue.conditions import All, Any_, Compare, HasRole, Not
from catalogue.operands import FromFigure
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.rings import Floats
from gateway.alerting.detection.rows import Bools, Ints


class Possible:
    """Says where some level of a rule can hold: exactly for figures and own fields, else generously."""

    def __init__(self, plan: Plan, subject: str | None) -> None:
        self._plan = plan
        self._subject = subject

    def where(self, stations: Ints, known: Mapping[str, Floats], roles: Callable[[HasRole], Bools]) -> Bools:
        """Ask for candidates by the number of their station; ``known`` are figures and own fields."""
        rules = self._plan.variants.rules
        asked = _Asked(known, self._plan.variants.by_station()[stations], self._subject, roles, len(stations))
        passed = np.zeros(len(stations), np.bool_)
        for number in range(len(rules[0].levels)):
            conditions = [rule.levels[number].if_ for rule in rules]
            passed |= True if conditions[0] is None else asked.can_be(conditions, wanted=True)
        if rules[0].when is not None and passed.any():
            passed &= asked.can_be([rule.when for rule in rules], wanted=True)
        return passed


@dataclass(frozen=True, slots=True)
class _Asked:
    known: Mapping[str, Floats]
    variant: Ints
    subject: str | None
    roles: Callable[[HasRole], Bools]
    size: int

    def can_be(self, same: Sequence[Any], *, wanted: bool) -> Bools:
        first = same[0]
        if isinstance(first, Compare):
            return self._compare(same, wanted=wanted)
        if isinstance(first, Not):
            return self.can_be([one.not_ for one in same], wanted=not wanted)
        if isinstance(first, All | Any_):
            parts = zip(*((one.all if isinstance(one, All) else one.any) for one in same), strict=True)
            masks = [self.can_be(part, wanted=wanted) for part in parts]
            both = isinstance(first, All) == wanted
            return reduce(np.logical_and if both else np.logical_or, masks)
        if isinstance(first, HasRole):
            return self.roles(first) ^ (not wanted)
        return np.ones(self.size, np.bool_)

    def _compare(self, same: Sequence[Compare], *, wanted: bool) -> Bools:
        first = same[0]
        name = first.figure or (self.subject if first.value else first.field)
        left = None if name is None else self.known.get(name)
        if left is None:
            return np.ones(self.size, np.bool_)
        holds, unknown = np.ones(self.size, np.bool_), np.isnan(left)
        for comparator in first.operands:
            right = self._operand([one.operands[comparator] for one in same])
            if right is None or comparator not in _ORDERS:
                return np.ones(self.size, np.bool_)
            holds &= _ORDERS[comparator](left, right)
            unknown |= np.isnan(right)
        told: Bools = ~unknown & (holds if wanted else ~holds)
        return told | unknown if first.missing == str(wanted).lower() else told

    def _operand(self, same: Sequence[Any]) -> Floats | None:
        first = same[0]
        if isinstance(first, bool | int | float):
            return np.asarray(same, np.float64)[self.variant]
        if not isinstance(first, FromFigure):
            return None
        base, plus = self.known.get(first.figure), self._operand([one.plus for one in same])
        times = self._operand([one.times for one in same])
        return None if base is None or plus is None or times is None else base * times + plus


_ORDERS: dict[str, Callable[[Floats, Floats], Bools]] = {
    "above": np.greater,
    "below": np.less,
    "at_least": np.greater_equal,
    "at_most": np.less_equal,
    "is": np.equal,
    "is_not": np.not_equal,
}
