"""Which readings can matter to a rule: a few comparisons of whole columns instead of a question a reading.

A sieve may let a reading through for which the conditions turn out false, never hold back one for which they
are true. Fields of the reading are compared as they are; of other fields it is asked whether any value that
stands, or comes in the same batch, would do.
"""

from collections.abc import Callable

import numpy as np

from catalogue.conditions import All, Any_, Compare, Condition, HasRole, Not, Suspect
from catalogue.model import Rule
from gateway.alerting.detection.comparing import Anywhere, Comparing, Same
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.rows import Bools, Column, Ints, Rows
from gateway.alerting.detection.view import View


class Sieve:
    """For one rule: its levels, under its guard."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def passed(self, view: View, rows: Rows, chosen: Ints, subject: str | None) -> Bools:
        """Say for which of the chosen rows some level can hold; ``subject`` is what `value` stands for."""
        self._plan.variants.by_station()
        rules = self._plan.variants.rules
        sifting = _Sifting(self._plan, view, rows, chosen, subject)
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

    def can_hold(
        self, view: View, rows: Rows, chosen: Ints, part: Callable[[Rule], Condition | None]
    ) -> Bools:
        """Say for which of the chosen rows one condition of the rule can hold."""
        self._plan.variants.by_station()
        same = [part(rule) for rule in self._plan.variants.rules]
        if same[0] is None:
            return np.zeros(len(chosen), np.bool_)
        return _Sifting(self._plan, view, rows, chosen, None).can_be(same, wanted=True)


class _Sifting:
    def __init__(self, plan: Plan, view: View, rows: Rows, chosen: Ints, subject: str | None) -> None:
        self._places = plan.places
        self._comparing = Comparing(plan.places, plan.variants)
        self._anywhere = Anywhere(view, self._comparing)
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
            return self._tree(same, wanted=wanted)
        if isinstance(first, HasRole):
            roles = self._places.with_role(self._rows.domain, frozenset(first.has_role))
            return roles[self._rows.series[self._chosen]] ^ (not wanted)
        if isinstance(first, Suspect):
            return self._rows.suspects[self._chosen] ^ (not wanted)
        return self._anything()

    def _tree(self, same: Same, *, wanted: bool) -> Bools:
        """Ask the parts, as long as they leave anything open: the cheap ones stand first, mostly."""
        every = isinstance(same[0], All) == wanted
        found = np.full(len(self._chosen), every)
        for part in zip(*((one.all if isinstance(one, All) else one.any) for one in same), strict=True):
            mask = self.can_be(part, wanted=wanted)
            found = found & mask if every else found | mask
            if found.any() != every:
                break
        return found

    def _compare(self, same: Same, *, wanted: bool) -> Bools:
        first: Compare = same[0]
        if first.value is None and first.field is None:
            return self._anything()
        name = self._subject if first.value is not None else first.field
        if name is None:
            return self._anything()
        elsewhere = self._elsewhere(name, same, wanted=wanted)
        column = None if "." in name else self._rows.column(name)
        if column is None:
            return elsewhere
        found = self._comparing.holds(column.values, column.series, same)
        if found is None:
            return self._anything()
        holds, known = found
        known = known & column.known
        mask = known & (holds if wanted else ~holds)
        if first.missing == str(wanted).lower():
            mask |= ~known
        return self._spread(column, mask, elsewhere)

    def _elsewhere(self, name: str, same: Same, *, wanted: bool) -> Bools:
        """Say where the comparison can be as wanted by values that the reading does not carry itself."""
        if same[0].missing == str(wanted).lower() or name == "station.open_now":
            return self._anything()
        domain, dot, field = name.partition(".")
        if name == "station.capacity":
            return self._anything()
        flags = self._anywhere.can_be(
            (domain, field) if dot else (self._rows.domain, name), same, wanted=wanted
        )
        if flags is None:
            return self._anything()
        series = self._rows.series[self._chosen]
        if not dot:
            return flags[series]
        stations = np.zeros(len(self._places.stations), np.bool_)
        stations[self._places.station[flags]] = True
        return stations[self._places.station[series]]

    def _spread(self, column: Column, mask: Bools, elsewhere: Bools) -> Bools:
        """Bring a mask of a column to the chosen rows; where they lack the field, what stands counts."""
        if len(column.rows) == len(self._chosen):
            return mask
        places = np.searchsorted(self._chosen, column.rows)
        inside = places < len(self._chosen)
        inside[inside] = self._chosen[places[inside]] == column.rows[inside]
        spread = elsewhere.copy()
        spread[places[inside]] = mask[inside]
        return spread

    def _anything(self) -> Bools:
        return np.ones(len(self._chosen), np.bool_)
