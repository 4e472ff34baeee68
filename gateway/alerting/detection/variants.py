"""A rule with the thresholds that hold for each station: as many variants as there are sets of values."""

from collections.abc import Callable, Mapping

import numpy as np

from catalogue.model import Rule
from gateway.alerting.detection.places import Places
from gateway.alerting.detection.rows import Ints
from gateway.domain.episodes import Level, Timing

Parameters = Callable[[str, str, str | None, str], float]
"""(rule, parameter, profile, station) to the value in force; `Catalogue.parameter` is one."""
Apart = Callable[[str], frozenset[str]]
"""Rule to the stations with values of their own; `Catalogue.stations_apart` is one."""


class Variants:
    """The variants of one rule, numbered in order of appearance; number 0 is that of most stations."""

    def __init__(
        self, rule: Rule, places: Places, parameters: Parameters, apart: Apart | None = None
    ) -> None:
        self._rule = rule
        self._places = places
        self._parameters = parameters
        self._apart = None if apart is None else apart(rule.id)
        self._of_profile: dict[str | None, int] = {}
        self._numbers: dict[tuple[float, ...], int] = {}
        self._of_station: Ints = np.empty(0, np.int64)
        self.rules: list[Rule] = []
        self.timings: list[Timing] = []
        self.number_for(self._values(""))

    def number(self, station_id: str) -> int:
        """Return the number of a station's variant."""
        return int(self.by_station()[self._places.station_number(station_id)])

    def by_station(self) -> Ints:
        """Return the variant of every station, by its number."""
        new = self._places.stations[len(self._of_station) :]
        if new:
            numbers = np.fromiter(map(self._of, new), np.int64, len(new))
            self._of_station = np.concatenate([self._of_station, numbers])
        return self._of_station

    def number_for(self, values: Mapping[str, float]) -> int:
        """Return the number of the variant with these values of parameters."""
        key = tuple(values.values())
        if key not in self._numbers:
            self._numbers[key] = len(self.rules)
            self.rules.append(self._rule.resolved(values))
            self.timings.append(timing_of(self.rules[-1]))
        return self._numbers[key]

    def _of(self, station_id: str) -> int:
        """Return the number of a station's variant: that of its profile, unless it has numbers of its own."""
        if self._apart is None or station_id in self._apart:
            return self.number_for(self._values(station_id))
        spec = self._places.spec(station_id)
        profile = spec.profile if spec else None
        if profile not in self._of_profile:
            self._of_profile[profile] = self.number_for(self._values(station_id))
        return self._of_profile[profile]

    def _values(self, station_id: str) -> dict[str, float]:
        spec = self._places.spec(station_id)
        profile = spec.profile if spec else None
        return {
            name: self._parameters(self._rule.id, name, profile, station_id) for name in self._rule.parameters
        }


def timing_of(rule: Rule) -> Timing:
    """Return what the state machine needs of a resolved rule."""
    levels = tuple(Level(level.for_ms, str(level.severity), level.samples) for level in rule.levels)
    return Timing(levels, rule.clear.for_ms, rule.clear.samples)
