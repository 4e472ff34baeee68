"""Faults by name: what breaks, when, and what it looks like to the station's own instruments.

Signatures of the domain catalogue, section 5.5. A fault is one small class with the hooks it needs and one
line in `FAULTS`; make one with `make_fault("F01", start_ms, minutes=60, l_per_min=0.4)`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING

from simulators.faults.counters import CounterDrift, EnergyZeroGlitch, MeterSwap, StuckMeter
from simulators.faults.door import AuthenticationDown, ForcedDoor, ProppedDoor
from simulators.faults.fault import MINUTE_MS, Fault
from simulators.faults.link import ClockDrift, ClockEightHoursAhead, FlappingLink, NetworkOutage
from simulators.faults.rooms import (
    CarbonMonoxide,
    CollapseInShower,
    Freeze,
    LongShower,
    MainsOutage,
    MicrowaveSmoke,
)
from simulators.faults.water import AreaWaterCut, CisternLeak, HoseBurst

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAULTS", "Fault", "make_fault", "name_of", "parse_fault"]

_WRITTEN = re.compile(r"(F[0-9]{2})@([0-9]+(?:\.[0-9]+)?)(?::([a-z_]+=[^=,]+(?:,[a-z_]+=[^=,]+)*))?")

FAULTS: Mapping[str, type[Fault]] = {
    "F01": CisternLeak,
    "F02": HoseBurst,
    "F03": AreaWaterCut,
    "F04": Freeze,
    "F05": ForcedDoor,
    "F06": ProppedDoor,
    "F07": AuthenticationDown,
    "F08": MainsOutage,
    "F09": NetworkOutage,
    "F10": FlappingLink,
    "F11": ClockEightHoursAhead,
    "F12": ClockDrift,
    "F13": CounterDrift,
    "F14": EnergyZeroGlitch,
    "F15": MeterSwap,
    "F16": StuckMeter,
    "F17": CollapseInShower,
    "F18": LongShower,
    "F19": MicrowaveSmoke,
    "F20": CarbonMonoxide,
}


def make_fault(name: str, start_ms: int, **parameters: object) -> Fault:
    """Make a fault by its name.

    Raises:
        ValueError: the name or a parameter is unknown; the message lists those there are.
    """
    if name not in FAULTS:
        raise ValueError(f"unknown fault {name!r}; there are {', '.join(FAULTS)}")
    known = [each.name for each in fields(FAULTS[name]) if each.name != "start_ms"]
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise ValueError(f"fault {name} has no parameter {', '.join(unknown)}; it has {', '.join(known)}")
    return FAULTS[name](start_ms, **parameters)  # type: ignore[arg-type]


def parse_fault(text: str, start_ms: int) -> Fault:
    """Read a fault as written on a command line: `F01@130` or `F01@130:minutes=60,l_per_min=0.4`.

    The number after @ is the minute after `start_ms` at which it begins.

    Raises:
        ValueError: the text is not of this form, or the fault or a parameter is unknown.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a fault; write it like F01@130 or F01@130:minutes=60")
    name, minute, given = found.groups()
    pairs = (pair.split("=", 1) for pair in given.split(",")) if given else ()
    parameters = {key: _value(value) for key, value in pairs}
    return make_fault(name, start_ms + int(float(minute) * MINUTE_MS), **parameters)


def _value(text: str) -> object:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return {"true": True, "false": False}.get(text, text)


def name_of(fault: Fault) -> str:
    """The name under which a fault stands in `FAULTS`."""
    return next(name for name, kind in FAULTS.items() if type(fault) is kind)
