"""What every entry under ``devices`` has in common, and how durations and sizes are written."""

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from wire.topics import DEVICE_PATTERN

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def parse_duration(value: object) -> object:
    """Return seconds for ``500ms``, ``10s``, ``15m``, ``2h`` or ``30d``; a number means seconds."""
    return _parse(value, _SECONDS, "a duration such as 10s, 15m or 30d") if isinstance(value, str) else value


def parse_size(value: object) -> object:
    """Return bytes for ``512KiB``, ``100MiB`` or ``2GiB``; a number means bytes."""
    if not isinstance(value, str):
        return value
    return int(_parse(value, _BYTES, "a size such as 512KiB, 100MiB or 2GiB"))


def _parse(value: str, units: dict[str, float] | dict[str, int], expected: str) -> float:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)", value.strip())
    unit = found[2] if found else ""
    if found is None or (unit and unit not in units):
        raise ValueError(f"write {expected}")
    return float(found[1]) * (units[unit] if unit else 1)


Seconds = Annotated[float, BeforeValidator(parse_duration), Field(gt=0)]
Bytes = Annotated[int, BeforeValidator(parse_size), Field(gt=0)]


class DeviceSettings(BaseModel):
    """One measuring point and how to read it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: str = Field(pattern=DEVICE_PATTERN, description="Name of the measuring point in its station.")
    driver: str = Field(description="Device family.")
    facility: str | None = Field(
        None,
        pattern="^[a-z][a-z0-9_]{0,31}$",
        description="Facility it belongs to, as the catalogue names it.",
    )
    every: Seconds = Field(10.0, description="How often it is read.")
