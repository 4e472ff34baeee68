"""How Grafana names the units of the measures."""

from collections.abc import Mapping
from types import MappingProxyType

from dashboards.model import PLAIN, Figure, Step
from wire.measures import Kind, Measure

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "1": "none",
        "%": "percent",
        "s": "s",
        "ms": "ms",
        "min": "m",
        "d": "d",
        "m": "lengthm",
        "m3": "m3",
        "L": "litre",
        "L/min": "flowlpm",
        "kPa": "pressurekpa",
        "Cel": "celsius",
        "mg/L": "suffix: mg/L",  # Grafana has mg/dL only
        "V": "volt",
        "A": "amp",
        "mA": "mamp",
        "W": "watt",
        "var": "voltampreact",
        "V.A": "voltamp",
        "Hz": "hertz",
        "kW.h": "kwatth",
        "[ppm]": "ppm",
        "ug/m3": "conμgm3",
        "lx": "lux",
        "dB[SPL]": "dB",
        "dB[mW]": "dBm",
        "GBy": "decgbytes",
    }
)
"""UCUM code of `wire.measures` to Grafana's id (its `valueFormats/categories.ts`)."""


def unit_of(measure: Measure) -> str:
    """Return Grafana's id of a measure's unit; KeyError for a unit nobody has named."""
    return "percentunit" if measure.name.endswith("_ratio") else UNITS[measure.unit]


def figure_of(measure: Measure, steps: tuple[Step, ...] = PLAIN) -> Figure:
    """Return how a measure is shown: a percentage or ratio on all of its range, anything else as it comes.

    The plausible range of a sensor is far wider than what happens in a room, so it is the end of an axis only
    where it is short.
    """
    closed = measure.unit == "%" or measure.name.endswith("_ratio")
    ends = (measure.low, measure.high) if closed else (None, None)
    decimals = 0 if measure.type == "int" and measure.kind is not Kind.STATE else None
    return Figure(unit_of(measure), *ends, decimals, steps)
