"""Regions at one moment: what their stations come to together, and which of them need somebody first.

Grafana asks for these in place of every station: InfluxDB reads a series and field at a time, and a country
has 12,100 stations with two dozen fields each.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import NamedTuple

from gateway.domain.fleet import StationState
from gateway.timeseries.mirror.lines import line
from wire.influx import NS_A_MS, REGION_TOTALS, WORST

LISTED = 2_000
"""Stations listed at most, of every region its worst in turn: the fleet of a province is listed whole."""
WORST_BY = ("open_p1", "open_p2", "open_p3", "last_seen_age_s")
"""More of these is worse, the first above all; the dashboard sorts alike."""
_SUMMED = (
    *("open_p1", "open_p2", "open_p3", "open_p4", "people_inside"),
    *("visits_today", "energy_today_kwh", "water_today_l"),
)


class Described(NamedTuple):
    """A station as `stations` tells of it."""

    region: str
    station_id: str
    fields: Mapping[str, object]

    @property
    def tags(self) -> dict[str, str | None]:
        """What its points are told apart by."""
        return {"region": self.region, "station": self.station_id}


def lines_of(stations: Iterable[Described], now: int) -> Iterator[str]:
    """Yield a line a region, and one for each station that is listed."""
    by_region: defaultdict[str, list[Described]] = defaultdict(list)
    for station in stations:
        by_region[station.region].append(station)
    for region, there in by_region.items():
        yield from _told(line(REGION_TOTALS, {"region": region}, totals(there), now * NS_A_MS))
    for place, station in listed(by_region.values()):
        tags = {"region": station.region, "place": f"{place:04}"}
        shown = {name: station.fields.get(name) for name in WORST.fields} | {"station": station.station_id}
        yield from _told(line(WORST, tags, shown, now * NS_A_MS))


def totals(stations: Sequence[Described]) -> dict[str, object]:
    """Return what stations come to together; what none of them knows is None."""
    states = Counter(str(station.fields["state"]) for station in stations)
    known = {name: _numbers(stations, name) for name in _SUMMED}
    sums = {name: sum(numbers) if numbers else None for name, numbers in known.items()}
    return {
        "stations": len(stations),
        **{str(state): states[state] for state in StationState},
        **sums,
    }


def listed(regions: Iterable[Iterable[Described]]) -> Iterator[tuple[int, Described]]:
    """Yield the worst of every region, then every second worst, until enough are listed; places from 0."""
    ranked = [sorted(there, key=_need, reverse=True) for there in regions]
    in_turn = (
        (place, station)
        for place, together in enumerate(zip_longest(*ranked))
        for station in together
        if station is not None
    )
    return islice(in_turn, LISTED)


def _need(station: Described) -> tuple[float, ...]:
    return tuple(sum(_numbers([station], name)) for name in WORST_BY)


def _numbers(stations: Iterable[Described], name: str) -> list[float]:
    values = (station.fields.get(name) for station in stations)
    return [value for value in values if isinstance(value, int | float)]


def _told(said: str | None) -> Iterator[str]:
    if said is not None:
        yield said
