"""From what could be seen to what a station publishes: intervals, jitter, lost polls, noise, quantisation.

Noise and resolution of the domain catalogue, section 5.4 (meters quantise to 0.01 kWh and 1 L, T ±0.1, RH ±1,
CO2 ±15; sampling jitter ±0.5 s; 0.1 % of polls lost).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulators.grid import STEP_MS
from wire.measures import MEASURES, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from simulators.grid import Block, Reading, Report
    from simulators.instruments import Gauge, State
    from wire.measures import Measure

_JITTER_MS = 1_000
_LOST_POLLS = 0.001


class Accuracy(NamedTuple):
    """Standard deviation of a sensor, and the decimals it shows."""

    sigma: float
    decimals: int


ACCURACY: Mapping[str, Accuracy] = {
    "water_pressure_kpa": Accuracy(2.0, 0),
    "water_flow_l_per_min": Accuracy(0.0, 2),
    "water_volume_m3_total": Accuracy(0.0, 3),
    "water_temp_celsius": Accuracy(0.1, 1),
    "dispenser_hot_celsius": Accuracy(0.2, 1),
    "dispenser_dispensed_l_total": Accuracy(0.0, 1),
    "dispenser_tds_mg_per_l": Accuracy(2.0, 0),
    "current_a": Accuracy(0.0, 3),
    "power_factor_ratio": Accuracy(0.0, 3),
    "frequency_hz": Accuracy(0.0, 2),
    "energy_import_kwh_total": Accuracy(0.0, 2),
    "residual_current_ma": Accuracy(0.4, 1),
    "terminal_temp_celsius": Accuracy(0.3, 1),
    "air_temp_celsius": Accuracy(0.1, 1),
    "outdoor_temp_celsius": Accuracy(0.1, 1),
    "humidity_pct": Accuracy(1.0, 1),
    "co2_ppm": Accuracy(15.0, 0),
    "co_ppm": Accuracy(0.3, 1),
    "pm2_5_ug_per_m3": Accuracy(2.0, 1),
    "noise_db": Accuracy(1.5, 1),
    "nh3_ppm": Accuracy(0.05, 2),
    "h2s_ppm": Accuracy(0.01, 2),
    "fridge_temp_celsius": Accuracy(0.1, 1),
    "charge_port_current_a": Accuracy(0.0, 2),
    "charge_port_temp_celsius": Accuracy(0.3, 1),
    "cpu_pct": Accuracy(3.0, 1),
    "mem_used_pct": Accuracy(0.8, 1),
    "soc_temp_celsius": Accuracy(0.7, 1),
    "link_rssi_dbm": Accuracy(2.0, 0),
    "clock_offset_ms": Accuracy(3.0, 1),
    "controller_clock_offset_s": Accuracy(0.05, 2),
    "zone_people_count": Accuracy(0.2, 0),
}
_PLAIN = Accuracy(0.0, 1)


class GaugeSampler:
    """Reports the values of one gauge at its interval; `offset_ms` keeps stations from speaking at once."""

    def __init__(self, gauge: Gauge, offset_ms: int) -> None:
        self._gauge = gauge
        self._period_ms = gauge.interval_s * 1000
        self._offset_ms = offset_ms % self._period_ms
        self._measures = [MEASURES[gauge.domain][name] for name in gauge.fields]

    def reports(self, block: Block, noise: float, rng: Generator) -> list[Report]:
        """What this gauge reports in the block."""
        gauge, period = self._gauge, self._period_ms
        first = block.start_ms + (self._offset_ms - block.start_ms) % period
        moments = np.arange(first, block.end_ms, period)
        if noise:
            moments = moments[rng.random(len(moments)) >= _LOST_POLLS * noise]
        steps = (moments - block.start_ms) // STEP_MS
        if gauge.sparse:
            seen = np.isfinite(block.values[gauge.device, gauge.fields[0]][steps])
            moments, steps = moments[seen], steps[seen]
        if not len(moments):
            return []
        columns = [self._shown(measure, block, steps, noise, rng) for measure in self._measures]
        if noise:
            moments = moments + rng.integers(0, _JITTER_MS, len(moments))
        times: list[int] = moments.tolist()
        keys = ("device", "ts", *gauge.fields)
        rows = zip([gauge.device] * len(times), times, *columns, strict=True)
        return [(gauge.domain, dict(zip(keys, row, strict=True))) for row in rows]

    def _shown(
        self, measure: Measure, block: Block, steps: NDArray[np.int64], noise: float, rng: Generator
    ) -> list[float] | list[int]:
        sigma, decimals = ACCURACY.get(measure.name, _PLAIN)
        values = block.values[self._gauge.device, measure.name][steps]
        if measure.kind is Kind.COUNTER:
            scale = 10.0**decimals if measure.type == "float" else 1.0
            values = np.floor(values * scale + 1e-6) / scale
        elif sigma and noise:
            values = values + sigma * noise * rng.standard_normal(len(values))
        values = np.clip(values, measure.low, measure.high) if measure.low is not None else values
        shown: list[float] | list[int]
        shown = (
            np.rint(values).astype(np.int64).tolist()
            if measure.type == "int"
            else values.round(decimals).tolist()
        )
        return shown


class StateSampler:
    """Reports the states of one device when they change, and all of them as a heartbeat."""

    def __init__(self, state: State, offset_ms: int, start_ms: int) -> None:
        self._state = state
        self._period_ms = state.interval_s * 1000
        self._next_ms = start_ms + 1 + offset_ms % min(self._period_ms, 60_000)
        self._now: Reading = {}

    def reports(self, block: Block, _noise: float, _rng: Generator) -> list[Report]:
        """What this device reports of its states in the block."""
        out: list[Report] = []
        for at_ms, name, value in self._changes(block):
            out.extend(self._heartbeats(at_ms))
            if self._now.get(name) != value:
                if name in self._now:
                    out.append(self._report(at_ms, {name: value}))
                self._now[name] = value
        out.extend(self._heartbeats(block.end_ms))
        return out

    def _changes(self, block: Block) -> list[tuple[int, str, object]]:
        device, changes = self._state.device, block.changes
        found = [
            (at, name, value) for name in self._state.fields for at, value in changes.get((device, name), ())
        ]
        return sorted(found, key=_moment)

    def _heartbeats(self, before_ms: int) -> Iterator[Report]:
        while self._next_ms < before_ms:
            yield self._report(self._next_ms, self._now)
            self._next_ms += self._period_ms

    def _report(self, at_ms: int, fields: Reading) -> Report:
        return self._state.domain, {"device": self._state.device, "ts": at_ms, **fields}


def _moment(change: tuple[int, str, object]) -> int:
    return change[0]
