"""Short stories of simulated stations, lived once for all tests that read them."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from simulators.rest_station import SimulatedStation
from simulators.truth import TruthLog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.faults import Fault

MIDNIGHT_MS = 1_776_355_200_000
"""2026-04-17 00:00 in China, a Friday."""
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000


@dataclass(frozen=True, eq=False)
class Story:
    """What a station published and what was true."""

    station: SimulatedStation
    readings: list[tuple[str, dict[str, Any]]]
    truth: list[dict[str, Any]]

    def of(self, device: str, field: str) -> list[tuple[int, Any]]:
        """The (ts, value) of one field of one device."""
        return [(r["ts"], r[field]) for _, r in self.readings if r["device"] == device and field in r]

    def true(self, kind: str) -> list[dict[str, Any]]:
        """The truth of one kind."""
        return [line for line in self.truth if line["kind"] == kind]


def live(
    archetype: str = "urban_standard",
    *,
    hours: float = 24,
    seed: int = 1,
    climate: str = "mild",
    noise: float = 1.0,
    faults: Sequence[Fault] = (),
) -> Story:
    """Let a station live for some hours from midnight."""
    log = io.StringIO()
    station = SimulatedStation(
        "louxing-07",
        archetype,
        seed,
        MIDNIGHT_MS,
        climate=climate,
        noise=noise,
        faults=faults,
        truth=TruthLog(log),
    )
    readings = station.advance(MIDNIGHT_MS + int(hours * HOUR_MS))
    return Story(station, readings, [json.loads(line) for line in log.getvalue().splitlines()])


def taken(archetype: str, seed: int, climate: str) -> tuple[float, float]:
    """Water in m3 and energy in kWh of one day, as the meters say; readings are dropped hour by hour."""
    station = SimulatedStation("louxing-07", archetype, seed, MIDNIGHT_MS, climate=climate)
    first: dict[tuple[str, str], float] = {}
    last: dict[tuple[str, str], float] = {}
    for hour in range(1, 25):
        for _, reading in station.advance(MIDNIGHT_MS + hour * HOUR_MS):
            for field in reading.keys() & {"water_volume_m3_total", "energy_import_kwh_total"}:
                first.setdefault((reading["device"], field), reading[field])
                last[reading["device"], field] = reading[field]
    grown = {where: last[where] - first[where] for where in first}
    kwh = sum(value for (device, _), value in grown.items() if device.startswith("main.l"))
    return grown["main", "water_volume_m3_total"], kwh


@lru_cache(maxsize=6)
def day(archetype: str, seed: int = 1, climate: str = "mild") -> Story:
    """One plain day of a station."""
    return live(archetype, seed=seed, climate=climate)
