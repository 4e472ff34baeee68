"""The fleet, worst first (by open P1 and P2, state, silence): one order for pages, API and stream."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gateway.domain.fleet import Fleet, StationLive, StationState
from gateway.domain.registry import Registry

OWN_STATION = "_gateway"
"""The reserved id of the gateway's own measurements; never in the list."""
_PREPARED_FOR_MS = 1_000
_STATES = (StationState.OFFLINE, StationState.LATE, StationState.UNKNOWN, StationState.ONLINE)
_RANK = {state: rank for rank, state in enumerate(_STATES)}
_PAGING = ("P1", "P2")
"""Severities that page people, the graver first."""
_NO_ALERTS = {"P1": 0, "P2": 0, "P3": 0, "P4": 0}
_Key = tuple[int, int, str]
"""As in `Place`, but a plain tuple: the garbage collector walks over 12,100 named ones again and again."""


class Place(NamedTuple):
    """A station's place in the list; ``silent_since`` is 0 while online, so that pages hold still.

    ``rank`` has its gravest open alert, that of a page to people, and within it its state.
    """

    rank: int
    silent_since: int
    station_id: str


@dataclass(frozen=True, slots=True)
class StationSummary:
    """One line of the list. ``last_seen`` in ms, ``people_inside_count`` None while nothing counts."""

    station_id: str
    region: str | None
    name: dict[str, str]
    state: StationState
    last_seen: int | None
    people_inside_count: int | None
    capacity: int | None
    delivery: Literal["acknowledged", "best_effort"]
    open_alerts: dict[str, int]


@dataclass(frozen=True, slots=True)
class FleetFilter:
    """Which stations to list; None for any."""

    regions: Collection[str] | None = None
    region: str | None = None
    state: StationState | None = None

    def admits(self, station: StationLive) -> bool:
        """Whether a station is in the regions asked for and in those one may see."""
        visible = self.regions is None or station.region in self.regions
        return visible and (self.region is None or station.region == self.region)


class FleetList:
    """Lists stations in an order prepared at most once a second; belongs to the event loop."""

    def __init__(self, fleet: Fleet, registry: Registry) -> None:
        self._fleet = fleet
        self._registry = registry
        self._open_alerts: Mapping[str, Mapping[str, int]] = {}
        self._prepared_at: int | None = None
        self._order: list[_Key] = []

    def page(
        self, now: int, limit: int, wanted: FleetFilter, after: Place | None = None
    ) -> tuple[list[StationSummary], Place | None]:
        """Return at most ``limit`` stations beyond ``after``, and the place to go on from, if any."""
        self._prepare(now)
        start = 0 if after is None else bisect_right(self._order, after)
        page: list[StationSummary] = []
        last: Place | None = None
        for key, station in self._admitted(start, wanted, now):
            if len(page) == limit:
                return page, last
            page.append(self.summary(station, now))
            last = Place(*key)
        return page, None

    def summary(self, station: StationLive, now: int) -> StationSummary:
        """Describe one station at ``now``."""
        spec = self._registry.get(station.station_id)
        return StationSummary(
            station_id=station.station_id,
            region=station.region,
            name=self._registry.name(station.station_id),
            state=self._fleet.state(station, now),
            last_seen=station.last_seen,
            people_inside_count=station.occupancy.inside,
            capacity=spec.persons if spec else None,
            delivery="best_effort" if station.best_effort else "acknowledged",
            open_alerts=self.open_alerts(station.station_id),
        )

    def open_alerts(self, station_id: str) -> dict[str, int]:
        """Return how many alerts of each severity are open at a station."""
        return {**_NO_ALERTS, **self._open_alerts.get(station_id, {})}

    def all_open_alerts(self) -> dict[str, int]:
        """Return how many alerts of each severity are open, those about the gateway included."""
        total = dict(_NO_ALERTS)
        for counts in self._open_alerts.values():
            for severity, count in counts.items():
                total[severity] += count
        return total

    def count_alerts(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Take how many alerts are open, by station and severity; stations without any may be left out."""
        self._open_alerts = counts

    def counts(self, now: int, wanted: FleetFilter) -> dict[StationState, int]:
        """Count the stations of each state."""
        self._prepare(now)
        counts = dict.fromkeys(_RANK, 0)
        for rank, _, station_id in self._order:
            station = self._fleet.get(station_id)
            if station is not None and wanted.admits(station):
                counts[_STATES[rank % len(_STATES)]] += 1
        return counts

    def _admitted(self, start: int, wanted: FleetFilter, now: int) -> Iterator[tuple[_Key, StationLive]]:
        for key in self._order[start:]:
            station = self._fleet.get(key[2])
            if station is None or not wanted.admits(station):
                continue
            if wanted.state is None or self._fleet.state(station, now) is wanted.state:
                yield key, station

    def _prepare(self, now: int) -> None:
        if self._prepared_at is not None and 0 <= now - self._prepared_at < _PREPARED_FOR_MS:
            return
        self._prepared_at = now
        states = ((station, self._fleet.state(station, now)) for station in self._fleet)
        self._order = sorted(
            self._key(station, state) for station, state in states if station.station_id != OWN_STATION
        )

    def _key(self, station: StationLive, state: StationState) -> _Key:
        alerts = self._open_alerts.get(station.station_id, _NO_ALERTS)
        gravity = next((n for n, severity in enumerate(_PAGING) if alerts.get(severity)), len(_PAGING))
        silent_since = 0 if state is StationState.ONLINE else station.last_seen or 0
        return gravity * len(_STATES) + _RANK[state], silent_since, station.station_id
