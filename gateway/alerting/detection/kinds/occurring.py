"""What kinds that live on occurrences share: their order with readings and deadlines, and instants."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.threshold import Judged
from gateway.alerting.detection.moment import Moment
from gateway.alerting.detection.rows import Rows
from gateway.alerting.detection.view import View

Whom = tuple[str, str]
"""A station and a device, the latter empty for a rule about the station."""


@dataclass
class Deadlines:
    """Times (ms of receipt) at which something is to be looked at again, with whom it is about."""

    heap: list[tuple[int, Whom, bool]] = field(default_factory=list)

    def add(self, at: int, whom: Whom, *, late: bool) -> None:
        """Note a time, of the live or the late track."""
        heapq.heappush(self.heap, (at, whom, late))

    def due(self, now: int) -> Iterator[tuple[int, Whom, bool]]:
        """Take out what is due at ``now``, in order; what is added meanwhile too."""
        while self.heap and self.heap[0][0] <= now:
            yield heapq.heappop(self.heap)


def instant(plan: Plan, view: View, whom: Whom, ts: int, received: int) -> Moment:
    """Return a moment that is no reading's."""
    station_id, device = whom
    number = view.places.find(station_id, plan.domain, device) if device else None
    return Moment(view, station_id, device, plan.domain, number, view.frame_before(received), ts, received)


def readings_of(
    view: View, judged: Judged, wanted: Iterable[Whom]
) -> list[tuple[tuple[int, int], Rows, int]]:
    """Return (order, rows, row) of the readings a rule sees, of some devices or stations."""
    rows = view.readings(judged.domain)
    chosen = None if rows is None else judged.chosen(rows)
    if rows is None or chosen is None:
        return []
    places = view.places
    mask = np.zeros(len(places), np.bool_)
    for station_id, device in wanted:
        numbers = (
            [places.find(station_id, judged.domain, device)]
            if device
            else places.of_station(station_id, judged.domain)
        )
        mask[[number for number in numbers if number is not None]] = True
    kept = chosen[mask[rows.series[chosen]]].tolist()
    return [((int(rows.received[row]), int(rows.frame[row])), rows, row) for row in kept]
