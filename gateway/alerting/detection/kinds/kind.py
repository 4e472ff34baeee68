"""What a kind of rule is: it looks at whole columns and judges only the readings that matter."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.places import Places
from gateway.alerting.detection.rows import Bools, Column, Ints
from gateway.alerting.detection.standing import Field
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Judgement, Key

FOREVER = 10 * 365 * 86_400_000
"""What an event leaves behind holds until another says otherwise."""


@dataclass
class Active:
    """The keys of one rule that are pending or open: what their devices say is judged whatever it is.

    `keys` are those of the present moment, the numbers those of the batch's beginning.
    """

    keys: Collection[Key] = ()
    _series: dict[str, Ints] = field(default_factory=dict)
    _stations: Ints | None = None

    def series(self, places: Places, domain: str) -> Ints:
        """Return the numbers of the active series of a domain."""
        if domain not in self._series:
            found = (places.find(key.station_id, domain, key.device) for key in self.keys)
            self._series[domain] = np.array([number for number in found if number is not None], np.int64)
        return self._series[domain]

    def stations(self, places: Places) -> Ints:
        """Return the numbers of the stations with anything active."""
        if self._stations is None:
            found = {places.station_number(key.station_id) for key in self.keys}
            self._stations = np.array(sorted(found), np.int64)
        return self._stations


class Kind(Protocol):
    """One rule, compiled against what is known of the stations.

    Deterministic, without a clock. What it says must not depend on where batches end: within `take`,
    deadlines up to a reading's receipt come before it, and judgements of one key follow each other by
    receipt. An instant that is no reading's (a deadline) has the frame before it.
    """

    reads: frozenset[Field]
    """Fields that are looked at beside the readings judged; how they stand is remembered."""

    def __init__(self, plan: Plan) -> None: ...

    def take(self, view: View, active: Active) -> Iterable[Judgement]:
        """Judge a batch, in the order of its rows."""

    def advance(self, now: int, view: View) -> Iterable[Judgement]:
        """Work off the kind's own deadlines up to ``now`` (ms); called after every batch and in silence.

        ``view`` is that of the batch, or an empty one: how fields stand at such a deadline.
        """

    def save(self) -> object:
        """Return what is remembered, as plain data (numbers, text, lists, dicts, arrays)."""

    def restore(self, saved: object) -> None:
        """Take up what `save` returned."""


def judged(groups: Ints, hits: Bools, active: Ints, size: int) -> Ints:
    """Return the places to judge: all of each group that is active or has a hit.

    ``groups`` is the series or the station of every place and ``size`` how many of those there are; the
    normal readings of a group with a hit belong to it, they may end what the hit began.
    """
    if not len(active) and not hits.any():
        return np.empty(0, np.int64)
    wanted = np.zeros(size, np.bool_)
    wanted[groups[hits]] = True
    wanted[active] = True
    return np.flatnonzero(wanted[groups])


def by_station(column: Column, places: Places) -> Ints:
    """Return the number of the station of each value."""
    return places.station[column.series]


def merged(columns: Sequence[Column]) -> list[tuple[Column, int]]:
    """Return (column, place) of all values of several columns of one domain, by row."""
    placed = [
        (int(row), column, place) for column in columns for place, row in enumerate(column.rows.tolist())
    ]
    placed.sort(key=lambda one: one[0])
    return [(column, place) for _, column, place in placed]
