"""The rules in force, and what their parameters are for one station."""

from collections.abc import Mapping
from types import MappingProxyType

from catalogue.conditions import Strict
from catalogue.model import Circumstance, Profile, Rule


class Override(Strict):
    """Other values of one parameter: for all stations, by profile, by station. The narrowest wins."""

    value: float | None = None
    profiles: Mapping[Profile, float] = {}
    stations: Mapping[str, float] = {}


_NOTHING = Override()

Overrides = Mapping[str, Mapping[str, Override]]
"""Rule to parameter to what replaces it."""


class Catalogue:
    """Rules and circumstances by id, as loaded, with what `rules.dir` changed.

    ``off`` holds the rules that were switched off, with the reason given.
    """

    def __init__(
        self,
        rules: Mapping[str, Rule],
        circumstances: Mapping[str, Circumstance],
        overrides: Overrides,
        off: Mapping[str, str],
    ) -> None:
        self.rules: Mapping[str, Rule] = MappingProxyType(dict(rules))
        self.circumstances: Mapping[str, Circumstance] = MappingProxyType(dict(circumstances))
        self.off: Mapping[str, str] = MappingProxyType(dict(off))
        self._overrides = overrides
        self._resolved: dict[tuple[str, tuple[float, ...]], Rule] = {}

    def parameter(self, rule_id: str, name: str, profile: str | None, station_id: str) -> float:
        """Return the number that holds at a station, in the parameter's unit; KeyError for unknown names.

        Narrowest first: the override for the station, for its profile, for all; then the rule's own for the
        profile, and its default.
        """
        own = self.rules[rule_id].parameters[name]
        override = self._overrides.get(rule_id, {}).get(name, _NOTHING)
        candidates = (
            override.stations.get(station_id),
            _of_profile(override.profiles, profile),
            override.value,
            _of_profile(own.profiles, profile),
        )
        return next((number for number in candidates if number is not None), own.value)

    def stations_apart(self, rule_id: str) -> frozenset[str]:
        """Return the stations that have numbers of their own for a rule; all others have their profile's."""
        overrides = self._overrides.get(rule_id, {}).values()
        return frozenset(station_id for one in overrides for station_id in one.stations)

    def rule_for(self, rule_id: str, profile: str | None, station_id: str) -> Rule:
        """Return the rule with the numbers that hold at a station: the same object for the same numbers."""
        rule = self.rules[rule_id]
        values = {name: self.parameter(rule_id, name, profile, station_id) for name in rule.parameters}
        key = rule_id, tuple(values.values())
        if key not in self._resolved:
            self._resolved[key] = rule.resolved(values)
        return self._resolved[key]


def _of_profile(profiles: Mapping[Profile, float], profile: str | None) -> float | None:
    return next((number for name, number in profiles.items() if name == profile), None)
