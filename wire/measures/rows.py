"""Writes the rows of one domain's table, each in one line."""

from dataclasses import dataclass
from typing import Literal

from wire.measures.model import Danger, Kind, Measure

Bounds = tuple[float | None, float | None]
Number = Literal["int", "float"]

LARGEST = 2**63 - 1
BITS_16 = 2**16
BITS_32 = 2**32

TEMPERATURE_SENTINELS = (-127.0, -3276.8, 3276.7, 6553.4, 6553.5)
"""A DS18B20 without its wire; the largest 16-bit registers at 0.1 K, signed and unsigned."""

WORD_SENTINELS = (65534.0, 65535.0, 6553.4, 6553.5)
"""0xFFFE (warming up) and 0xFFFF (failed) of 16-bit sensors, plain and at a tenth (Milesight GS301)."""

BYTE_SENTINELS = (255.0,)
"""0xFF of devices that have one byte for a percentage."""


@dataclass(frozen=True)
class Rows:
    """The rows of one domain; units are UCUM, heartbeats in seconds."""

    domain: str

    def gauge(  # noqa: PLR0913, PLR0917 - a row has as many cells as the table has columns
        self,
        name: str,
        unit: str,
        number: Number,
        bounds: Bounds,
        danger: Danger | None,
        heartbeat_s: int,
        deadband: float,
        zh: str,
        en: str,
        *,
        sentinels: tuple[float, ...] = (),
        alarm_above: float | None = None,
    ) -> Measure:
        """Write a measure whose value may go up and down."""
        return Measure(
            self.domain,
            name,
            unit,
            number,
            Kind.GAUGE,
            *bounds,
            danger,
            sentinels,
            heartbeat_s,
            deadband,
            (),
            (),
            None,
            (),
            zh,
            en,
            alarm_above=alarm_above,
        )

    def counter(  # noqa: PLR0913, PLR0917 - see gauge
        self,
        name: str,
        unit: str,
        number: Number,
        high: float | None,
        heartbeat_s: int,
        deadband: float,
        resolution: float,
        zh: str,
        en: str,
        *,
        moduli: tuple[float, ...] = (),
    ) -> Measure:
        """Write a measure that only grows, save for roll-over and reset."""
        return Measure(
            self.domain,
            name,
            unit,
            number,
            Kind.COUNTER,
            0,
            high,
            None,
            (),
            heartbeat_s,
            deadband,
            (),
            moduli,
            resolution,
            (),
            zh,
            en,
        )

    def flag(self, name: str, heartbeat_s: int, zh: str, en: str, *, alarm: bool = False) -> Measure:
        """Write a state that is true or false; ``alarm`` when true is an alarm."""
        return self._state(name, "bool", heartbeat_s, zh, en, alarm_values=(True,) if alarm else ())

    def choice(
        self,
        name: str,
        values: tuple[str, ...],
        heartbeat_s: int,
        zh: str,
        en: str,
        *,
        alarm_values: tuple[str, ...] = (),
    ) -> Measure:
        """Write a state that is one of ``values``."""
        return self._state(name, "enum", heartbeat_s, zh, en, values=values, alarm_values=alarm_values)

    def words(self, name: str, values: tuple[str, ...], heartbeat_s: int, zh: str, en: str) -> Measure:
        """Write a state that is several of ``values`` at once."""
        return self._state(name, "words", heartbeat_s, zh, en, values=values)

    def code(self, name: str, high: int, heartbeat_s: int, zh: str, en: str) -> Measure:
        """Write a state that is a maker's number, 0 when all is well."""
        return self._state(name, "int", heartbeat_s, zh, en, bounds=(0, high))

    def text(self, name: str, pattern: str, heartbeat_s: int, zh: str, en: str) -> Measure:
        """Write a state that is a text of one narrow form."""
        return self._state(name, "text", heartbeat_s, zh, en, pattern=pattern)

    def _state(  # noqa: PLR0913 - see gauge
        self,
        name: str,
        kind_of_value: Literal["bool", "enum", "words", "int", "text"],
        heartbeat_s: int,
        zh: str,
        en: str,
        *,
        values: tuple[str, ...] = (),
        alarm_values: tuple[object, ...] = (),
        bounds: Bounds = (None, None),
        pattern: str | None = None,
    ) -> Measure:
        return Measure(
            self.domain,
            name,
            "1",
            kind_of_value,
            Kind.STATE,
            *bounds,
            None,
            (),
            heartbeat_s,
            0,
            values,
            (),
            None,
            alarm_values,
            zh,
            en,
            pattern=pattern,
        )
