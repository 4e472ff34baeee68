"""Whether stations are in the region that `stations.yaml` says (contract, section 5)."""

from collections.abc import Iterator

from gateway.domain.fleet import Fleet
from gateway.domain.observation import Observation
from gateway.domain.registry import Registry


class ListedRegions:
    """Looks at every station that was ever heard; belongs to the event loop, as the fleet does."""

    def __init__(self, fleet: Fleet, registry: Registry) -> None:
        self._fleet = fleet
        self._registry = registry
        self._told: set[str] = set()

    def observations(self) -> Iterator[Observation]:
        """Yield stations listed elsewhere every time, all others once: an alert of before a restart ends."""
        for station in self._fleet:
            if station.first_seen is None:
                continue
            spec = self._registry.get(station.station_id)
            agrees = spec is None or spec.region == station.region
            if agrees and station.station_id in self._told:
                continue
            if agrees:
                self._told.add(station.station_id)
            else:
                self._told.discard(station.station_id)
            yield Observation(station.station_id, "station", "", {"region_as_listed": agrees})
