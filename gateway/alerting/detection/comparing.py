"""Comparing whole columns with what a rule compares with, its thresholds as arrays where stations differ."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from catalogue.conditions import Compare
from catalogue.operands import FromField, FromLimit
from gateway.alerting.detection.places import Places
from gateway.alerting.detection.rows import Bools, Ints, Values
from gateway.alerting.detection.standing import Field
from gateway.alerting.detection.variants import Variants
from gateway.alerting.detection.view import View

Same = Sequence[Any]
"""The same part of a rule in each of its variants."""
_HIGHER, _LOWER = frozenset({"above", "at_least"}), frozenset({"below", "at_most"})


class Comparing:
    """Compares values of series; where an operand cannot be had for a column, it says so with None."""

    def __init__(self, places: Places, variants: Variants) -> None:
        self._places = places
        self._variants = variants

    def holds(self, values: Values, series: Ints, same: Same) -> tuple[Bools, Bools] | None:
        """Say of each value whether the comparison holds, and whether what it is compared with is known."""
        holds, known = np.ones(len(values), np.bool_), np.ones(len(values), np.bool_)
        for comparator in same[0].operands:
            operands = [one.operands[comparator] for one in same]
            if comparator in {"in", "has"} or any(isinstance(one, str | bool) for one in operands):
                found = _words(values, comparator, operands)
                if found is None:
                    return None
                holds &= found
                continue
            limit = self._limit(series, operands)
            if limit is None or values.dtype == np.object_:
                return None
            holds &= _ORDERS[comparator](values, limit)
            known &= ~np.isnan(limit)
        return holds & known, known

    def _limit(self, series: Ints, operands: Same) -> Any | None:  # noqa: ANN401 - a number or an array
        if all(isinstance(one, int | float) for one in operands):
            if len(set(operands)) == 1:
                return float(operands[0])
            return np.asarray(operands, np.float64)[self._variant(series)]
        by_variant = [self._of_series(series, one) for one in operands]
        if any(one is None for one in by_variant):
            return None
        if len(by_variant) == 1:
            return by_variant[0]
        return np.choose(self._variant(series), [one for one in by_variant if one is not None])

    def _of_series(self, series: Ints, operand: object) -> Values | None:
        """Return an operand by series; not a number where it is unknown."""
        if isinstance(operand, int | float) and not isinstance(operand, bool):
            return np.full(len(series), float(operand))
        if not isinstance(operand, FromField | FromLimit) or not isinstance(operand.plus, int | float):
            return None
        if isinstance(operand, FromLimit):
            found = self._places.limits(operand.limit)[series]
            if isinstance(operand.default, int | float):
                found = np.where(np.isnan(found), operand.default, found)
        elif operand.field == "station.capacity":
            found = self._places.capacities()[self._places.station[series]]
        else:
            return None
        times = operand.times
        return found * times + operand.plus if isinstance(times, int | float) else None

    def _variant(self, series: Ints) -> Ints:
        return self._variants.by_station()[self._places.station[series]]


class Anywhere:
    """Says of which series a comparison may hold for any value that stands or comes in a batch."""

    def __init__(self, view: View, comparing: Comparing) -> None:
        self._view = view
        self._comparing = comparing
        self._size = len(view.places)

    def can_be(self, of: Field, same: Sequence[Compare], *, wanted: bool) -> Bools | None:
        """Return a flag for each series; None where only a question at the moment can tell."""
        if not _can_be_told_apart(same[0]):
            return None
        flags = np.zeros(self._size, np.bool_)
        stands = self._view.standing.all(of)
        if stands is not None:
            values, known = stands
            size = min(len(values), self._size)
            series = np.flatnonzero(known[:size])
            if not self._mark(flags, values[series], series, same, wanted=wanted):
                return None
        column = self._view.column(of)
        if column is not None:
            told = column.known
            if not self._mark(flags, column.values[told], column.series[told], same, wanted=wanted):
                return None
        return flags

    def _mark(self, flags: Bools, values: Values, series: Ints, same: Same, *, wanted: bool) -> bool:
        if len(series):
            found = self._comparing.holds(values, series, same)
            if found is None:
                return False
            flags[series[found[0] if wanted else ~found[0]]] = True
        return True


def _can_be_told_apart(compare: Compare) -> bool:
    """Whether one value that fits is needed for the whole to fit: not for means and sums."""
    if compare.of in {"any", "all"}:
        return True
    kinds = compare.operands.keys()
    return (compare.of == "max" and kinds <= _HIGHER) or (compare.of == "min" and kinds <= _LOWER)


def _words(values: Values, comparator: str, operands: Same) -> Bools | None:
    if len(set(operands)) > 1:
        return None
    operand = operands[0]
    if comparator == "has":
        return np.fromiter(
            (isinstance(one, tuple) and operand in one for one in values), np.bool_, len(values)
        )
    if comparator == "in":
        wanted = [values == one for one in operand]
        found: Bools = np.logical_or.reduce(wanted)
        return found
    if comparator not in {"is", "is_not"}:
        return None
    equal: Bools = values == operand
    return ~equal if comparator == "is_not" else equal


_ORDERS: dict[str, Callable[[Values, Any], Bools]] = {
    "above": np.greater,
    "below": np.less,
    "at_least": np.greater_equal,
    "at_most": np.less_equal,
    "is": np.equal,
    "is_not": np.not_equal,
}
