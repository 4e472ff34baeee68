"""Small durable numbers for what repeats in every row: sources of frames, and series."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]

_DEVICE_BITS = 24


@dataclass(frozen=True, slots=True)
class Source:
    """Where frames come from: one stream of one station under one region; no stream for best effort."""

    region: str
    station_id: str
    stream: str | None


class Sources:
    """Numbers sources from 0; `beyond(n)` lists those a store has not written yet."""

    def __init__(self, known: Iterable[Source] = ()) -> None:
        self.known: list[Source] = list(known)
        self._numbers = {(s.region, s.station_id, s.stream): number for number, s in enumerate(self.known)}

    def number(self, region: str, station_id: str, stream: str | None) -> int:
        """Return the source's number, giving it one at first sight."""
        key = (region, station_id, stream)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.known)
            self.known.append(Source(*key))
        return number

    def beyond(self, written: int) -> Iterator[tuple[int, Source]]:
        """Yield (number, source) from number `written` on."""
        yield from enumerate(self.known[written:], written)


class Series(NamedTuple):
    """One device of one domain of one station."""

    station_id: str
    domain: str
    device: str


class SeriesIndex:
    """Numbers series from 0, whole columns at a time."""

    def __init__(self, known: Iterable[Series] = ()) -> None:
        self.known: list[Series] = []
        self._stations: dict[str, int] = {}
        self._names: list[str] = []
        self._devices: dict[tuple[str, str], int] = {}
        self._by_station: dict[str, list[int]] = {}
        self._keys = np.empty(0, np.int64)
        self._numbers = np.empty(0, np.int64)
        self._unsorted: dict[int, int] = {}
        for series in known:
            self._add(self._key(series.station_id, series.domain, series.device), series)
        self._sort()

    def stations(self, station_ids: Sequence[str]) -> Ints:
        """Number the stations of a tick's frames, once for all domains."""
        return np.fromiter(map(self._station, station_ids), np.int64, len(station_ids))

    def number(self, domain: str, stations: Ints, device: pa.Array) -> Ints:
        """Return the series of each row, by its station's number and its device."""
        encoded = device.dictionary_encode()
        names = encoded.dictionary.to_pylist()
        devices = np.fromiter((self._device(domain, name) for name in names), np.int64, len(names))
        keys = (stations << _DEVICE_BITS) | devices[encoded.indices.to_numpy()]
        numbers, found = self._look_up(keys)
        if not found.all():
            for row in np.flatnonzero(~found).tolist():
                if int(keys[row]) not in self._unsorted:
                    station_id = self._names[stations[row]]
                    self._add(int(keys[row]), Series(station_id, domain, device[row].as_py()))
            self._sort()
            numbers, _ = self._look_up(keys)
        return numbers

    def of_station(self, station_id: str) -> list[tuple[int, Series]]:
        """List the station's series with their numbers."""
        return [(number, self.known[number]) for number in self._by_station.get(station_id, [])]

    def beyond(self, written: int) -> Iterator[tuple[int, Series]]:
        """Yield (number, series) from number `written` on."""
        yield from enumerate(self.known[written:], written)

    def _look_up(self, keys: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
        if not len(self._keys):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.bool_)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return self._numbers[places], self._keys[places] == keys

    def _add(self, key: int, series: Series) -> None:
        self._unsorted[key] = len(self.known)
        self._by_station.setdefault(series.station_id, []).append(len(self.known))
        self.known.append(series)

    def _sort(self) -> None:
        keys = np.concatenate([self._keys, np.fromiter(self._unsorted.keys(), np.int64)])
        numbers = np.concatenate([self._numbers, np.fromiter(self._unsorted.values(), np.int64)])
        order = np.argsort(keys)
        self._keys, self._numbers = keys[order], numbers[order]
        self._unsorted.clear()

    def _key(self, station_id: str, domain: str, device: str) -> int:
        return (self._station(station_id) << _DEVICE_BITS) | self._device(domain, device)

    def _station(self, station_id: str) -> int:
        number = self._stations.get(station_id)
        if number is None:
            number = self._stations[station_id] = len(self._names)
            self._names.append(station_id)
        return number

    def _device(self, domain: str, device: str) -> int:
        return self._devices.setdefault((domain, device), len(self._devices))
