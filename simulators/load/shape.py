"""What a light station measures: the readings of one frame, and how each of their fields moves.

Values are whole numbers of a field's last decimal (``2298`` with one decimal is ``229.8``), and every value
of a field is written with equally many digits, so that a frame can be patched in place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

MAX_POINTS = 300
"""Points a frame may hold: about 12 KB, under the 16 KiB an agent keeps to."""


@dataclass(frozen=True, slots=True)
class Series:
    """One field. ``low``, ``high`` and ``step`` (largest move a frame) are in units of the last decimal.

    ``moving`` is the share of frames in which it moves at all; a tap is open for that share of its minutes
    and shut, at ``low``, for the others.
    """

    field: str
    low: int
    high: int
    decimals: int = 0
    step: int = 1
    kind: Literal["gauge", "counter", "tap"] = "gauge"
    moving: float = 1.0

    @property
    def digits(self) -> int:
        """Digits of every value, the decimal point not counted."""
        return len(str(self.high))


@dataclass(frozen=True, slots=True)
class Reading:
    """One device's reading: the fields that a station sends together."""

    domain: str
    device: str
    facility: str
    series: tuple[Series, ...]


_TAP_OPEN = 0.05
"""Share of its minutes a busy station draws water: 360 litres a day at 5 a minute."""


_PASSING = 0.02
"""Of frames every 10 s, 1 in 50 is 173 passages a day: a busy station; the most reported are 200 visits."""


def _counter(field: str, digits: int, decimals: int = 0, step: int = 1, moving: float = 1.0) -> Series:
    return Series(field, 10 ** (digits - 1), 10**digits - 1, decimals, step, "counter", moving)


def _passages(field: str, digits: int) -> Series:
    return Series(field, 10 ** (digits - 1), 10**digits - 1, kind="counter", moving=_PASSING)


def _phase(device: str) -> Reading:
    return Reading(
        "power",
        device,
        "socket",
        (
            Series("voltage_v", 2250, 2350, 1, 4),
            Series("current_a", 100, 999, 2, 15),
            Series("power_active_w", 1500, 9999, 1, 60),
        ),
    )


STATION = (
    _phase("main.l1"),
    Reading(
        "occupancy", "front-door", "door", (_passages("people_in_total", 5), _passages("people_out_total", 5))
    ),
    Reading(
        "water",
        "main",
        "water_dispenser",
        (
            _counter("water_volume_m3_total", 6, 3, 2, _TAP_OPEN),
            Series("water_flow_l_per_min", 0, 99, 1, kind="tap", moving=_TAP_OPEN),
            Series("water_pressure_kpa", 2500, 4500, 1, 20),
        ),
    ),
    _phase("main.l2"),
    _phase("main.l3"),
    Reading(
        "power",
        "main",
        "socket",
        (
            _counter("energy_import_kwh_total", 7, 2, 2),
            Series("frequency_hz", 4985, 5015, 2, 2),
            Series("residual_current_ma", 30, 99, 1, 2),
        ),
    ),
    Reading(
        "environment",
        "lounge",
        "seating",
        (
            Series("air_temp_celsius", 180, 280, 1),
            Series("humidity_pct", 300, 700, 1, 3),
            Series("co2_ppm", 400, 999, 0, 8),
            Series("pm2_5_ug_per_m3", 100, 350, 1, 5),
        ),
    ),
    Reading(
        "facility",
        "hvac-1",
        "hvac",
        (Series("hvac_power_w", 3000, 9999, 1, 90), Series("hvac_setpoint_celsius", 240, 260, 1)),
    ),
    # never empty: its air conditioning runs all day, and in an empty room that is an alert
    Reading("occupancy", "lounge", "seating", (Series("zone_people_count", 1, 9, moving=_PASSING),)),
    Reading(
        "access",
        "front-door",
        "door",
        (_passages("access_granted_total", 5), _passages("access_denied_total", 4)),
    ),
    Reading(
        "agent",
        "agent",
        "station",
        (
            _counter("uptime_s", 7, step=10),
            Series("cpu_pct", 20, 99, 1, 5),
            Series("mem_used_pct", 300, 500, 1),
            Series("soc_temp_celsius", 400, 600, 1, 3),
        ),
    ),
)
"""Eleven readings with 30 points over the seven domains; the first two alone hold 5."""


def _endless() -> Iterator[Reading]:
    yield from STATION
    for copy in count(2):
        for reading in STATION:
            yield replace(reading, device=f"{reading.device}-{copy}")


def readings_of(points: int) -> tuple[Reading, ...]:
    """The readings of a frame with exactly ``points`` points: the table from its top, the last one shortened.

    Raises:
        ValueError: ``points`` is not in 1 … ``MAX_POINTS``.
    """
    if not 1 <= points <= MAX_POINTS:
        raise ValueError(f"points must be 1 to {MAX_POINTS} a frame, not {points}")
    chosen: list[Reading] = []
    left = points
    for reading in _endless():
        chosen.append(replace(reading, series=reading.series[:left]))
        left -= len(chosen[-1].series)
        if not left:
            break
    return tuple(chosen)
