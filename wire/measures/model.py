"""What a row of the tables says: one measure, one event field, one kind of event."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

DOMAINS: tuple[str, ...] = ("occupancy", "access", "water", "power", "environment", "facility", "agent")

ValueType = Literal["int", "float", "bool", "enum", "words", "text"]
Danger = Literal["low", "high", "both"]

MOST_WORDS = 16
"""Words a list of them may hold; none is no state."""


class Kind(StrEnum):
    """How the values of a measure follow each other."""

    GAUGE = "gauge"
    COUNTER = "counter"
    STATE = "state"


class FrameClass(StrEnum):
    """What a frame is worth when the outbox is full, least last; alarms are also sent first."""

    ALARM = "alarm"
    EVENT = "event"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Measure:
    """One field of a reading.

    ``unit`` is a UCUM code. ``low`` and ``high`` bound the plausible values, both included; a value
    beyond them is stored and named suspect, and beyond the ``danger`` side it still reaches the rules,
    clamped (None: it can only be nonsense). A ``sentinel`` is a code for "no value" that some devices
    send as if it were one. ``heartbeat_s`` is the longest silence of a healthy sensor, in seconds;
    between heartbeats a value is reported when it has moved by more than ``deadband`` (0: by anything).
    ``moduli`` are the values at which counters of this kind roll over to 0, smallest first;
    ``resolution`` is the smallest step of the device's own register. ``values`` close an enum or the
    words of a list, ``pattern`` closes a text. ``alarm_values``, and numbers above ``alarm_above``,
    make the reading an alarm.
    """

    domain: str
    name: str
    unit: str
    type: ValueType
    kind: Kind
    low: float | None
    high: float | None
    danger: Danger | None
    sentinels: tuple[float, ...]
    heartbeat_s: int
    deadband: float
    values: tuple[str, ...]
    moduli: tuple[float, ...]
    resolution: float | None
    alarm_values: tuple[object, ...]
    zh: str
    en: str
    pattern: str | None = None
    alarm_above: float | None = None

    @property
    def modulus(self) -> float | None:
        """The smallest value at which a counter of this kind rolls over."""
        return self.moduli[0] if self.moduli else None

    def modulus_for(self, highest: float) -> float | None:
        """Return the modulus of a counter that has shown ``highest``; None when it cannot roll over."""
        return next((modulus for modulus in self.moduli if highest < modulus), None)

    def is_suspect(self, value: object) -> bool:
        """Whether a number is a sentinel or outside the plausible range."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        too_low = self.low is not None and value < self.low
        too_high = self.high is not None and value > self.high
        return too_low or too_high or value in self.sentinels

    def is_alarm(self, value: object) -> bool:
        """Whether this value makes its reading an alarm."""
        if value in self.alarm_values:
            return True
        return self.alarm_above is not None and isinstance(value, int | float) and value > self.alarm_above


@dataclass(frozen=True, slots=True)
class EventField:
    """One field that belongs to an event.

    Unlike the range of a measure, ``low`` and ``high`` are hard: a wider number could be somebody's
    telephone or card.
    """

    name: str
    type: ValueType
    zh: str
    en: str
    values: tuple[str, ...] = ()
    pattern: str | None = None
    low: int | None = None
    high: int | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class EventKind:
    """One name that the ``event`` of a reading may have, and the fields that say more about it."""

    domain: str
    name: str
    frame_class: FrameClass
    fields: tuple[EventField, ...]
    zh: str
    en: str
