"""What kinds that follow counters share: their fields, dials and epochs, and how windows are cut."""

import numpy as np

from catalogue.kinds.increase import Moved
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.hearing import MINUTE_MS
from gateway.alerting.detection.moment import measure_of
from gateway.alerting.detection.rows import Bools, Column, Ints
from gateway.alerting.detection.standing import Field
from gateway.domain.counters import Dial, dial_for

_PIECES = 30
"""A window is cut into so many stretches, none longer than a minute."""
QUARTER_MS = 900_000
LONG_MS = 2 * 3_600_000
"""Longer windows are cut into quarters of an hour."""


def stretch_of(window: int) -> int:
    """Return how long the stretches of a window are (ms)."""
    return QUARTER_MS if window > LONG_MS else max(1_000, min(MINUTE_MS, window // _PIECES))


def field_of(plan: Plan, one: Moved) -> Field:
    """Return the field of a figure's counter."""
    domain, dot, name = one.counter.partition(".")
    return (domain, name) if dot else (plan.domain, one.counter)


def dial_of_field(of: Field) -> Dial:
    """Return the dial of a counter, virtual ones included."""
    measure = measure_of(of)
    if measure is None:
        raise ValueError(f"{'.'.join(of)}: there is no such counter")
    return dial_for(measure)


def epochs_of(column: Column, inside: Bools) -> Ints:
    """Return the epoch said with each sample that `samples_of` returns, -1 without one."""
    chosen = np.flatnonzero(inside & column.known & ~column.late)
    chosen = chosen[np.argsort(column.series[chosen], kind="stable")]
    rows = column.rows[chosen]
    if "epoch" not in column.of.table.column_names:
        return np.full(len(rows), -1)
    said: Ints = column.of.table["epoch"].fill_null(-1).to_numpy()[rows]
    return said
