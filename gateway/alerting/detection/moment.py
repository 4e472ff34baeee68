"""Where a condition is asked: one reading, or one instant, with everything as it stood then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, Protocol

from catalogue.fields import ALL_MEASURES
from gateway.alerting.detection.rows import Column, Rows
from gateway.alerting.detection.standing import Field, Stood
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Figure
from wire.measures import Measure

FRESH = 1.5
"""A sample covers this many heartbeats of its field."""


@dataclass(slots=True)
class Moment:
    """A reading that is judged, or (``series`` None) an instant at a station.

    ``own`` are the fields of the reading itself, None where a value may not reach a rule; ``subject`` is the
    field the rule is about. Figures and learned figures are those of the rule's kind; None is unknown.
    """

    view: View
    station_id: str
    device: str
    domain: str
    series: int | None
    frame: int
    ts: int
    received: int
    own: Mapping[str, object] = field(default_factory=dict)
    subject: str | None = None
    figures: Mapping[str, float | None] = field(default_factory=dict)
    learned: Mapping[str, float | None] = field(default_factory=dict)
    suspect: bool = False
    incomplete: bool = False
    """Whether something was concluded from absence although numbers are missing."""

    def own_value(self, name: str, *, any_age: bool = False) -> object:
        """Return a field of the reading, or as its device said it last; None is unknown."""
        if name in self.own:
            return self.own[name]
        if self.series is None:
            return None
        return self._fresh(
            (self.domain, name), self.view.stood((self.domain, name), self.series, self.frame), any_age
        )

    def values(self, of: Field, series: Iterable[int], *, any_age: bool = False) -> list[object]:
        """Return what devices said last of a field, those left out of which it is unknown."""
        stood = (self.view.stood(of, one, self.frame) for one in series)
        values = (self._fresh(of, one, any_age) for one in stood)
        return [value for value in values if value is not None]

    def _fresh(self, of: Field, stood: Stood | None, any_age: bool) -> object:  # noqa: FBT001 - passed on
        if stood is None:
            return None
        if any_age or abs(self.ts - stood.ts) <= covers_ms(of):
            return stood.value
        return None


Truth = bool | None
"""None is unknown."""


class Answer(NamedTuple):
    """Whether a condition holds, and the value and limit of the first comparison that does."""

    truth: Truth
    value: Figure = None
    limit: Figure = None


class Test(Protocol):
    """A condition that can be asked."""

    def ask(self, at: Moment) -> Answer:
        """Answer for one moment."""


def moment_of(view: View, rows: Rows, row: int, names: Iterable[str], subject: str | None = None) -> Moment:
    """Return the moment of one row; ``names`` are the fields its conditions may ask for."""
    series = view.places.series[int(rows.series[row])]
    columns = ((name, rows.column(name)) for name in names)
    return Moment(
        view=view,
        station_id=series.station_id,
        device=series.device,
        domain=rows.domain,
        series=int(rows.series[row]),
        frame=int(rows.frame[row]),
        ts=int(rows.ts[row]),
        received=int(rows.received[row]),
        own=dict(_said(row, columns)),
        subject=subject,
    )


def _said(row: int, columns: Iterable[tuple[str, Column | None]]) -> Iterable[tuple[str, object]]:
    for name, column in columns:
        place = None if column is None else column.place(row)
        if column is not None and place is not None:
            yield name, column.value(place)


@cache
def measure_of(of: Field) -> Measure | None:
    """Return the row of a field, virtual ones included."""
    domain, name = of
    return ALL_MEASURES.get(domain, {}).get(name)


@cache
def covers_ms(of: Field) -> int:
    """Return how long a sample of a field covers (ms)."""
    measure = measure_of(of)
    return 0 if measure is None else round(FRESH * measure.heartbeat_s * 1000)
