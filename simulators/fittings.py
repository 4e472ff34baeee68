"""Door, access control, appliances, lockers, supplies and the box: their states and counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.grid import STEP_MS, elapsed_s, ts_of
from simulators.instruments import polled_devices, wireless_devices
from simulators.room import MODES
from simulators.wiring import metered_circuits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from simulators.archetypes import Archetype
    from simulators.grid import Block, Change, Report
    from simulators.plan import Span

_STANDBY_RUNNING = ("standby", "running")
_FREE_IN_USE = ("free", "in_use")
_DAY_MS = 86_400_000
_HELD_OPEN_MS = 120_000
_STEADY: tuple[tuple[str, str, object], ...] = (
    ("front-door", "controller_online", True),
    ("front-door", "door_mode", "normal"),
    ("front-door", "door_tamper", False),
    ("main", "valve_state", "open"),
    ("dispenser-1", "dispenser_fault_code", 0),
    ("leak-1", "leak_detected", False),
    ("smoke-1", "smoke_alarm", "normal"),
    ("kiosk-1", "kiosk_online", True),
    ("aed-1", "aed_status", "ready"),
    ("agent", "clock_synced", True),
    ("agent", "link_kind", "lte"),
    ("station", "planned_off", False),
)


class Fittings:
    """Counts and levels of one station's fittings; supplies are topped up every week."""

    def __init__(self, archetype: Archetype, start_ms: int, rng: Generator) -> None:
        self._of = archetype
        self._start_ms = start_ms
        self._totals: dict[tuple[str, str], int] = {}
        for name in (
            *archetype.numbered("washer", archetype.washers),
            *archetype.numbered("dryer", archetype.dryers),
        ):
            self._totals[name, "appliance_cycles_total"] = int(rng.integers(100, 2_000))
        self._totals["microwave-1", "appliance_cycles_total"] = int(rng.integers(500, 9_000))
        self._totals["front-door", "access_granted_total"] = int(rng.integers(1_000, 60_000))
        self._totals["front-door", "access_denied_total"] = int(rng.integers(50, 4_000))
        self._uptime_s = int(rng.integers(3_600, 3_000_000))
        self._refilled_ms = start_ms - int(rng.integers(0, 7 * _DAY_MS))
        self._medicine_days = int(rng.integers(60, 500))
        self._battery_pct = {name: float(rng.uniform(55, 100)) for name, _ in wireless_devices(archetype)}

    def steady(self, block: Block) -> None:
        """Set what stays as it is unless a fault changes it; faults come after."""
        names = (*metered_circuits(self._of), "hvac")
        circuits = [(f"circuit.{name}", "breaker_closed", True) for name in names]
        for device, name, value in (*_STEADY, *circuits):
            block.changes.setdefault((device, name), []).append((block.start_ms, value))

    def door(self, block: Block, openings: Sequence[Span], events: Sequence[Report]) -> None:
        """Door contact, lock, its events and counters."""
        age = np.full(block.steps, np.nan)
        spans = _merged(openings)
        shut = not spans or spans[0][0] > block.start_ms
        contact: list[Change] = [(block.start_ms, "closed")] if shut else []
        lock: list[Change] = [(block.start_ms, "locked")] if shut else []
        for opened, closed in spans:
            self._opening(block, opened, closed)
            contact += [(max(opened, block.start_ms), "open"), (closed, "closed")]
            lock += [(max(opened - 500, block.start_ms), "unlocked"), (closed + 500, "locked")]
            first, last = ((at - block.start_ms) // STEP_MS for at in (opened, closed))
            age[max(first, 0) : last] = elapsed_s(block, opened)[max(first, 0) : last]
        for name, changes in (("door_state", contact), ("lock_state", lock)):
            block.changes["front-door", name] = [change for change in changes if change[0] < block.end_ms]
        block.values["front-door", "door_open_s"] = age
        for event in ("granted", "denied"):
            moments = [ts_of(report) for report in events if report[1].get("event") == event]
            self._count(block, "front-door", f"access_{event}_total", moments)
        block.values["front-door", "controller_buffer_pct"] = block.zeros() + 2.0
        block.values["front-door", "controller_clock_offset_s"] = block.zeros() + 0.4

    def _opening(self, block: Block, opened: int, closed: int) -> None:
        held = opened + _HELD_OPEN_MS
        for at, event, phase in (
            (opened, "door_opened", None),
            (closed, "door_closed", None),
            (held, "door_held", "begin"),
            (closed + 1, "door_held", "end"),
        ):
            wanted = phase is None or closed > held
            if wanted and block.start_ms <= at < block.end_ms:
                reading: dict[str, object] = {"device": "front-door", "ts": at, "event": event}
                block.events.append(("access", reading | ({"phase": phase} if phase else {})))

    def appliances(self, block: Block, taken: Sequence[Span]) -> None:
        """States and counts of fridge, microwave, washers, dryers, lockers, e-bike ports, truck bays."""
        of, values = self._of, block.values
        block.state("fridge-1", "appliance_state", block.watts["fridge"] > 0, _STANDBY_RUNNING)
        for kind, count in (("microwave", 1), ("washer", of.washers), ("dryer", of.dryers)):
            for name in of.numbered(kind, count):
                block.state(
                    name, "appliance_state", values.get((name, "taken"), block.zeros()) > 0, _STANDBY_RUNNING
                )
                self._count(
                    block, name, "appliance_cycles_total", [s.start_ms for s in taken if s.name == name]
                )
        for name in of.locker_names:
            block.state(
                name, "locker_cell_state", values.get((name, "taken"), block.zeros()) > 0, _FREE_IN_USE
            )
            self._locker_events(block, name, taken)
        for name in of.numbered("ebike", of.ebike_ports):
            amps = block.load(name) / 228.0
            values[name, "charge_port_current_a"] = amps
            values[name, "charge_port_temp_celsius"] = block.outdoor_c + 3 + 9 * amps
        bays = np.rint(values.get(("parking", "taken"), block.zeros()))
        values["parking", "truck_bay_occupied_count"] = np.minimum(bays, of.truck_bays)

    def _locker_events(self, block: Block, name: str, taken: Sequence[Span]) -> None:
        cell = int(name.rpartition(".c")[2])
        for span in taken:
            for at, action in ((span.start_ms, "deposit"), (span.end_ms, "collect")):
                if span.name == name and block.start_ms <= at < block.end_ms:
                    reading = {
                        "device": name,
                        "ts": at,
                        "event": "locker_use",
                        "cell": cell,
                        "action": action,
                    }
                    block.events.append(("facility", reading))

    def climate(self, block: Block) -> None:
        """States of the air conditioners; all run alike."""
        mode, power = block.values.pop(("hvac", "hvac_mode")), block.watts["hvac"] / self._of.ac_units
        for name in self._of.ac_names:
            block.values[name, "hvac_power_w"] = power
            block.values[name, "hvac_setpoint_celsius"] = np.where(mode == MODES.index("heat"), 16.0, 24.0)
            block.state(name, "hvac_on", power > 0, (False, True))
            block.state(name, "hvac_mode", mode, MODES)

    def supplies(self, block: Block) -> None:
        """Levels that fall slowly, and the box in the cupboard."""
        values, days = block.values, (block.start_ms - self._start_ms) / _DAY_MS
        if block.start_ms - self._refilled_ms > 7 * _DAY_MS:
            self._refilled_ms = block.start_ms
        week = (block.start_ms - self._refilled_ms) / (7 * _DAY_MS)
        flat = block.zeros()
        values["cups", "consumable_level_pct"] = flat + 100 - 75 * week
        values["umbrellas", "consumable_level_pct"] = flat + 100 - 30 * week
        values["medicine-box", "medicine_expiry_days"] = flat + self._medicine_days - int(days)
        values["dispenser-1", "dispenser_filter_life_pct"] = flat + max(5.0, 90 - days / 2)
        values["dispenser-1", "dispenser_tds_mg_per_l"] = flat + 22
        values["agent", "uptime_s"] = self._uptime_s + elapsed_s(block, self._start_ms)
        for name, value in (("cpu_pct", 12), ("mem_used_pct", 41), ("disk_used_pct", 23 + days / 30)):
            values["agent", name] = flat + value
        values["agent", "soc_temp_celsius"] = values["lounge", "air_temp_celsius"] + 22
        values["agent", "link_rssi_dbm"] = flat - 78
        values["agent", "clock_offset_ms"] = flat + 2
        for name, _ in polled_devices(self._of):
            values[name, "device_last_ok_age_s"] = flat + 3
        for name, full in self._battery_pct.items():
            values[name, "device_battery_pct"] = flat + max(5.0, full - days / 30)

    def mains(self, block: Block) -> None:
        """Mains and battery."""
        block.state("station", "mains_present", block.powered, (False, True))
        block.state("ups", "ups_status", block.powered, (["OB", "DISCHRG"], ["OL", "CHRG"]))
        block.values["ups", "ups_charge_pct"] = block.zeros() + 100.0
        block.values["ups", "ups_load_pct"] = block.zeros() + 18.0
        block.values["ups", "ups_runtime_s"] = block.zeros() + 2_600

    def _count(self, block: Block, device: str, name: str, moments: Sequence[int]) -> None:
        inside = [at for at in moments if block.start_ms <= at < block.end_ms]
        steps = np.array([(at - block.start_ms) // STEP_MS for at in inside], dtype=np.int64)
        series = block.zeros()
        np.add.at(series, steps, 1.0)
        total = self._totals[device, name] + np.cumsum(series)
        self._totals[device, name] = int(total[-1])
        block.values[device, name] = total


def _merged(openings: Sequence[Span]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for span in sorted(openings):
        if merged and span.start_ms <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], span.end_ms))
        else:
            merged.append((span.start_ms, span.end_ms))
    return merged
