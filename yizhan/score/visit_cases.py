"""What may be wrong with the count of a month's visits: cases by name, each at random times."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from gateway.domain.local_time import DAY_MS, HOUR_MS
from gateway.domain.visits import figures
from gateway.domain.visits_by_source import reckon
from simulators.archetypes import ARCHETYPES
from yizhan.score.turnstile import TZ, Month, Stretch, Trouble, live

_OF_CASE = 0x71
YEAR = 2026
WITHOUT_DOORS = Trouble(has_counter=False, has_doors=False)
Draw = Callable[[Stretch, Generator], Trouble]


def _stretch(span: Stretch, rng: Generator, hours: tuple[float, float]) -> Stretch:
    lasts = int(rng.uniform(*hours) * HOUR_MS)
    begin = int(rng.integers(span[0] + DAY_MS, span[1] - lasts - DAY_MS))
    return begin, begin + lasts


def _unheard(span: Stretch, rng: Generator) -> Trouble:
    return Trouble(counter_unheard=_stretch(span, rng, (12, 120)))


def _off(span: Stretch, rng: Generator) -> Trouble:
    stretch = _stretch(span, rng, (24, 240))
    return Trouble(counter_unheard=stretch, blind=stretch)


def _stuck(span: Stretch, rng: Generator) -> Trouble:
    stretch = _stretch(span, rng, (48, 240))
    return Trouble(stuck=stretch, blind=stretch)


def _all_off(span: Stretch, rng: Generator) -> Trouble:
    stretch = _stretch(span, rng, (6, 48))
    return Trouble(all_unheard=stretch, blind=stretch)


def _doors_off(span: Stretch, rng: Generator) -> Trouble:
    return Trouble(has_counter=False, doors_unheard=_stretch(span, rng, (6, 48)))


def _steady(trouble: Trouble) -> Draw:
    return lambda _span, _rng: trouble


CASES: Mapping[str, Draw] = {
    "as usual": _steady(Trouble()),
    "counter without error": _steady(Trouble(noise=0.0)),
    "counter twice as bad": _steady(Trouble(noise=2.0)),
    "counter drifts (F13)": _steady(Trouble(drift=0.04)),
    "counter loses a third of those leaving": _steady(Trouble(drift=0.33)),
    "counter starts again from 0": lambda span, rng: Trouble(reset_ms=_stretch(span, rng, (1, 2))[0]),
    "counter unheard 0.5 to 5 days, counting on": _unheard,
    "counter off 1 to 10 days": _off,
    "counter off 1 to 10 days, no doors": lambda span, rng: replace(_off(span, rng), has_doors=False),
    "counter stands still 2 to 10 days": _stuck,
    "everything off 6 to 48 h": _all_off,
    "no counter": _steady(Trouble(has_counter=False)),
    "no counter, doors unheard 6 to 48 h": _doors_off,
    "presence only": _steady(WITHOUT_DOORS),
}
"""By what is wrong; the numbers are ours, the kinds those of the domain catalogue."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One station-month: how many came, what was told."""

    case: str
    archetype: str
    visits_per_day: float
    seed: int
    truth: int
    visits: int
    low: int
    high: int
    method: str

    @property
    def is_inside(self) -> bool:
        """Whether the truth lies in the band."""
        return self.low <= self.truth <= self.high

    @property
    def half_width(self) -> float:
        """Half the band, as a share of the figure."""
        return (self.high - self.low) / 2 / max(1, self.visits)


def compare(case: str, archetype: str, seed: int, visits_per_day: float | None = None) -> Compared:
    """Live through one month at one station and hold the figure against the truth."""
    rng = np.random.default_rng([seed, _OF_CASE, list(CASES).index(case), list(ARCHETYPES).index(archetype)])
    of = ARCHETYPES[archetype]
    drawn = float(rng.triangular(of.visits_quiet, of.visits_per_day, of.visits_busy))
    month = Month(archetype, visits_per_day or round(drawn, 1), YEAR, int(rng.integers(1, 13)), seed)
    hours, came = live(month, CASES[case](month.span, rng))
    told = figures([reckon(hours, TZ, archetype)], np.array(month.span))[0]
    if told.visits is None or told.low is None or told.high is None:
        raise ValueError(f"{case}: nothing was heard of {archetype}")
    return Compared(
        case,
        archetype,
        month.visits_per_day,
        seed,
        int(came.sum()),
        told.visits,
        told.low,
        told.high,
        str(told.method),
    )
