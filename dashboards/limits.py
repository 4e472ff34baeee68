"""Where a figure becomes bad: the numbers of the alert rules, as steps of colour."""

from collections.abc import Iterator
from typing import NamedTuple

from catalogue.loading import load
from dashboards.model import Colour, Step


class Limit(NamedTuple):
    """One parameter of a rule, and the colour of a value beyond it."""

    rule: str
    parameter: str
    colour: Colour


def above(*limits: Limit) -> tuple[Step, ...]:
    """Return steps for a figure that is bad when it is high: green up to the lowest limit.

    Where kinds of stations differ the lowest number counts.
    """
    steps = sorted((min(_numbers(limit)), limit.colour) for limit in limits)
    return (Step(None, "green"), *(Step(value, colour) for value, colour in steps))


def within(low: tuple[Limit, ...], high: tuple[Limit, ...]) -> tuple[Step, ...]:
    """Return steps for a figure that is bad on both sides, and green between."""
    falling = sorted(((max(_numbers(limit)), limit.colour) for limit in low), key=lambda one: one[0])
    colours: list[Colour] = [colour for _, colour in falling] + ["green"]
    below = [Step(None, colours[0])]
    below += [Step(value, colour) for (value, _), colour in zip(falling, colours[1:], strict=True)]
    return (*below, *above(*high)[1:])


def below(*limits: Limit) -> tuple[Step, ...]:
    """Return steps for a figure that is bad when it is low."""
    return within(limits, ())


def number(rule: str, parameter: str) -> float:
    """Return the default of a rule's parameter, in the parameter's unit."""
    return load().rules[rule].parameters[parameter].value


def _numbers(limit: Limit) -> Iterator[float]:
    parameter = load().rules[limit.rule].parameters[limit.parameter]
    yield parameter.value
    yield from parameter.profiles.values()
