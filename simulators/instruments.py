"""Which instruments a station has, what each reports and how often: the table behind birth and readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.wiring import metered_circuits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulators.archetypes import Archetype


@dataclass(frozen=True, slots=True)
class Gauge:
    """Reports numbers every `interval_s`; a `sparse` one only while there is something to report."""

    device: str
    domain: str
    facility: str
    interval_s: int
    fields: tuple[str, ...]
    sparse: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Reports a state when it changes and as a heartbeat every `interval_s`."""

    device: str
    domain: str
    facility: str
    interval_s: int
    fields: tuple[str, ...]


Instrument = Gauge | State


def instruments_of(archetype: Archetype) -> tuple[Instrument, ...]:
    """Every instrument of a station of this kind."""
    return (
        *_door(),
        *_rooms(archetype),
        *_water(archetype),
        *_power(archetype),
        *_air(archetype),
        *_facilities(archetype),
        *_box(archetype),
    )


def _door() -> Iterator[Instrument]:
    yield Gauge("front-door", "occupancy", "door", 60, ("people_in_total", "people_out_total"))
    yield State("front-door", "access", "door", 60, ("door_state", "lock_state", "controller_online"))
    yield State("front-door", "access", "door", 300, ("door_mode", "door_tamper"))
    yield Gauge("front-door", "access", "door", 10, ("door_open_s",), sparse=True)
    yield Gauge("front-door", "access", "door", 60, ("access_granted_total", "access_denied_total"))
    yield Gauge("front-door", "access", "door", 300, ("controller_buffer_pct",))
    yield Gauge("front-door", "access", "door", 600, ("controller_clock_offset_s",))


def _rooms(archetype: Archetype) -> Iterator[Instrument]:
    yield State("lounge", "occupancy", "seating", 60, ("zone_occupied",))
    yield Gauge("lounge", "occupancy", "seating", 60, ("zone_people_count", "seat_occupied_count"))
    for kind, names in (("toilet", archetype.toilet_names), ("shower", archetype.shower_names)):
        for name in names:
            yield State(name, "occupancy", kind, 60, ("cubicle_occupied", "fall_suspected"))
            yield Gauge(
                name, "occupancy", kind, 30, ("cubicle_occupied_s", "cubicle_motion_age_s"), sparse=True
            )
    if archetype.truck_bays:
        yield Gauge("parking", "occupancy", "truck_parking", 60, ("truck_bay_occupied_count",))


def _water(archetype: Archetype) -> Iterator[Instrument]:
    yield Gauge("main", "water", "main_meter", 30, ("water_flow_l_per_min", "water_pressure_kpa"))
    yield Gauge("main", "water", "main_meter", 60, ("water_volume_m3_total",))
    yield State("main", "water", "main_meter", 300, ("valve_state",))
    yield Gauge("dispenser-1", "water", "water_dispenser", 60, ("dispenser_hot_celsius",))
    yield Gauge("dispenser-1", "water", "water_dispenser", 300, ("dispenser_dispensed_l_total",))
    yield Gauge("dispenser-1", "water", "water_dispenser", 600, ("dispenser_tds_mg_per_l",))
    yield Gauge("dispenser-1", "water", "water_dispenser", 3600, ("dispenser_filter_life_pct",))
    yield State("dispenser-1", "water", "water_dispenser", 600, ("dispenser_fault_code",))
    yield Gauge("pipe-1", "water", "pipe", 60, ("water_temp_celsius",))
    if archetype.has_leak_cable:
        yield State("leak-1", "water", "leak_cable", 60, ("leak_detected",))
    if archetype.tank_l:
        yield Gauge("hot-tank", "water", "hot_tank", 60, ("water_temp_celsius",))
        yield Gauge("shower-mix", "water", "shower_mix", 60, ("water_temp_celsius",))


def _power(archetype: Archetype) -> Iterator[Instrument]:
    for name in archetype.phase_names:
        yield Gauge(name, "power", "main_meter", 15, ("voltage_v", "current_a", "power_active_w"))
        quality = ("power_reactive_var", "power_apparent_va", "power_factor_ratio")
        yield Gauge(name, "power", "main_meter", 60, ("energy_import_kwh_total", *quality))
    yield Gauge(archetype.phase_names[0], "power", "main_meter", 60, ("frequency_hz",))
    yield Gauge(archetype.phase_names[0], "power", "main_meter", 30, ("residual_current_ma",))
    for name in metered_circuits(archetype):
        facility = "socket_circuit" if name == "sockets" else "wet_circuit"
        yield Gauge(f"circuit.{name}", "power", facility, 15, ("power_active_w", "current_a"))
        yield Gauge(
            f"circuit.{name}", "power", facility, 60, ("energy_import_kwh_total", "terminal_temp_celsius")
        )
        yield State(f"circuit.{name}", "power", facility, 300, ("breaker_closed",))
    yield State("circuit.hvac", "power", "circuit", 300, ("breaker_closed",))
    for name in archetype.numbered("ebike", archetype.ebike_ports):
        yield Gauge(name, "power", "ebike_charge", 15, ("charge_port_current_a", "charge_port_temp_celsius"))
    yield State("station", "power", "station", 60, ("mains_present",))
    yield State("station", "power", "station", 300, ("planned_off",))
    if archetype.has_ups:
        yield State("ups", "power", "ups", 60, ("ups_status",))
        yield Gauge("ups", "power", "ups", 60, ("ups_charge_pct", "ups_load_pct", "ups_runtime_s"))


def _air(archetype: Archetype) -> Iterator[Instrument]:
    yield Gauge("lounge", "environment", "seating", 60, ("air_temp_celsius", "humidity_pct", "co2_ppm"))
    yield Gauge("lounge", "environment", "seating", 300, ("pm2_5_ug_per_m3", "illuminance_lux", "noise_db"))
    yield Gauge("outdoor", "environment", "outdoor", 300, ("outdoor_temp_celsius",))
    yield State("smoke-1", "environment", "fire", 3600, ("smoke_alarm",))
    if archetype.has_co_sensor:
        yield Gauge("lounge", "environment", "seating", 30, ("co_ppm",))
    for name in archetype.toilet_names:
        yield Gauge(name, "environment", "toilet", 600, ("nh3_ppm", "h2s_ppm"))


def _facilities(archetype: Archetype) -> Iterator[Instrument]:
    for name in archetype.ac_names:
        yield Gauge(name, "facility", "hvac", 15, ("hvac_power_w",))
        yield State(name, "facility", "hvac", 300, ("hvac_on", "hvac_mode"))
        yield Gauge(name, "facility", "hvac", 600, ("hvac_setpoint_celsius",))
    yield Gauge("fridge-1", "facility", "fridge", 120, ("fridge_temp_celsius",))
    yield State("fridge-1", "facility", "fridge", 300, ("appliance_state",))
    for kind, count in (("microwave", 1), ("washer", archetype.washers), ("dryer", archetype.dryers)):
        for name in archetype.numbered(kind, count):
            yield State(name, "facility", kind, 300, ("appliance_state",))
            yield Gauge(name, "facility", kind, 600, ("appliance_cycles_total",))
    for name in archetype.locker_names:
        yield State(name, "facility", "charge_locker", 600, ("locker_cell_state",))
    for name in ("cups", "umbrellas"):
        yield Gauge(name, "facility", "consumable", 3600, ("consumable_level_pct",))
    yield Gauge("medicine-box", "facility", "medicine", 86_400, ("medicine_expiry_days",))
    yield Gauge("wifi", "facility", "wifi", 300, ("wifi_clients_count",))
    yield State("station", "facility", "station", 300, ("station_mode",))
    if archetype.has_kiosk:
        yield State("kiosk-1", "facility", "kiosk", 300, ("kiosk_online",))
    if archetype.has_aed:
        yield State("aed-1", "facility", "aed", 86_400, ("aed_status",))


def _box(archetype: Archetype) -> Iterator[Instrument]:
    yield Gauge("agent", "agent", "agent", 60, ("uptime_s", "cpu_pct", "mem_used_pct", "disk_used_pct"))
    yield Gauge("agent", "agent", "agent", 60, ("soc_temp_celsius", "link_rssi_dbm", "clock_offset_ms"))
    yield State("agent", "agent", "agent", 300, ("clock_synced",))
    yield State("agent", "agent", "agent", 60, ("link_kind",))
    for name, facility in polled_devices(archetype):
        yield Gauge(name, "agent", facility, 60, ("device_last_ok_age_s",))
    for name, facility in wireless_devices(archetype):
        yield Gauge(name, "agent", facility, 3600, ("device_battery_pct",))


def polled_devices(archetype: Archetype) -> tuple[tuple[str, str], ...]:
    """The devices whose silence the box itself notices, each with its facility."""
    wet = (("leak-1", "leak_cable"),) if archetype.has_leak_cable else ()
    meters = (("front-door", "door"), ("main", "main_meter"), (archetype.phase_names[0], "main_meter"))
    return (*meters, ("smoke-1", "fire"), *wet)


def wireless_devices(archetype: Archetype) -> tuple[tuple[str, str], ...]:
    """The devices that run on a battery of their own, each with its facility."""
    return tuple(one for one in polled_devices(archetype) if one[0] in {"smoke-1", "leak-1"})
