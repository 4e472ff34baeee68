"""Puts the values that hold for one station in place of a rule's parameters."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from catalogue.conditions import FromParameter
from catalogue.durations import UNIT_MS, LastsParameter

Values = Mapping[str, tuple[float, str]]
"""Parameter to its number and unit."""


def resolve(part: Any, values: Values) -> Any:  # noqa: ANN401 - any part of a rule
    """Return the part without parameters; KeyError when one is not among the values."""
    if isinstance(part, LastsParameter):
        number, unit = values[part.param]
        return round(number * UNIT_MS[unit])
    if isinstance(part, FromParameter):
        return _number(part, values)
    if isinstance(part, BaseModel):
        changed = {name: resolve(value, values) for name, value in part}
        same = all(changed[name] is value for name, value in part)
        return part if same else part.model_copy(update=changed)
    if isinstance(part, tuple):
        resolved = tuple(resolve(one, values) for one in part)
        return part if all(new is old for new, old in zip(resolved, part, strict=True)) else resolved
    if isinstance(part, Mapping):
        named = {key: resolve(one, values) for key, one in part.items()}
        return part if all(named[key] is one for key, one in part.items()) else named
    return part


def _number(part: FromParameter, values: Values) -> float | BaseModel:
    number = values[part.param][0]
    times, plus = resolve(part.times, values), resolve(part.plus, values)
    if isinstance(plus, BaseModel):
        raise TypeError(f"{part.param}: what is added to a parameter is a number or a parameter")
    return float(number * times + plus)
