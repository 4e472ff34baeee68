"""Who is called: layers of people who take turns, overrides, and somebody who is always there.

The layers stand in the order of who is called first. Whoever of them is on duty for a severity and a
region, then the fallback person, are the chain that an escalation goes along.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from gateway.domain.holidays import Holidays
from gateway.domain.hours import Hours, spans, within
from gateway.domain.local_time import DAY_MS, earliest, wall

AHEAD_MS = 14 * DAY_MS
FALLBACK = "fallback"
OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be called, and by which channels: their names, the preferred first."""

    id: str
    name: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """People who take turns of ``days`` days, handing over at ``handover`` (on the wall).

    ``first_day`` begins the turn of the first of ``people``. Without ``hours`` the layer is on duty all the
    time; empty ``regions`` and ``severities`` mean all of them.
    """

    name: str
    people: tuple[str, ...]
    first_day: date
    days: int = 7
    handover: time = time(9)
    hours: tuple[Hours, ...] = ()
    regions: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.people or self.days < 1:
            raise ValueError(f"layer {self.name}: it needs people, and turns of a day or more")

    def concerns(self, region: str | None, severity: str) -> bool:
        """Whether this layer is about a severity in a region."""
        return (not self.regions or region in self.regions) and (
            not self.severities or severity in self.severities
        )


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody else from ``start`` to ``end`` (ms UTC): for one layer, or, with None, ahead of all."""

    id: str
    person: str
    start: int
    end: int
    layer: str | None = None
    region: str | None = None
    by: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("end: it must be after start")

    def concerns(self, at: int, layer: str | None, region: str | None) -> bool:
        """Whether it holds at ``at`` for a layer (None: for none in particular) and a region."""
        return self.start <= at < self.end and self.layer == layer and self.region in {None, region}


@dataclass(frozen=True, slots=True)
class Rota:
    """The whole plan. ``fallback`` is one of ``people``; ValueError names whoever is not."""

    people: Mapping[str, Person]
    layers: tuple[Layer, ...]
    fallback: str
    tz: str
    calendar: Holidays

    def __post_init__(self) -> None:
        for layer in self.layers:
            for person in layer.people:
                if person not in self.people:
                    raise ValueError(f"layer {layer.name}: {person} is not among the people")
        if self.fallback not in self.people:
            raise ValueError(f"fallback: {self.fallback} is not among the people")


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody on duty, and by what: the name of a layer, `override`, `fallback`."""

    person: str
    by: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A time (ms UTC, ``end`` not in it) in which only the fallback person is left."""

    region: str | None
    severity: str
    start: int
    end: int


def chain(
    rota: Rota, overrides: Iterable[Override], at: int, region: str | None, severity: str
) -> tuple[Duty, ...]:
    """Return who is called at ``at``, first to last, nobody twice; the fallback person is always in it."""
    asked = tuple(overrides)
    duties = [Duty(o.person, OVERRIDE) for o in asked if o.concerns(at, None, region)]
    for layer in rota.layers:
        if layer.concerns(region, severity):
            duties.extend(_duty(rota, layer, asked, at, region))
    duties.append(Duty(rota.fallback, FALLBACK))
    first: dict[str, Duty] = {}
    for duty in duties:
        if duty.person in rota.people:
            first.setdefault(duty.person, duty)
    return tuple(first.values())


def turn(layer: Layer, at: int, tz: str) -> str | None:
    """Return whose turn of a layer it is at ``at``, whatever its hours; None before the first turn."""
    day = wall(at, tz).date()
    if at < earliest(datetime.combine(day, layer.handover), tz):
        day -= timedelta(days=1)
    turns = (day - layer.first_day).days // layer.days
    return None if turns < 0 else layer.people[turns % len(layer.people)]


def gaps(
    rota: Rota,
    overrides: Iterable[Override],
    now: int,
    regions: Collection[str | None],
    severities: Collection[str] = ("P1", "P2"),
) -> list[Gap]:
    """Return the times in the next 14 days when nobody but the fallback person is on duty."""
    asked = tuple(overrides)
    moments = _moments(rota, asked, now, now + AHEAD_MS)
    return [
        Gap(region, severity, start, end)
        for region in regions
        for severity in severities
        for start, end in _uncovered(rota, asked, moments, region, severity)
    ]


def unreachable(
    rota: Rota, overrides: Iterable[Override], now: int, working: Collection[str]
) -> dict[str, int]:
    """Return whom no working channel reaches, and from when (ms UTC) they are on duty within 14 days.

    ``working`` are the names of the channels that are set up and not failing.
    """
    asked = tuple(overrides)
    found: dict[str, int] = {}
    for start in _moments(rota, asked, now, now + AHEAD_MS)[:-1]:
        for person in _anywhere_on_duty(rota, asked, start):
            if not set(rota.people[person].channels) & set(working):
                found.setdefault(person, start)
    return found


def _duty(
    rota: Rota, layer: Layer, overrides: tuple[Override, ...], at: int, region: str | None
) -> Iterator[Duty]:
    instead = next((o for o in overrides if o.concerns(at, layer.name, region)), None)
    if instead is not None:
        yield Duty(instead.person, OVERRIDE)
        return
    person = turn(layer, at, rota.tz)
    if person is not None and within(layer.hours, at, rota.tz, rota.calendar):
        yield Duty(person, layer.name)


def _anywhere_on_duty(rota: Rota, overrides: tuple[Override, ...], at: int) -> Iterator[str]:
    yield rota.fallback
    for override in overrides:
        if override.start <= at < override.end and override.person in rota.people:
            yield override.person
    for layer in rota.layers:
        for region in layer.regions or {None}:
            yield from (duty.person for duty in _duty(rota, layer, overrides, at, region))


def _uncovered(
    rota: Rota, overrides: tuple[Override, ...], moments: list[int], region: str | None, severity: str
) -> Iterator[tuple[int, int]]:
    begun: int | None = None
    for start, _end in pairwise(moments):
        alone = chain(rota, overrides, start, region, severity)[0].by == FALLBACK
        if alone and begun is None:
            begun = start
        if not alone and begun is not None:
            yield begun, start
            begun = None
    if begun is not None:
        yield begun, moments[-1]


def _moments(rota: Rota, overrides: Iterable[Override], start: int, end: int) -> list[int]:
    """Return ``start``, ``end`` and every moment between at which somebody's duty may begin or end."""
    moments = {start, end}
    for override in overrides:
        moments |= {override.start, override.end}
    for layer in rota.layers:
        moments.update(_handovers(layer, start, end, rota.tz))
        for span in spans(layer.hours, start, end, rota.tz, rota.calendar):
            moments.update(span)
    return sorted(moment for moment in moments if start <= moment <= end)


def _handovers(layer: Layer, start: int, end: int, tz: str) -> Iterator[int]:
    day, last = wall(start, tz).date(), wall(end, tz).date()
    while day <= last:
        if (day - layer.first_day).days % layer.days == 0:
            yield earliest(datetime.combine(day, layer.handover), tz)
        day += timedelta(days=1)
