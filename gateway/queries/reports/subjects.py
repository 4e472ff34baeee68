"""The stations a report is about, and when each of them was to be open."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from gateway.domain.fleet import Fleet
from gateway.domain.holidays import Holidays
from gateway.domain.hours import hours_of, spans
from gateway.domain.local_time import HOUR_MS
from gateway.domain.registry import CAPACITY, Registry, StationSpec
from gateway.domain.visits import Floats, Ints
from gateway.queries.fleet_list import OWN_STATION

Spans = list[tuple[int, int]]
"""Stretches of time in ms UTC, ascending, none touching the next."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One station; ``first_seen`` in ms, None when it was never heard."""

    station_id: str
    region: str | None
    zh: str
    en: str
    tz: str
    first_seen: int | None
    spec: StationSpec | None

    @property
    def profile(self) -> str | None:
        """The kind of station, where it is known."""
        return None if self.spec is None else self.spec.profile

    @property
    def capacity(self) -> int | None:
        """Persons, where it is known."""
        return None if self.spec is None else self.spec.persons or CAPACITY.get(self.spec.profile or "")

    def scheduled(self, start: int, end: int, calendar: Holidays) -> Spans:
        """Return when it was to be open between two moments; always where no hours are given."""
        if self.spec is None or not self.spec.open:
            return [(start, end)] if start < end else []
        opened = spans(hours_of(self.spec.open), start, end, self.tz, calendar)
        return merged((max(start, begin), min(end, stop)) for begin, stop in opened)


def subjects(
    fleet: Fleet,
    registry: Registry,
    regions: frozenset[str] | None,
    station_id: str | None = None,
    region: str | None = None,
) -> list[Subject]:
    """Return the stations one may see, by region and id; those asked for where any are."""
    chosen = [
        Subject(
            station.station_id,
            station.region,
            registry.name(station.station_id)["zh"],
            registry.name(station.station_id)["en"],
            registry.tz(station.station_id),
            station.first_seen,
            registry.get(station.station_id),
        )
        for station in tuple(fleet)  # at once: the event loop may meet a new one meanwhile
        if station.station_id != OWN_STATION
        and (regions is None or station.region in regions)
        and station_id in {None, station.station_id}
        and region in {None, station.region}
    ]
    return sorted(chosen, key=lambda one: (one.region or "", one.station_id))


def merged(found: Iterable[tuple[int, int]]) -> Spans:
    """Return stretches in order, those that overlap or touch made one, empty ones left out."""
    out: Spans = []
    for begin, end in sorted(one for one in found if one[0] < one[1]):
        if out and begin <= out[-1][1]:
            out[-1] = out[-1][0], max(out[-1][1], end)
        else:
            out.append((begin, end))
    return out


def without(found: Spans, taken: Spans) -> Spans:
    """Return what is left of stretches when others are taken out."""
    out: Spans = []
    for begin, end in found:
        for first, last in taken:
            if begin < last and first < end:
                if begin < first:
                    out.append((begin, first))
                begin = max(begin, last)  # noqa: PLW2901 - what is left of it
        if begin < end:
            out.append((begin, end))
    return out


def seconds_in(found: Spans, starts: Ints, step_ms: int = HOUR_MS) -> Floats:
    """Return how many seconds of each step (its start in ms) lie in any of the stretches."""
    total = np.zeros(len(starts))
    for begin, end in found:
        overlap = np.minimum(starts + step_ms, end) - np.maximum(starts, begin)
        total += np.maximum(overlap, 0) / 1_000
    return total


def by_tz(stations: Iterable[Subject]) -> Iterator[tuple[str, list[Subject]]]:
    """Yield the stations of each time zone together: their days begin at the same moment."""
    groups: dict[str, list[Subject]] = {}
    for station in stations:
        groups.setdefault(station.tz, []).append(station)
    yield from groups.items()
