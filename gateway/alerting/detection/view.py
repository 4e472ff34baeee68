"""A batch as rules see it: the readings of each domain, and how all other fields stood at each of them."""

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from gateway.alerting.detection.gaps import Gaps
from gateway.alerting.detection.openings import Openings
from gateway.alerting.detection.places import Places
from gateway.alerting.detection.rows import Clocks, Column, Ints, Rows, joined, ordered_by
from gateway.alerting.detection.standing import Field, Standing, Stood
from gateway.batch.batch import Batch
from wire.measures import DOMAINS, MEASURES

NOT_OURS = sys.maxsize

COMPUTED = frozenset({"people_inside_count", "people_inside_confidence_ratio"})
"""Fields of `occupancy` that are the gateway's to work out: a device's own count drifts unnoticed."""


@dataclass
class View:
    """One batch, with what happened to stations until it was received.

    `clock` is its last receipt (ms) and `frame` its last frame; `before` is the last frame before it.

    What stands outside the batch is as it stood before it: `standing` is brought up to date afterwards.
    """

    places: Places
    standing: Standing
    clock: int
    frame: int
    _samples: Mapping[str, Rows] = field(default_factory=dict)
    _events: Mapping[str, Rows] = field(default_factory=dict)
    openings: Openings = field(default_factory=Openings)
    stations: "Heard | None" = None
    gaps: Gaps = field(default_factory=Gaps)
    before: int = -1
    _asked: dict[Field, "_Sayings | None"] = field(default_factory=dict)
    _receipts: "_Receipts | None" = None

    def followed_since(self, station_id: str) -> int | None:
        """Return when the engine first heard of a station (ms of receipt)."""
        return None if self.stations is None else self.stations.first.get(station_id)

    def readings(self, domain: str) -> Rows | None:
        """Return the readings with measures of a domain, those of events included."""
        return self._samples.get(domain)

    def events(self, domain: str) -> Rows | None:
        """Return the events of a domain."""
        return self._events.get(domain)

    def column(self, of: Field) -> Column | None:
        """Return what the batch says of a field."""
        rows = self._samples.get(of[0])
        return None if rows is None else rows.column(of[1])

    def stood(self, of: Field, series: int, frame: int) -> Stood | None:
        """Return how a field of a series stood once everything up to a frame was known."""
        if of not in self._asked:
            column = self.column(of)
            self._asked[of] = None if column is None else _Sayings(column)
        sayings = self._asked[of]
        place = None if sayings is None else sayings.last(series, frame)
        if sayings is None or place is None:
            return self.standing.value(of, series)
        return Stood(sayings.column.value(place), int(sayings.column.ts[place]))

    def who_says(self, of: Field, station_id: str) -> list[int]:
        """List the series of a station that ever said a field, this batch included."""
        return [
            series
            for series in self.places.of_station(station_id, of[0])
            if self.standing.value(of, series) is not None or self._says(of, series)
        ]

    def ours_from(self, station_id: str) -> int:
        """Return since when a station is ours to judge (ms), `NOT_OURS` while it is another gateway's."""
        return self.stations.ours_from.get(station_id, 0) if self.stations else 0

    def frame_before(self, received: int) -> int:
        """Return the last frame that was received by a time, in the batch or before it."""
        if received >= self.clock:
            return self.frame
        if self._receipts is None:
            self._receipts = _receipts_of(self._samples.values())
        known = bisect_right(self._receipts.received, received)
        return max(self.before, self._receipts.frame[known - 1]) if known else self.before

    def _says(self, of: Field, series: int) -> bool:
        column = self.column(of)
        return column is not None and self.stood(of, series, _LAST) is not None


_LAST = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Heard:
    """Who was heard in a batch: the station of each frame and live birth, and when, in order of receipt.

    `first` says when each station was first heard at all, `seen` turns a time into that of a clock that
    stands still while the gateway is blind, and `real` turns it back (ms). `ours_from` says from when on
    stations that were another gateway's are ours (ms), `NOT_OURS` while they are not.
    """

    station: Ints
    at: Ints
    first: Mapping[str, int]
    seen: Callable[[int], int]
    real: Callable[[int], int]
    ours_from: Mapping[str, int]


class _Sayings:
    """A column sorted by series, to look up what was said last."""

    def __init__(self, column: Column) -> None:
        self.column = column
        order = ordered_by(column.series)
        self._order = order[~column.overtaken[order]]
        self._series = column.series[self._order]
        self._frame = column.frame[self._order]

    def last(self, series: int, frame: int) -> int | None:
        """Return the place in the column of the last saying of a series up to a frame."""
        begin, end = np.searchsorted(self._series, (series, series + 1))
        within = int(np.searchsorted(self._frame[begin:end], frame, side="right"))
        return int(self._order[begin + within - 1]) if within else None


class _Receipts(NamedTuple):
    """What was known when: the times of receipt, each with the last frame received by then.

    Lists: each quarter of an hour 12,100 stations are asked about, and a search in an array took 10 us.
    """

    frame: list[int]
    received: list[int]


def _receipts_of(domains: Iterable[Rows]) -> _Receipts:
    news = [
        (rows, np.flatnonzero(np.diff(rows.frame, prepend=-1) | np.diff(rows.received, prepend=-1)))
        for rows in domains
    ]
    frame = np.concatenate([_NO_FRAMES, *(rows.frame[places] for rows, places in news)])
    received = np.concatenate([_NO_FRAMES, *(rows.received[places] for rows, places in news)])
    order = np.argsort(received, kind="stable")
    return _Receipts(np.maximum.accumulate(frame[order]).tolist(), received[order].tolist())


_NO_FRAMES: Ints = np.empty(0, np.int64)


def clocks_of(frames: pa.Table, clock: int) -> Clocks:
    """Return when frames were received: never before the one before them, nor before ``clock``."""
    received = np.maximum.accumulate(np.maximum(frames["received"].to_numpy(), clock))
    return Clocks(frames["frame"].to_numpy(), received)


def readings_of(batch: Batch, clocks: Clocks, places: Places, standing: Standing) -> "Readings":
    """Return the readings with measures, and the events, of each domain of a batch."""
    samples: dict[str, Rows] = {}
    events: dict[str, Rows] = {}
    for domain in DOMAINS:
        newest = newest_of(standing, domain, places)
        happened = _numbered(batch.events.get(domain), places)
        told = _numbered(batch.samples.get(domain), places)
        measured = [table for table in (told, happened) if table is not None and _has_measures(domain, table)]
        if happened is not None:
            events[domain] = Rows(domain, happened, clocks, newest)
        if measured:
            samples[domain] = Rows(domain, joined(measured), clocks, newest)
    return samples, events


Readings = tuple[dict[str, Rows], dict[str, Rows]]


def _numbered(table: pa.Table | None, places: Places) -> pa.Table | None:
    """Give the readings our numbers of series."""
    if table is None or not table.num_rows:
        return None
    numbers = pa.array(places.own(table["series"].to_numpy().astype(np.int64)))
    table = table.set_column(table.column_names.index("series"), "series", numbers)
    return table.drop([name for name in table.column_names if name in COMPUTED])


def newest_of(standing: Standing, domain: str, places: Places) -> Callable[[str], Ints]:
    """Return what tells the newest `ts` of the series of a domain, by field."""
    return lambda field: standing.newest(domain, field, len(places))


def _has_measures(domain: str, table: pa.Table) -> bool:
    return any(name in MEASURES[domain] for name in table.column_names)
