"""Which readings can matter to a rule: a few comparisons of whole columns instead of a question a reading.

A sieve may let a reading through for which the conditions turn out false, never hold back one for which they
are true. It only looks at the fields of the reading itself; of anything else it says that it can be.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from catalogue.conditions import All, Any_, Compare, Condition, HasRole, Not, Suspect
from catalogue.model import Rule
from gateway.alerting.judging import Plan
from gateway.alerting.rows import Bools, Column, Ints, Rows, Values
from gateway.alerting.variants import Variants

Same = Sequence[Any]
"""The same condition in every variant of a rule."""


class Sieve:
    """For one rule: its levels, under its guard."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def passed(self, rows: Rows, chosen: Ints, subject: str | None) -> Bools:
        """Say for which of the chosen rows some level can hold; ``subject`` is what `value` stands for."""
        self._plan.variants.by_station()
        rules = self._plan.variants.rules
        sifting = _Sifting(self._plan, rows, chosen, subject)
        passed = np.zeros(len(chosen), np.bool_)
        for number in range(len(rules[0].levels)):
            conditions = [rule.levels[number].if_ for rule in rules]
            if conditions[0] is None:
                passed[:] = True
                break
            passed |= sifting.can_be(conditions, wanted=True)
        if rules[0].when is not None and passed.any():
            passed &= sifting.can_be([rule.when for rule in rules], wanted=True)
        return passed


    def can_hold(self, rows: Rows, chosen: Ints, part: Callable[[Rule], Condition | None]) -> Bools:
        """Say for which of the chosen rows one condition of the rule can hold."""
        self._plan.variants.by_station()
        same = [part(rule) for rule in self._plan.variants.rules]
        if same[0] is None:
            return np.zeros(len(chosen), np.bool_)
        return _Sifting(self._plan, rows, chosen, None).can_be(same, wanted=True)


class _Sifting:
    def __init__(self, plan: Plan, rows: Rows, chosen: Ints, subject: str | None) -> None:
        self._places = plan.places
        self._variants: Variants = plan.variants
        self._rows = rows
        self._chosen = chosen
        self._subject = subject

    def can_be(self, same: Same, *, wanted: bool) -> Bools:
        """Say where a condition can be as wanted."""
        first: Condition = same[0]
        if isinstance(first, Compare):
            return self._compare(same, wanted=wanted)
        if isinstance(first, Not):
            return self.can_be([one.not_ for one in same], wanted=not wanted)
        if isinstance(first, All | Any_):
            parts = list(zip(*((one.all if isinstance(one, All) else one.any) for one in same), strict=True))
            masks = [self.can_be(part, wanted=wanted) for part in parts]
            both = isinstance(first, All) == wanted
            found: Bools = np.logical_and.reduce(masks) if both else np.logical_or.reduce(masks)
            return found
        if isinstance(first, HasRole):
            roles = self._places.with_role(self._rows.domain, frozenset(first.has_role))
            return roles[self._rows.series[self._chosen]] ^ (not wanted)
        if isinstance(first, Suspect):
            return self._rows.suspects[self._chosen] ^ (not wanted)
        return self._anything()

    def _compare(self, same: Same, *, wanted: bool) -> Bools:
        first: Compare = same[0]
        name = self._subject if first.value is not None else first.field
        column = None if name is None or "." in name else self._rows.column(name)
        if column is None:
            return self._anything()
        masks = [self._operand(column, kind, same) for kind in first.operands]
        if any(mask is None for mask in masks):
            return self._anything()
        holds: Bools = np.logical_and.reduce([mask for mask in masks if mask is not None])
        mask = column.known & (holds if wanted else ~holds)
        if first.missing == str(wanted).lower():
            mask |= ~column.known
        return self._spread(column, mask)

    def _operand(self, column: Column, comparator: str, same: Same) -> Bools | None:
        """Compare a column with a number or a word of the rule; None where it is neither."""
        operands = [one.operands[comparator] for one in same]
        if any(not isinstance(one, bool | int | float | str | tuple) for one in operands):
            return None
        if comparator in {"in", "has"} or isinstance(operands[0], str):
            return _words(column, comparator, operands[0]) if len(set(operands)) == 1 else None
        return _ORDERS[comparator](column.values, self._limit(column, operands))

    def _limit(self, column: Column, operands: Sequence[Any]) -> Any:  # noqa: ANN401 - a number or an array
        if len(set(operands)) == 1:
            return operands[0]
        stations = self._places.station[column.series]
        return np.asarray(operands)[self._variants.by_station()[stations]]

    def _spread(self, column: Column, mask: Bools) -> Bools:
        """Bring a mask of a column to the chosen rows; where they lack the field, it can be anything."""
        if len(column.rows) == len(self._chosen):
            return mask
        spread = self._anything()
        places = np.searchsorted(self._chosen, column.rows)
        inside = places < len(self._chosen)
        inside[inside] = self._chosen[places[inside]] == column.rows[inside]
        spread[places[inside]] = mask[inside]
        return spread

    def _anything(self) -> Bools:
        return np.ones(len(self._chosen), np.bool_)


def _words(column: Column, comparator: str, operand: object) -> Bools:
    if comparator == "has":
        return np.fromiter((operand in value for value in column.values), np.bool_, len(column))
    if column.values.dtype != np.object_:
        found: Bools = np.isin(column.values, operand if isinstance(operand, tuple) else (operand,))
        return found
    codes, words = column.words
    wanted = operand if comparator == "in" and isinstance(operand, tuple) else (operand,)
    equal: Bools = np.isin(codes, [place for place, word in enumerate(words) if word in wanted])
    return ~equal if comparator == "is_not" else equal


_ORDERS: dict[str, Callable[[Values, Any], Bools]] = {
    "above": np.greater,
    "below": np.less,
    "at_least": np.greater_equal,
    "at_most": np.less_equal,
    "is": np.equal,
    "is_not": np.not_equal,
}
