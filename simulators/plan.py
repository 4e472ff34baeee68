"""What people do in a station, as spans and moments that doors, meters and sensors will see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from simulators.grid import Report


class Passage(NamedTuple):
    """One person going through the door, `way` being in or out."""

    at_ms: int
    way: str


class Span(NamedTuple):
    """Something that lasts: a tap running (L/min), a load (W), a cubicle or a bay taken (1)."""

    start_ms: int
    end_ms: int
    name: str
    rate: float


class Fact(NamedTuple):
    """One line for the truth log."""

    at_ms: int
    kind: str
    fields: dict[str, object]


_Moment = TypeVar("_Moment", Passage, Fact)


@dataclass(slots=True)
class Plan:
    """Everything people do from some moment on; past entries are dropped as blocks are worked out."""

    stays: list[Span] = field(default_factory=list)
    openings: list[Span] = field(default_factory=list)
    draws: list[Span] = field(default_factory=list)
    loads: list[Span] = field(default_factory=list)
    taken: list[Span] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    events: list[Report] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def forget(self, before_ms: int) -> None:
        """Drop what ended before this moment."""
        for spans in (self.stays, self.openings, self.draws, self.loads, self.taken):
            spans[:] = [span for span in spans if span.end_ms > before_ms]


def taken_before(moments: list[_Moment], end_ms: int) -> list[_Moment]:
    """Remove and return the moments before `end_ms`, in order."""
    due = sorted((moment for moment in moments if moment[0] < end_ms), key=lambda moment: moment[0])
    moments[:] = [moment for moment in moments if moment[0] >= end_ms]
    return due
