"""One story: a station, the days it lives through, the weather, and what breaks in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from simulators.rest_station import SimulatedStation
from simulators.weather import CLIMATES

if TYPE_CHECKING:
    from simulators.faults import Fault
    from simulators.towns import Site
    from simulators.truth import TruthLog

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Scenario:
    """What one simulated station goes through from `start_ms` to `end_ms`; `name` says what it shows."""

    name: str
    seed: int
    site: Site
    climate: str
    start_ms: int
    end_ms: int
    faults: tuple[Fault, ...] = ()

    @property
    def days(self) -> float:
        """How long it lasts, in days."""
        return (self.end_ms - self.start_ms) / DAY_MS

    def station(self, truth: TruthLog | None = None) -> SimulatedStation:
        """Bring the station to life."""
        return SimulatedStation(
            self.site.station_id,
            self.site.archetype,
            self.seed,
            self.start_ms,
            tz=self.site.tz,
            climate=CLIMATES[self.climate],
            faults=self.faults,
            truth=truth,
            visits_per_day=self.site.visits_per_day,
            opens=self.site.opens,
        )


def local_ms(day: date, hour: float, tz: str) -> int:
    """A local hour of a day, in ms since the epoch."""
    midnight = datetime.combine(day, time(), ZoneInfo(tz))
    return int(midnight.timestamp() * 1000) + round(hour * HOUR_MS)
