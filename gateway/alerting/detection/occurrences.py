"""Things that happen at one instant: events, fields that take a value, counters that count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from catalogue.conditions import Occurrence
from gateway.alerting.detection.moment import Moment, Test, moment_of
from gateway.alerting.detection.rows import Bools, Column, Ints, Rows, Values, ordered_by
from gateway.alerting.detection.standing import Field
from gateway.alerting.detection.view import View

_OF_EVENTS = (
    "phase",
    "reason",
    "direction",
    "cause",
    "credential_kind",
    "subject_ref",
    "category",
    "score",
    "cell",
)


class Happened(NamedTuple):
    """One occurrence; ``order`` sorts those of a batch, ``row`` is its place in ``rows``."""

    order: tuple[int, int, int]
    station_id: str
    device: str
    ts: int
    received: int
    late: bool
    rows: Rows
    row: int
    own: bool
    """Whether only the device itself is meant: its name was written without a domain."""

    @property
    def frame(self) -> int:
        """The frame it came in."""
        return self.order[1]

    def value(self, name: str) -> object:
        """Return a field of the reading that told of it, None without one."""
        column = self.rows.column(name)
        place = None if column is None else column.place(self.row)
        return None if column is None or place is None else column.value(place)


class Finder:
    """Finds the occurrences of a list in batches; names without a domain are of ``domain``."""

    def __init__(self, domain: str, occurrences: Sequence[tuple[Occurrence, Test | None]]) -> None:
        self._domain = domain
        self._occurrences = occurrences

    @property
    def reads(self) -> frozenset[Field]:
        """Fields whose last value must be remembered."""
        return frozenset(self._place(one.field) for one, _ in self._occurrences if one.field is not None)

    @property
    def in_frames(self) -> bool:
        """Whether any of them would be in a frame: what befalls the link is known without."""
        names = (self._place(str(one.event or one.field)) for one, _ in self._occurrences)
        return any(domain != "station" or name == "visit" for domain, name in names)

    def find(self, view: View) -> list[Happened]:
        """Return what occurred in a batch, by receipt, frame and place."""
        found = [one for occurrence, where in self._occurrences for one in self._of(view, occurrence, where)]
        found.sort(key=lambda one: one.order)
        return found

    def _of(self, view: View, occurrence: Occurrence, where: Test | None) -> Iterator[Happened]:
        if occurrence.event is not None:
            yield from self._events(view, occurrence, where)
            return
        column = view.column(self._place(str(occurrence.field)))
        if column is not None:
            # nothing becomes, or rises, by being overtaken or wrong
            for place in np.flatnonzero(_changes(view, column, occurrence)).tolist():
                one = happened(view, column.of, int(column.rows[place]), late=bool(column.late[place]))
                yield one._replace(own="." not in str(occurrence.field))

    def _events(self, view: View, occurrence: Occurrence, where: Test | None) -> Iterator[Happened]:
        domain, name = self._place(str(occurrence.event))
        rows = view.events(domain)
        column = None if rows is None else rows.column("event")
        if rows is None or column is None:
            return
        codes, words = column.words
        if name not in words:
            return
        for place in np.flatnonzero(codes == words.index(name)).tolist():
            one = happened(view, rows, int(column.rows[place]), late=bool(rows.aged[column.rows[place]]))
            if self._is_meant(view, occurrence, where, one):
                yield one._replace(own="." not in str(occurrence.event))

    def _is_meant(self, view: View, occurrence: Occurrence, where: Test | None, one: Happened) -> bool:
        if occurrence.phase != "any" and (one.value("phase") or "begin") != occurrence.phase:
            return False
        return where is None or bool(where.ask(moment_of(view, one.rows, one.row, _OF_EVENTS)).truth)

    def _place(self, name: str) -> Field:
        domain, dot, field_name = name.partition(".")
        return (domain, field_name) if dot else (self._domain, name)


def happened(view: View, rows: Rows, row: int, *, late: bool) -> Happened:
    """Return a row as an occurrence."""
    series = view.places.series[int(rows.series[row])]
    frame, received = int(rows.frame[row]), int(rows.received[row])
    order = (received, frame, row)
    ts = int(rows.ts[row])
    return Happened(order, series.station_id, series.device, ts, received, late, rows, row, own=True)


class Before(NamedTuple):
    """What the same series said before each value: the value, when, and whether there is one known."""

    values: Values
    ts: Ints
    there: Bools


def before(view: View, column: Column) -> Before:
    """Return what came before each value of a column; nothing before one that was overtaken."""
    result = Before(
        np.empty_like(column.values), np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_)
    )
    order = ordered_by(column.series)
    order = order[~column.overtaken[order]]
    if not len(order):
        return result
    series = column.series[order]
    begins = np.flatnonzero(np.diff(series, prepend=-1))
    last = view.standing.last((column.of.domain, column.name), series[begins], column.values.dtype)
    for into, told, first in zip(result, (column.values, column.ts, column.known), last, strict=True):
        shifted = np.empty_like(into[order])
        shifted[1:] = told[order][:-1]
        shifted[begins] = first
        into[order] = shifted
    return result


def _changes(view: View, column: Column, occurrence: Occurrence) -> Bools:
    previous, _, there = before(view, column)
    usable: Bools = column.known & ~column.overtaken
    if occurrence.rises:
        return usable & there & (column.values > previous)
    wanted = occurrence.becomes
    became: Bools = (column.values == wanted) & ~(there & (previous == wanted))
    return usable & became


@dataclass(slots=True)
class Followed:
    """Occurrences of the last while at each station: (ts, received, frame, device; None: for any)."""

    finder: Finder
    within: int
    recent: dict[str, list[tuple[int, int, int, str | None]]] = field(default_factory=dict)
    _judged: int = 0

    def take(self, view: View) -> None:
        """Note what occurred in a batch; what was old before it is forgotten, not what is old at its end.

        A batch of history may be days: by its last reading all that its first ones look back to was gone.
        """
        for one in self.finder.find(view):
            listed = self.recent.setdefault(one.station_id, [])
            while listed and listed[0][1] <= self._judged - 2 * self.within:
                del listed[0]
            listed.append((one.ts, one.received, one.frame, one.device if one.own else None))
        self._judged = view.clock

    def heard(self, station_id: str, at: Moment) -> bool:
        """Whether any occurred within the while before a moment, as far as was known then."""
        return any(
            at.ts - self.within <= ts <= at.ts and frame <= at.frame and device in {None, at.device}
            for ts, _, frame, device in self.recent.get(station_id, ())
        )
