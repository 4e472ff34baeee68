"""Faults by name: what breaks, when, and what it looks like to the station's own instruments.

Signatures of the domain catalogue, section 5.5. A fault is one small class with the hooks it needs and one line in
`FAULTS`; make one with `make_fault("F01", start_ms, minutes=60, l_per_min=0.4)`.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from simulators.faults.counters import CounterDrift, EnergyZeroGlitch, MeterSwap, StuckMeter
from simulators.faults.fault import Fault
from simulators.faults.link import ClockDrift, ClockEightHoursAhead, FlappingLink, NetworkOutage
from simulators.faults.water import CisternLeak, HoseBurst

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAULTS", "Fault", "make_fault", "name_of"]

FAULTS: Mapping[str, type[Fault]] = {
    "F01": CisternLeak,
    "F02": HoseBurst,
    "F09": NetworkOutage,
    "F10": FlappingLink,
    "F11": ClockEightHoursAhead,
    "F12": ClockDrift,
    "F13": CounterDrift,
    "F14": EnergyZeroGlitch,
    "F15": MeterSwap,
    "F16": StuckMeter,
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


def name_of(fault: Fault) -> str:
    """The name under which a fault stands in `FAULTS`."""
    return next(name for name, kind in FAULTS.items() if type(fault) is kind)
