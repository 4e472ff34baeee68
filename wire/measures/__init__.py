"""Every field of every domain, once.

Agent, gateway, simulators, console, dashboards and documents read the same rows; units, ranges and
cadences follow the telemetry catalogue and its sources.
"""

from collections.abc import Mapping
from types import MappingProxyType

from wire.measures import access, agent, environment, facility, occupancy, power, water
from wire.measures.agent import VERSION_PATTERN
from wire.measures.model import (
    DOMAINS,
    Danger,
    EventField,
    EventKind,
    FrameClass,
    Kind,
    Measure,
    ValueType,
)

__all__ = [
    "DOMAINS",
    "EVENTS",
    "EVENT_FIELDS",
    "EVENT_ID",
    "MEASURES",
    "QUALITIES",
    "VERSION_PATTERN",
    "Danger",
    "EventField",
    "EventKind",
    "FrameClass",
    "Kind",
    "Measure",
    "ValueType",
    "class_of",
]

QUALITIES: tuple[str, ...] = ("suspect", "stale", "substituted")
"""What ``quality`` may say; good is said by leaving it out."""

EVENT_ID = EventField("event_id", "int", "设备事件序号", "Event index of the device", low=0, high=2**32 - 1)
"""Any event may carry it; controllers count their events in 32 bits, too few for a telephone number."""

_TABLES = (occupancy, access, water, power, environment, facility, agent)

MEASURES: Mapping[str, Mapping[str, Measure]] = MappingProxyType(
    {
        domain: MappingProxyType({measure.name: measure for measure in table.MEASURES})
        for domain, table in zip(DOMAINS, _TABLES, strict=True)
    }
)

EVENTS: Mapping[str, Mapping[str, EventKind]] = MappingProxyType(
    {
        domain: MappingProxyType({kind.name: kind for kind in table.EVENTS})
        for domain, table in zip(DOMAINS, _TABLES, strict=True)
    }
)

EVENT_FIELDS: Mapping[str, tuple[EventField, ...]] = MappingProxyType(
    {
        domain: (EVENT_ID, *table.FIELDS) if table.EVENTS else ()
        for domain, table in zip(DOMAINS, _TABLES, strict=True)
    }
)
"""The fields that any event of a domain may carry; ``EventKind.fields`` says which a kind usually does."""


def class_of(domain: str, reading: Mapping[str, object], *, changed: bool = True) -> FrameClass:
    """Say what a reading is worth: an alarm, an event or change of state, or a sample.

    ``changed`` is False for a state that is only repeated as its heartbeat. Unknown fields count for
    nothing.
    """
    kind = EVENTS[domain].get(str(reading.get("event")))
    rows = [(MEASURES[domain][name], value) for name, value in reading.items() if name in MEASURES[domain]]
    if (kind and kind.frame_class is FrameClass.ALARM) or any(row.is_alarm(value) for row, value in rows):
        return FrameClass.ALARM
    if kind:
        return kind.frame_class
    if changed and any(row.kind is Kind.STATE for row, _ in rows):
        return FrameClass.EVENT
    return FrameClass.SAMPLE
