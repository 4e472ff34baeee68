"""When people come: a non-homogeneous Poisson process per persona, by thinning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from simulators.personas import GROUP_SIZES, PERSONAS

if TYPE_CHECKING:
    from numpy.random import Generator

    from simulators.archetypes import Archetype
    from simulators.personas import Persona
    from simulators.series import Series
    from simulators.weather import DayWeather

_DAY_NOISE_SHAPE = 8.0
_HEAT_C, _COLD_C = 35.0, 0.0
_HEAT_HOURS = (10.0, 17.0)
_HEAT_FACTOR, _COLD_FACTOR = 1.6, 1.4
_SHOWER_BURST, _BURST_H = 2.0, 20 / 60
_HOLIDAY_FACTOR = 0.35
_HOLIDAY_DAYS = range(-1, 7)
_NEW_YEARS = frozenset(
    date.fromisoformat(day).toordinal()
    for day in (
        "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-03",
        "2031-01-23", "2032-02-11", "2033-01-31", "2034-02-19", "2035-02-08",
    )
)  # fmt: skip
_FESTIVALS = (((6, 15), (6, 21)), ((11, 8), (11, 14)))
_OVERNIGHT_H = (5.0, 8.0)
_STAY_MIN = (1.5, 480.0)
_AROUND_THE_CLOCK = (0.0, 24.0)
_LAST_ENTRY_H, _LAST_CALL_MIN = 0.5, 8.0
_MEAN_GROUP = sum(size * share for size, share in GROUP_SIZES.items())


@dataclass(frozen=True, slots=True)
class Visit:
    """A group that comes and leaves together: `hour` of its local day, how long it stays in minutes."""

    persona: Persona
    hour: float
    size: int
    stay_min: float


def visits_of(
    archetype: Archetype, visits_per_day: float, weather: DayWeather, rng: Generator
) -> list[Visit]:
    """All visits of one local day, by arrival; their number of people is negative binomial (k = 8)."""
    mean_groups = visits_per_day * rng.gamma(_DAY_NOISE_SHAPE) / _DAY_NOISE_SHAPE / _MEAN_GROUP
    visits: list[Visit] = []
    for key, share in archetype.personas.items():
        persona = PERSONAS[key]
        factor = _day_factor(persona, weather)
        hours = _thinned(persona, mean_groups * share * factor, weather, rng)
        visits.extend(_visit(persona, float(hour), rng) for hour in hours)
    return sorted(visits, key=lambda visit: visit.hour)


def before_closing(visit: Visit, opened: float, closed: float) -> Visit | None:
    """Return the visit as it goes at a station open between two local hours; None when it is shut.

    Nobody comes in the last half hour, and whoever is inside goes before the door is locked.
    """
    if (opened, closed) == _AROUND_THE_CLOCK:
        return visit
    if not opened <= visit.hour < closed - _LAST_ENTRY_H:
        return None
    return replace(visit, stay_min=min(visit.stay_min, 60 * (closed - visit.hour) - _LAST_CALL_MIN))


def _day_factor(persona: Persona, weather: DayWeather) -> float:
    day = date.fromordinal(weather.ordinal)
    factor = persona.weekdays[day.weekday()]
    if any(weather.ordinal - offset in _NEW_YEARS for offset in _HOLIDAY_DAYS):
        factor *= _HOLIDAY_FACTOR
    if any(first <= (day.month, day.day) <= last for first, last in _FESTIVALS):
        factor *= persona.festival
    if weather.low_c < _COLD_C:
        factor *= _COLD_FACTOR
    return factor


def _thinned(persona: Persona, mean: float, weather: DayWeather, rng: Generator) -> Series:
    ceiling = max(persona.hours) * _HEAT_FACTOR * persona.rain * _SHOWER_BURST
    scale = mean / sum(persona.hours)
    candidates = rng.uniform(0, 24, rng.poisson(ceiling * scale * 24))
    kept = rng.uniform(0, ceiling, len(candidates)) < _weight(persona, weather, candidates)
    return candidates[kept]


def _weight(persona: Persona, weather: DayWeather, hours: Series) -> Series:
    weight = np.interp(hours, np.arange(25), (*persona.hours, persona.hours[0]))
    if weather.high_c > _HEAT_C:
        weight = np.where((hours >= _HEAT_HOURS[0]) & (hours < _HEAT_HOURS[1]), weight * _HEAT_FACTOR, weight)
    raining = weather.raining(hours)
    onset = raining & (hours < weather.rain_from + _BURST_H)
    return weight * np.where(raining, persona.rain, 1.0) * np.where(onset, _SHOWER_BURST, 1.0)


def _visit(persona: Persona, hour: float, rng: Generator) -> Visit:
    size = int(rng.choice(list(GROUP_SIZES), p=list(GROUP_SIZES.values())))
    if rng.random() < persona.overnight:
        stay = 60 * rng.uniform(*_OVERNIGHT_H)
    else:
        stay = rng.lognormal(persona.dwell_mu, persona.dwell_sigma)
    return Visit(persona, hour, size, float(np.clip(stay, *_STAY_MIN)))
