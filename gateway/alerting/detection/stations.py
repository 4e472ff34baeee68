"""The virtual readings and events of each station (`catalogue.virtual`), out of frames, births and wills."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalogue.virtual import VIRTUAL_MEASURES
from gateway.alerting.detection.links import Links, StateChange, in_order
from gateway.alerting.detection.people import COUNTED, Count, People
from gateway.alerting.detection.places import OWN_STATION, Places
from gateway.alerting.detection.rows import Bools, Clocks, Ints, Rows, Values, joined, ordered_by
from gateway.alerting.detection.standing import Field, Standing
from gateway.alerting.detection.view import NOT_OURS, Heard, Readings, View, newest_of
from gateway.batch.numbering import Sources
from gateway.domain.observation import Observation
from gateway.state.births import Happening, JournalRow

STATION_FIELDS: frozenset[Field] = COUNTED | {
    (domain, name) for domain, measures in VIRTUAL_MEASURES.items() for name in measures
}
TELL_EVERY_MS = 15_000
"""A station's figures are told again with the first frame of each such stretch: half their heartbeat."""
BOOTS_KEPT = 16
RETURNED_MS = 600_000


class _Told(NamedTuple):
    """A row of ours: one reading or one event about a station."""

    received: int
    frame: int
    station: int
    ts: int
    said: Mapping[str, object]


class Stations:
    """Follows every station; `first` says when each was first heard (ms of receipt)."""

    def __init__(self, places: Places, sources: Sources, standing: Standing) -> None:
        self._places = places
        self._sources = sources
        self._standing = standing
        self.first: dict[str, int] = {}
        self._noted: Bools = np.empty(0, np.bool_)
        self.links = Links()
        self._people = People(places)
        self._ours_from: dict[str, int] = {}
        self.heard = self._heard(np.empty(0, np.int64), np.empty(0, np.int64), ())
        self._of_source: Ints = np.empty(0, np.int64)
        self._told_at: Ints = np.empty(0, np.int64)
        self._standing_at: Values = np.empty((0, len(_FIGURES)))
        self._series: Ints = np.empty(0, np.int64)
        self._boots: dict[str, dict[str, int]] = {}
        self._clock = 0

    # -- in --------------------------------------------------------------------------------------------

    def take(
        self, frames: pa.Table, clocks: Clocks, happenings: Sequence[JournalRow], into: Readings
    ) -> None:
        """Add the readings and events of a batch's stations to those of the batch."""
        stations = self._stations_of(frames)
        self._note_first(stations, clocks.received)
        samples, events = into
        clock, frame = int(clocks.received[-1]), int(clocks.frame[-1])
        view = View(self._places, self._standing, clock, frame, samples, events)
        counts = self._people.take(view)
        changes = self._link(stations, clocks, happenings)
        figures = self._figures(counts, self._news(stations, clocks), frames, stations, clocks)
        self._clock = clock
        self.heard = self._heard(stations, clocks.received, happenings)
        self._put(samples, [figures, self._changes(changes, clocks)])
        told = [*self._visits(counts), *self._happened(happenings, clocks)]
        self._put(events, [self._table(told, 0)])

    def pass_time(self, now: int, frame: int, happenings: Sequence[JournalRow], into: Readings) -> None:
        """Add what happened, and what silence means, when no frame came until ``now``."""
        samples, events = into
        clocks = Clocks(np.array([frame]), np.array([now]))
        changes = self._link(np.empty(0, np.int64), clocks, happenings)
        self._put(samples, [self._changes(changes, clocks)])
        self._put(events, [self._table(self._happened(happenings, clocks), 0)])
        self._clock = now
        self.heard = self._heard(np.empty(0, np.int64), np.empty(0, np.int64), happenings)

    def observed(self, observations: Iterable[Observation], frame: int, now: int) -> Readings:
        """Return observations as readings taken and received at ``now``."""
        samples: dict[str, Rows] = {}
        by_domain: dict[str, list[Observation]] = {}
        for one in observations:
            by_domain.setdefault(one.domain, []).append(one)
        for domain, listed in by_domain.items():
            columns: dict[str, list[object]] = {
                "frame": [frame] * len(listed),
                "idx": list(range(len(listed))),
                "series": [self._places.number(one.station_id, domain, one.device) for one in listed],
                "ts": [now] * len(listed),
                "received": [now] * len(listed),
            }
            for name in {name for one in listed for name in one.fields}:
                columns[name] = [one.fields.get(name) for one in listed]
            self._put(samples, [pa.table(columns)], domain)
        self.nobody_heard()
        return samples, {}

    def nobody_heard(self) -> None:
        """Judge something that no station said just now."""
        self.heard = self._heard(np.empty(0, np.int64), np.empty(0, np.int64), ())

    # -- links -----------------------------------------------------------------------------------------

    def _link(self, stations: Ints, clocks: Clocks, happenings: Sequence[JournalRow]) -> list[StateChange]:
        self.links.grow(len(self._places.stations))
        changes: list[StateChange] = []
        begin = 0
        for one in happenings:
            end = min(int(np.searchsorted(clocks.received, one.at, side="right")), len(stations))
            if begin < end:
                changes += self._hear(stations[begin:end], clocks.received[begin:end])
                begin = end
            changes += self._happen(one)
        changes += self._hear(stations[begin:], clocks.received[begin : len(stations)])
        changes += self.links.fall_silent(int(clocks.received[-1]))
        return in_order(changes)

    def _hear(self, stations: Ints, at: Ints) -> Iterator[StateChange]:
        own = self._places.station_number(OWN_STATION)
        self.links.grow(len(self._places.stations))
        theirs = stations != own
        yield from self.links.hear(stations[theirs], at[theirs])

    def _happen(self, one: JournalRow) -> Iterator[StateChange]:
        sight = self.links.sight
        if one.kind in {Happening.GATEWAY_STOP, Happening.BROKER_LOST}:
            sight.lose(one.at)
        elif one.kind is Happening.GATEWAY_START:
            sight.lose(self._clock or one.at)
            sight.regain(one.at)
        elif one.kind is Happening.BROKER_BACK:
            sight.regain(one.at)
        elif one.station_id is not None:
            station = self._places.station_number(one.station_id)
            self.links.grow(len(self._places.stations))
            if one.kind is Happening.WILL:
                yield from self.links.lose(station, one.at)
            elif one.kind is Happening.HANDED_OVER:
                self._ours_from[one.station_id] = NOT_OURS
                yield from self.links.leave(station, one.at)
            elif one.kind is Happening.TAKEN_UP:
                self._ours_from[one.station_id] = one.at
                yield from self.links.expect(station, one.at)
            else:
                self._ours_from.pop(one.station_id, None)
                self.declare(one.station_id, one.payload)
                if not one.payload.get("retained"):
                    self.first.setdefault(one.station_id, one.at)
                    yield from self.links.hear(np.array([station]), np.array([one.at]))

    def declare(self, station_id: str, birth: Mapping[str, object]) -> None:
        """Take what a birth says its devices are there for."""
        devices = birth.get("devices")
        for device in devices if isinstance(devices, list) else []:
            facility, interval_s = device.get("facility"), device.get("interval_s")
            self._places.declare(station_id, device["device"], facility, interval_s)

    def _heard(self, stations: Ints, received: Ints, happenings: Sequence[JournalRow]) -> Heard:
        births = [
            one for one in happenings if one.kind is Happening.BIRTH and not one.payload.get("retained")
        ]
        born = [self._places.station_number(str(one.station_id)) for one in births]
        station = np.concatenate([stations, np.array(born, np.int64)])
        at = np.concatenate([received, np.array([one.at for one in births], np.int64)])
        order = np.argsort(at, kind="stable")
        sight = self.links.sight
        return Heard(station[order], at[order], self.first, sight.seen, sight.real, self._ours_from)

    # -- what is told ----------------------------------------------------------------------------------

    def _changes(self, changes: list[StateChange], clocks: Clocks) -> pa.Table | None:
        told = [
            _Told(one.at, _frame_at(one.at, clocks), one.station, one.at, {"state": str(one.state)})
            for one in changes
        ]
        return self._table(told, 2)

    def _happened(self, happenings: Iterable[JournalRow], clocks: Clocks) -> Iterator[_Told]:
        for one in happenings:
            if one.station_id is None:
                continue
            station, frame = self._places.station_number(one.station_id), _frame_at(one.at, clocks)
            for name in self._names(one):
                yield _Told(one.at, frame, station, one.at, {"event": name})

    def _names(self, one: JournalRow) -> Iterator[str]:
        """Name what a will or a live birth is, of the virtual events."""
        if one.kind is Happening.WILL:
            yield str(one.payload.get("state", "lost"))
        elif one.kind is Happening.BIRTH and not one.payload.get("retained"):
            yield "birth"
            boots = self._boots.setdefault(str(one.station_id), {})
            boot, newest = str(one.payload.get("boot_id")), next(reversed(boots), None)
            if boots and boot not in boots:
                yield "boot"
            elif boot != newest and one.at - boots.get(boot, one.at) <= RETURNED_MS and newest is not None:
                yield "boot_returned"
            if newest is not None:
                # it ran until now
                boots[newest] = one.at
            boots.pop(boot, None)
            boots[boot] = one.at
            for old in list(boots)[:-BOOTS_KEPT]:
                del boots[old]

    @staticmethod
    def _visits(counts: Iterable[Count]) -> Iterator[_Told]:
        for one in counts:
            if one.visited:
                yield _Told(one.received, one.frame, one.station, one.ts, {"event": "visit"})

    def _news(self, stations: Ints, clocks: Clocks) -> Ints:
        """Return the first frame of each station in every stretch of time."""
        missing = len(self._places.stations) - len(self._told_at)
        if missing > 0:
            self._told_at = np.concatenate([self._told_at, np.full(missing, -1)])
        stretch = clocks.received // TELL_EVERY_MS
        order = ordered_by(stations)
        told, times = stations[order], stretch[order]
        previous = np.empty_like(times)
        previous[1:] = times[:-1]
        begins = np.diff(told, prepend=-1) != 0
        previous[begins] = self._told_at[told[begins]]
        np.maximum.at(self._told_at, stations, stretch)
        return np.sort(order[times != previous])

    def _figures(
        self, counts: list[Count], heard: Ints, frames: pa.Table, stations: Ints, clocks: Clocks
    ) -> pa.Table:
        """Return how the figures of stations stand after each count, and with each frame in ``heard``."""
        missing = len(self._places.stations) - len(self._standing_at)
        if missing > 0:
            self._standing_at = np.concatenate([self._standing_at, np.full((missing, len(_FIGURES)), np.nan)])
        counted = len(counts)
        station = np.concatenate([_of(counts, "station"), stations[heard]])
        frame = np.concatenate([_of(counts, "frame"), clocks.frame[heard]])
        known = np.full((len(station), len(_FIGURES)), np.nan)
        for place, one in enumerate(counts):
            known[place] = one.inside, one.confidence, one.visits, one.uses
        figures = self._carried(station, frame, known, counted)
        received = np.concatenate([_of(counts, "received"), clocks.received[heard]])
        columns = {
            "frame": frame,
            "idx": np.where(np.arange(len(station)) < counted, 0, 1).astype(np.int16),
            "series": self._series_of(station),
            "ts": received,
            "received": received,
        }
        told = {
            name: pa.array(values, from_pandas=True) for name, values in zip(_FIGURES, figures.T, strict=True)
        }
        told |= _clocks_told(frames, heard, clocks, counted)
        return pa.table({name: pa.array(values) for name, values in columns.items()} | told)

    def _carried(self, station: Ints, frame: Ints, known: Values, counted: int) -> Values:
        """Fill in what was not counted with what stood before, station by station."""
        order = np.lexsort((np.arange(len(station)) >= counted, frame, station))
        begins = np.diff(station[order], prepend=-1) != 0
        places = np.arange(len(order))
        start = np.maximum.accumulate(np.where(begins, places, 0))
        last = np.maximum.accumulate(np.where(order < counted, places, -1))
        before = last < start
        result = known[order[np.maximum(last, 0)]]
        result[before] = self._standing_at[station[order[before]]]
        self._standing_at[station[order]] = result
        filled = np.empty_like(known)
        filled[order] = result
        return filled

    # -- tables ----------------------------------------------------------------------------------------

    def _table(self, told: Iterable[_Told], idx: int) -> pa.Table | None:
        listed = sorted(told, key=lambda one: one[:4])
        if not listed:
            return None
        columns: dict[str, list[object]] = {
            "frame": [one.frame for one in listed],
            "series": self._series_of(np.array([one.station for one in listed])).tolist(),
            "ts": [one.ts for one in listed],
            "received": [one.received for one in listed],
        }
        for name in {name for one in listed for name in one.said}:
            columns[name] = [one.said.get(name) for one in listed]
        return pa.table(columns).append_column("idx", pa.array([idx] * len(listed), pa.int16()))

    def _put(self, into: dict[str, Rows], tables: Sequence[pa.Table | None], domain: str = "station") -> None:
        told = [table for table in tables if table is not None and table.num_rows]
        if told:
            newest = newest_of(self._standing, domain, self._places)
            # every row says itself when it was received
            into[domain] = Rows(domain, joined(told), _NO_CLOCKS, newest)

    def _series_of(self, stations: Ints) -> Ints:
        """Return the series of whole stations."""
        if len(stations) and int(stations.max()) >= len(self._series):
            self._series = np.array(
                [self._places.number(one, "station", "") for one in self._places.stations]
            )
        return self._series[stations]

    def _stations_of(self, frames: pa.Table) -> Ints:
        sources: Ints = frames["source"].to_numpy().astype(np.int64)
        if len(sources) and int(sources.max()) >= len(self._of_source):
            new = self._sources.known[len(self._of_source) : int(sources.max()) + 1]
            numbers = [self._places.station_number(one.station_id) for one in new]
            self._of_source = np.concatenate([self._of_source, np.array(numbers, np.int64)])
        return self._of_source[sources]

    def _note_first(self, stations: Ints, received: Ints) -> None:
        missing = len(self._places.stations) - len(self._noted)
        self._noted = np.concatenate([self._noted, np.zeros(missing, np.bool_)])
        for place in np.flatnonzero(~self._noted[stations]).tolist():
            self.first.setdefault(self._places.stations[stations[place]], int(received[place]))
        self._noted[stations] = True

    # -- remembering -----------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "first": self.first,
            "links": self.links.save(),
            "people": self._people.save(),
            "told_at": self._told_at,
            "standing_at": self._standing_at,
            "boots": self._boots,
            "ours_from": self._ours_from,
            "clock": self._clock,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        self.first, self._boots, self._clock = saved["first"], saved["boots"], saved["clock"]
        self._ours_from = dict(saved.get("ours_from", ()))
        self._told_at, self._standing_at = saved["told_at"], saved["standing_at"]
        self.links.restore(saved["links"])
        self._people.restore(saved["people"])


_NO_CLOCKS = Clocks(np.empty(0, np.int64), np.empty(0, np.int64))
_FIGURES = ("people_inside_count", "people_inside_confidence_ratio", "visits_total", "cubicle_uses_total")


def _frame_at(at: int, clocks: Clocks) -> int:
    """Return the frame that first knows of something: the next received; the last where none is."""
    return int(clocks.frame[min(int(np.searchsorted(clocks.received, at)), len(clocks.frame) - 1)])


def _clocks_told(frames: pa.Table, heard: Ints, clocks: Clocks, counted: int) -> dict[str, pa.Array]:
    """Return what frames in ``heard`` say of their stations' clocks, below ``counted`` rows that do not."""
    live = pc.equal(frames["lane"], "telemetry").to_numpy()[heard]
    unset = frames["clock"].is_valid().to_numpy()[heard]
    nothing = np.ones(counted, np.bool_)
    skew = np.append(np.zeros(counted, np.int64), frames["sent"].to_numpy()[heard] - clocks.received[heard])
    return {
        "clock_skew_ms": pa.array(skew, mask=np.append(nothing, ~live | unset)),
        "clock_set": pa.array(np.append(nothing, ~unset), mask=np.append(nothing, ~live)),
    }


def _of(counts: Sequence[Count], name: str) -> Ints:
    return np.fromiter((getattr(one, name) for one in counts), np.int64, len(counts))
