"""Lengths of time as rules write them: ``90s``, ``5m``, ``24h``, ``2d``, or a parameter of the rule."""

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WRITTEN = re.compile(rf"(?:{_PIECE.pattern})+")
_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
UNIT_MS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
"""UCUM codes of time, in milliseconds."""


class LastsParameter(BaseModel):
    """A length of time that is a parameter; its unit is s, min, h or d."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    param: str


def parse(value: object) -> object:
    """Return the milliseconds a text stands for; anything else as it is. ValueError for other texts."""
    if not isinstance(value, str):
        return value
    if not _WRITTEN.fullmatch(value):
        raise ValueError("write a length of time like 90s, 5m, 1h30m or 2d")
    return round(sum(float(number) * _MS[unit] for number, unit in _PIECE.findall(value)))


Duration = Annotated[Annotated[int, Field(ge=0)] | LastsParameter, BeforeValidator(parse)]
"""Milliseconds, or a parameter that stands for them until the rule is resolved for a station."""


def shown(ms: int) -> str:
    """Return the length of time as it is written in a rule."""
    for unit in ("d", "h", "m", "s"):
        if ms and ms % _MS[unit] == 0:
            return f"{ms // _MS[unit]}{unit}"
    return f"{ms}ms" if ms else "0s"
