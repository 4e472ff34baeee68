"""What a name in a rule stands for: a measure, an event, a role, a limit."""

from collections.abc import Mapping
from typing import NamedTuple

from catalogue.virtual import VIRTUAL_EVENTS, VIRTUAL_MEASURES
from wire.measures import EVENT_FIELDS, EVENTS, MEASURES, EventField, EventKind, Measure

ALL_MEASURES: Mapping[str, Mapping[str, Measure]] = {**MEASURES, **VIRTUAL_MEASURES}
ALL_EVENTS: Mapping[str, Mapping[str, EventKind]] = {**EVENTS, **VIRTUAL_EVENTS}

ROLES = frozenset(
    {
        "seating", "water_dispenser", "microwave", "fridge", "charge_locker", "socket", "shower", "washer",
        "dryer", "reading", "wifi", "hvac", "medicine", "aed", "umbrella", "toilet", "kiosk", "vending",
        "printer", "hairdryer", "tool_box", "tyre_pump", "health_station", "ebike_charge", "battery_swap",
        "truck_parking", "mother_room", "meal", "legal_aid", "panic_button", "fire", "camera", "remote_power",
        "door", "main_meter", "wet_circuit", "socket_circuit", "hot_tank", "shower_mix",
    }
)  # fmt: skip
"""The roles of `stations.yaml`."""

LIMITS: Mapping[str, str] = {
    "breaker_a": "A",
    "burst_l_per_min": "L/min",
    "near_electrics": "1",
    "steam_zone": "1",
    "runtime_s": "s",
    "tds_mg_per_l": "mg/L",
    "rated_a": "A",
    "power_max_w": "W",
    "interval_s": "s",
}
"""The limits of a device in `stations.yaml` that rules ask for, and their units.

``breaker_a``: rating of the breaker. ``burst_l_per_min``: flow no use of this meter reaches.
``near_electrics``: 1 for a leak sensor beside sockets or a distribution board. ``steam_zone``: 1 for a smoke
detector that steam of a shower can reach. ``runtime_s``: run time of the UPS at full charge when it was
commissioned. ``tds_mg_per_l``: dissolved solids the dispenser may let through. ``rated_a``: rating of a
charge port. ``power_max_w``: the most a meter can carry. ``interval_s``: how often the device reports.
"""


class Name(NamedTuple):
    """A name taken apart; ``domain`` is None where none is written."""

    domain: str | None
    field: str


def split(name: str) -> Name:
    """Return domain and field of a reference."""
    domain, dot, field = name.partition(".")
    return Name(domain, field) if dot else Name(None, name)


def measure(name: str, own: tuple[str, ...] = ()) -> Measure | None:
    """Return the measure a reference stands for; ``own`` are the domains of names without one."""
    domain, field = split(name)
    for one in (domain,) if domain else own:
        if found := ALL_MEASURES.get(one, {}).get(field):
            return found
    return None


def event(name: str, own: tuple[str, ...] = ()) -> EventKind | None:
    """Return the kind of event a reference stands for."""
    domain, field = split(name)
    for one in (domain,) if domain else own:
        if found := ALL_EVENTS.get(one, {}).get(field):
            return found
    return None


def event_field(name: str, domain: str) -> EventField | None:
    """Return the field an event of the domain may carry."""
    return next((one for one in EVENT_FIELDS.get(domain, ()) if one.name == name), None)
