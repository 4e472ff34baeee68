"""Days on which nothing breaks, in every weather and on holidays: whatever is announced then is false."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from simulators.archetypes import ARCHETYPES
from simulators.scenarios.scenario import DAY_MS, Scenario, local_ms
from simulators.towns import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_QUIET = 0x51
_HOURS = ((0, 24), (6, 22))
SAME_DAYS = 5
"""So many seeds running share their days: what judges stations together is worth its while."""


@dataclass(frozen=True, slots=True)
class Weather:
    """A climate and the days of the year between which such a story begins."""

    climate: str
    first: date
    last: date


WEATHERS: Mapping[str, Weather] = {
    "plain": Weather("mild", date(2026, 3, 1), date(2026, 10, 31)),
    "heat": Weather("hot", date(2026, 6, 25), date(2026, 8, 20)),
    "cold": Weather("cold", date(2026, 12, 1), date(2027, 1, 20)),
    "rain": Weather("rainy", date(2026, 4, 1), date(2026, 6, 15)),
    "holiday": Weather("louxing", date(2026, 2, 15), date(2026, 2, 19)),
}
"""Kinds of quiet days; the holiday is the Spring Festival, when few come."""


def quiet(weather: str, archetype: str, seed: int, days: int = 1) -> Scenario:
    """Draw a story of some whole local days; the same seed tells the same, five seeds running the same days.

    How many come in a day lies anywhere between the quiet and the busy of such stations; every second one
    but the drivers' homes closes for the night.
    """
    of, row = ARCHETYPES[archetype], WEATHERS[weather]
    place, kind = list(WEATHERS).index(weather), list(ARCHETYPES).index(archetype)
    on_days = np.random.default_rng([seed // SAME_DAYS, _OF_QUIET, place])
    rng = np.random.default_rng([seed, _OF_QUIET, place, kind])
    day = row.first + timedelta(days=int(on_days.integers((row.last - row.first).days + 1)))
    visits = round(float(rng.triangular(of.visits_quiet, of.visits_per_day, of.visits_busy)), 1)
    station_id = f"quiet-{weather}-{archetype.replace('_', '-')}-{seed}"
    opens = (0, 24) if archetype == "trucker_home" else _HOURS[seed % len(_HOURS)]
    site = Site(station_id, "sim", of.zh, of.en, archetype, 27.73, 112.0, visits, opens)
    start = local_ms(day, 0.0, site.tz)
    return Scenario(f"quiet {weather}", seed, site, row.climate, start, start + days * DAY_MS)
