"""Stations, their devices and what is known of them, numbered for columns.

The engine has numbers of its own: beside the series of the store there are some that only it computes, and
the store's are given out on another thread.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import orjson

from gateway.alerting.detection.rows import Bools, Ints
from gateway.batch.numbering import Series
from gateway.domain.holidays import Holidays
from gateway.domain.hours import hours_of, within
from gateway.domain.registry import Registry, StationSpec

OWN_STATION = "_gateway"


class Places:
    """Numbers series and stations from 0 in order of appearance.

    ``told`` is the store's list of series, which only grows. `station` holds the station's number of every
    series.
    """

    def __init__(self, told: Sequence[Series], registry: Registry, calendar: Holidays) -> None:
        self._told = told
        self._calendar = calendar
        self._registry = registry
        self.series: list[Series] = []
        self.stations: list[str] = []
        self.station: Ints = np.empty(0, np.int64)
        self._stations: dict[str, int] = {}
        self._numbers: dict[Series, int] = {}
        self._of_station: list[dict[str, list[int]]] = []
        self._own: Ints = np.empty(0, np.int64)
        self._declared: dict[tuple[str, str], str] = {}
        self._intervals: dict[tuple[str, str], float] = {}
        self._limits: dict[str, npt.NDArray[np.float64]] = {}
        self._capacities = np.empty(0, np.float64)
        self._masks: dict[tuple[str, frozenset[str]], Bools] = {}
        self._saved: bytes | None = None

    def __len__(self) -> int:
        return len(self.series)

    # -- numbers ---------------------------------------------------------------------------------------

    def own(self, told: Ints) -> Ints:
        """Return our numbers of the store's series."""
        if len(told) and int(told.max()) >= len(self._own):
            new = self._told[len(self._own) : int(told.max()) + 1]
            self._own = np.concatenate([self._own, np.fromiter(map(self._add, new), np.int64, len(new))])
            self._note_stations()
        return self._own[told]

    def number(self, station_id: str, domain: str, device: str) -> int:
        """Return the number of a series, giving it one at first sight."""
        number = self._add(Series(station_id, domain, device))
        self._note_stations()
        return number

    def find(self, station_id: str, domain: str, device: str) -> int | None:
        """Return the number of a series, None when it was never heard of."""
        return self._numbers.get(Series(station_id, domain, device))

    def station_number(self, station_id: str) -> int:
        """Return the number of a station, giving it one at first sight."""
        number = self._stations.get(station_id)
        if number is None:
            self._saved = None
            number = self._stations[station_id] = len(self.stations)
            self.stations.append(station_id)
            self._of_station.append({})
        return number

    def of_station(self, station_id: str, domain: str) -> Sequence[int]:
        """List the series of a station in a domain."""
        number = self._stations.get(station_id)
        return () if number is None else self._of_station[number].get(domain, ())

    def _add(self, series: Series) -> int:
        number = self._numbers.get(series)
        if number is None:
            self._saved = None
            number = self._numbers[series] = len(self.series)
            self.series.append(series)
            domains = self._of_station[self.station_number(series.station_id)]
            domains.setdefault(series.domain, []).append(number)
        return number

    def _note_stations(self) -> None:
        new = self.series[len(self.station) :]
        if new:
            numbers = np.fromiter((self._stations[one.station_id] for one in new), np.int64, len(new))
            self.station = np.concatenate([self.station, numbers])

    # -- what is known ---------------------------------------------------------------------------------

    def spec(self, station_id: str) -> StationSpec | None:
        """Return what `stations.yaml` says of a station."""
        return self._registry.get(station_id)

    def tz(self, station_id: str) -> str:
        """Return the IANA name of a station's time zone."""
        return self._registry.tz(station_id)

    def capacity(self, station_id: str) -> int | None:
        """Return how many people a station is made for."""
        spec = self._registry.get(station_id)
        return spec.persons if spec else None

    def is_open(self, station_id: str, at: int) -> bool:
        """Whether a station should be open at a time (ms); without published hours it always is."""
        spec = self._registry.get(station_id)
        hours = hours_of(spec.open) if spec else ()
        return within(hours, at, self.tz(station_id), self._calendar)

    def declare(self, station_id: str, device: str, facility: str | None, interval_s: float | None) -> None:
        """Note what a birth says a device is there for, and how often it reports."""
        key = (station_id, device)
        known = self._intervals.get(key), self._declared.get(key)
        if interval_s is not None:
            self._intervals[key] = interval_s
        if facility is not None:
            self._declared[key] = facility
        if known != (self._intervals.get(key), self._declared.get(key)):
            self._saved = None
            self._look_again(station_id, device)

    def role(self, station_id: str, device: str) -> str | None:
        """Return what a device is there for: as `stations.yaml` says, else as the station's birth."""
        spec = self._registry.get(station_id)
        decided = spec.devices.get(device) if spec else None
        if decided is not None and decided.role is not None:
            return decided.role
        return self._declared.get((station_id, device))

    def zone(self, station_id: str, device: str) -> str:
        """Return where a device is; one that nobody placed is a zone of its own."""
        spec = self._registry.get(station_id)
        decided = spec.devices.get(device) if spec else None
        return decided.zone if decided is not None and decided.zone is not None else device

    def limit(self, station_id: str, device: str, name: str) -> float | None:
        """Return a device's limit out of `stations.yaml`; ``interval_s`` else out of its birth."""
        spec = self._registry.get(station_id)
        decided = spec.devices.get(device) if spec else None
        found = decided.limits.get(name) if decided is not None else None
        return self._intervals.get((station_id, device)) if found is None and name == "interval_s" else found

    def limits(self, name: str) -> npt.NDArray[np.float64]:
        """Return a limit of every series' device; not a number where there is none."""
        listed = self._limits.get(name, np.empty(0, np.float64))
        new = [self._limit_of(one, name) for one in self.series[len(listed) :]]
        if new:
            listed = self._limits[name] = np.concatenate([listed, np.array(new, np.float64)])
        return listed

    def _limit_of(self, series: Series, name: str) -> float:
        found = self.limit(series.station_id, series.device, name)
        return np.nan if found is None else found

    def capacities(self) -> npt.NDArray[np.float64]:
        """Return the capacity of every station by its number; not a number where it is not known."""
        new = [self.capacity(one) for one in self.stations[len(self._capacities) :]]
        if new:
            more = np.array([np.nan if one is None else one for one in new], np.float64)
            self._capacities = np.concatenate([self._capacities, more])
        return self._capacities

    def with_role(self, domain: str, roles: frozenset[str]) -> Bools:
        """Say for every series whether it is of a domain and there for one of the roles; none: for any."""
        key = (domain, roles)
        mask = self._masks.get(key, np.empty(0, np.bool_))
        new = self.series[len(mask) :]
        if new:
            more = np.fromiter((self._is_of(one, domain, roles) for one in new), np.bool_, len(new))
            mask = self._masks[key] = np.concatenate([mask, more])
        return mask

    def _look_again(self, station_id: str, device: str) -> None:
        """Bring what was worked out up to date for one device: a country's worth of it takes 700 ms."""
        station = self._stations.get(station_id)
        for number in () if station is None else chain.from_iterable(self._of_station[station].values()):
            series = self.series[number]
            if series.device != device:
                continue
            # slices, since what was worked out may end before this series
            for (domain, roles), mask in self._masks.items():
                mask[number : number + 1] = self._is_of(series, domain, roles)
            for name, listed in self._limits.items():
                listed[number : number + 1] = self._limit_of(series, name)

    def _is_of(self, series: Series, domain: str, roles: frozenset[str]) -> bool:
        return series.domain == domain and self._serves(series, roles)

    def _serves(self, series: Series, roles: frozenset[str]) -> bool:
        return not roles or self.role(series.station_id, series.device) in roles

    # -- remembering -----------------------------------------------------------------------------------

    def save(self) -> bytes:
        """Return the numbers and what births declared; worked out anew only where something is new.

        Pickled as objects, a country of it kept the interpreter's lock from everything else, every time.
        """
        if self._saved is None:
            self._saved = orjson.dumps(
                {
                    "series": [(one.station_id, one.domain, one.device) for one in self.series],
                    "stations": self.stations,
                    "declared": [(*key, facility) for key, facility in self._declared.items()],
                    "intervals": [(*key, interval_s) for key, interval_s in self._intervals.items()],
                }
            )
        return self._saved

    def restore(self, saved: bytes) -> None:
        """Take up what `save` returned, before any number was given out."""
        told = orjson.loads(saved)
        for station_id in told["stations"]:
            self.station_number(station_id)
        for station_id, domain, device in told["series"]:
            self._add(Series(station_id, domain, device))
        # births that came since say more
        self._declared = {(one, of): facility for one, of, facility in told["declared"]} | self._declared
        self._intervals = {(one, of): every for one, of, every in told["intervals"]} | self._intervals
        self._saved = None
        self._note_stations()
