"""The twenty faults of the domain catalogue, section 5.5, as stories of random place, time and strength.

A row says where a fault can happen (a leak cable, a shower or a battery must be there), between which local
hours it begins, how long the station lived before it and lives on after its beginning, and how strong it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from simulators.archetypes import ARCHETYPES
from simulators.faults import make_fault
from simulators.scenarios.chance import Between, OneOf
from simulators.scenarios.scenario import HOUR_MS, Scenario, local_ms
from simulators.towns import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator

    from simulators.scenarios.chance import Chance

_ANYWHERE = tuple(ARCHETYPES)
_WITH_TOILET = ("urban_standard", "public_hall", "trucker_home")
_WITH_UPS = ("public_hall", "trucker_home")
_SHOWERS = ("trucker_home",)
_FIRST_DAY, _DAYS = date(2026, 3, 1), 240
_NIGHT, _DAY, _ANY_TIME = (1.0, 4.0), (9.0, 18.0), (0.0, 23.9)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """How one fault is told: `begins` in local hours, `before_h` and `after_h` hours around its beginning.

    `strength` are parameters of the fault; `strength_at` those that hang on the kind of station instead.
    """

    fault: str
    archetypes: tuple[str, ...] = _ANYWHERE
    begins: tuple[float, float] = _ANY_TIME
    before_h: float = 2.0
    after_h: float = 1.5
    climates: tuple[str, ...] = ("mild",)
    opens: tuple[int, int] = (0, 24)
    strength: Mapping[str, Chance] = field(default_factory=dict)
    strength_at: Mapping[str, Mapping[str, Chance]] = field(default_factory=dict)

    def tell(self, seed: int, archetype: str | None = None) -> Scenario:
        """Draw one story; the same seed tells the same.

        Raises:
            ValueError: the fault cannot happen at a station of this kind.
        """
        if archetype is not None and archetype not in self.archetypes:
            raise ValueError(f"{self.fault} happens at {', '.join(self.archetypes)}, not at {archetype}")
        rng = np.random.default_rng([seed, int(self.fault[1:])])
        drawn = self.archetypes[int(rng.integers(len(self.archetypes)))]
        kind = archetype or drawn
        day = _FIRST_DAY + timedelta(days=int(rng.integers(_DAYS)))
        site = _site(f"{self.fault.lower()}-{seed}", kind, self.opens)
        begins = local_ms(day, float(rng.uniform(*self.begins)), site.tz)
        climate = self.climates[int(rng.integers(len(self.climates)))]
        fault = make_fault(self.fault, begins, **self._drawn(kind, rng))
        start, end = begins - int(self.before_h * HOUR_MS), begins + int(self.after_h * HOUR_MS)
        return Scenario(self.fault, seed, site, climate, start, end, (fault,))

    def _drawn(self, archetype: str, rng: Generator) -> dict[str, object]:
        chances = {**self.strength, **self.strength_at.get(archetype, {})}
        return {name: chance.draw(rng) for name, chance in chances.items()}


def _site(station_id: str, archetype: str, opens: tuple[int, int]) -> Site:
    of = ARCHETYPES[archetype]
    return Site(station_id, "sim", of.zh, of.en, archetype, 27.73, 112.0, of.visits_per_day, opens)


BREAKDOWNS: Mapping[str, Breakdown] = {
    row.fault: row
    for row in (
        Breakdown("F01", ("urban_standard", "public_hall"), (2.0, 2.5), 30.0, 74.0,
                  strength={"l_per_min": Between(0.3, 0.8)}),
        Breakdown("F02", _WITH_TOILET, strength={"left_kpa": Between(60.0, 95.0)},
                  strength_at={"urban_standard": {"l_per_min": Between(27.0, 38.0)},
                               "public_hall": {"l_per_min": Between(43.0, 60.0)},
                               "trucker_home": {"l_per_min": Between(66.0, 90.0)}}),
        Breakdown("F03", begins=_DAY, after_h=2.5, strength={"left_kpa": Between(5.0, 30.0)}),
        Breakdown("F04", _WITH_TOILET, (0.5, 2.0), after_h=7.0, climates=("cold",),
                  strength={"outdoor_c": Between(-18.0, -10.0), "to_c": Between(0.2, 0.8)}),
        Breakdown("F05", begins=(2.5, 4.5), opens=(6, 22),
                  strength={"minutes": Between(6.0, 12.0), "people": Between(1, 3)}),
        Breakdown("F06", begins=(11.0, 16.0), climates=("hot",), strength={"minutes": Between(25.0, 60.0)}),
        Breakdown("F07", begins=_DAY, strength={"minutes": Between(15.0, 25.0), "tries": Between(12, 16)}),
        Breakdown("F08", _WITH_UPS, after_h=4.0,
                  strength={"minutes": Between(100.0, 160.0), "battery_min": Between(30.0, 60.0)}),
        Breakdown("F09", after_h=3.0, strength={"minutes": Between(60.0, 130.0)}),
        Breakdown("F10", after_h=2.0, strength={"seed": Between(1, 1000)}),
        Breakdown("F11", begins=(14.0, 21.0), after_h=3.0),
        Breakdown("F12", after_h=6.0, strength={"ppm": Between(300.0, 900.0), "reset": OneOf((False, True))}),
        Breakdown("F13", ("urban_standard", "public_hall"), (5.0, 7.0), after_h=48.0,
                  strength={"miss_out": Between(0.1, 0.3)}),
        Breakdown("F14", after_h=2.0),
        Breakdown("F15", after_h=3.0, strength={"restart": Between(0.0, 0.5)}),
        Breakdown("F16", after_h=5.5, strength={"watts": Between(700.0, 1500.0)}),
        Breakdown("F17", _SHOWERS, (6.0, 23.0), strength={"device": OneOf(("shower-4",)),
                                                        "still_after_min": Between(5.5, 9.0)}),
        Breakdown("F18", _SHOWERS, (6.0, 23.0), strength={"device": OneOf(("shower-4",)),
                                                        "minutes": Between(23.0, 28.0)}),
        Breakdown("F19", strength={"minutes": Between(0.6, 3.0), "co_ppm": Between(20.0, 45.0)}),
        Breakdown("F20", _SHOWERS,
                  strength={"peak_ppm": Between(115.0, 200.0), "minutes": Between(60.0, 80.0)}),
    )
}  # fmt: skip
