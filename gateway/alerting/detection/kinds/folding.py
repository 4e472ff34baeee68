"""What the cells of a window come to: one figure per series, NaN where too little of it is known."""

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from catalogue.kinds.statistic import Figure
from gateway.alerting.detection.rings import SCALE, Floats
from gateway.alerting.detection.rows import Bools, Ints
from gateway.alerting.detection.windows import Course, Growth

COVERED = 0.8
"""Share of a window that must be covered."""
_ENDS = 10
"""A counter's window must be covered in its first and its last tenth."""
_HOUR_MS = 3_600_000
_BLOCK_CELLS = 65_536
"""Half a megabyte a channel: a processor's second cache holds it."""

NEEDS: dict[str, frozenset[str]] = {
    "mean": frozenset({"sum"}),
    "min": frozenset({"min"}),
    "max": frozenset({"max"}),
    "sum": frozenset({"sum"}),
    "range": frozenset({"min", "max"}),
    "change": frozenset({"last"}),
    "rise": frozenset({"min"}),
    "slope": frozenset({"last"}),
}
"""The channels of a `Course` that a function needs."""


def fold(
    figure: Figure, cells: Course | Growth, series: Ints, end: int, count: int, left_out: Bools | None
) -> Floats:
    """Return what ``count`` stretches up to ``end`` (ms) come to.

    ``left_out`` (series x stretches) are not asked; a piece with any of them neither. Worked out in blocks:
    the cells of a country at once are fresh pages of memory, which cost more than the sums.
    """
    values, size = np.empty(len(series)), max(1, _BLOCK_CELLS // count)
    for begin in range(0, len(series), size):
        block = slice(begin, begin + size)
        left = None if left_out is None else left_out[block]
        if isinstance(cells, Growth):
            values[block] = _fold_growth(figure, cells, series[block], end, count, left)
        else:
            values[block] = _fold_course(figure, cells, series[block], end, count, left)
    return values


def _fold_growth(
    figure: Figure, growth: Growth, series: Ints, end: int, count: int, left_out: Bools | None
) -> Floats:
    if figure.bucket is not None:
        size = max(1, cast("int", figure.bucket) // growth.ring.step)
        ends = growth.ends(series, end, count + 1)
        pieces = np.round(ends[:, size:] - ends[:, :-size], 6)
        return _over_pieces(figure.fn, pieces, _sliding_any(left_out, size))
    spare = -(-growth.hold // growth.ring.step)
    tenth = max(1, count // _ENDS)
    begin = growth.ends(series, end - (count - tenth) * growth.ring.step, spare + tenth)
    before = _last(begin[:, :spare])
    base = np.where(np.isnan(before), _first(begin[:, spare:]), before)
    return np.round(_last(growth.ends(series, end, tenth + spare)) - base, 6)


def _fold_course(
    figure: Figure, course: Course, series: Ints, end: int, count: int, left_out: Bools | None
) -> Floats:
    step, last = course.ring.step, (end - 1) // course.ring.step
    if figure.bucket is not None:
        return _course_pieces(figure, course, series, last, count, left_out)
    if left_out is not None:
        return _outside(course, series, last, count, left_out)
    covered = course.covered(series, end, count)
    value = _VALUES[figure.fn](course, series, end, count)
    value[covered < COVERED * count * step] = np.nan
    return value


def _outside(course: Course, series: Ints, last: int, count: int, left_out: Bools) -> Floats:
    """Return the mean over the stretches that are not left out."""
    sums, covered = course.ring.read(series, last, count, "sum", "ms")
    kept = ~left_out
    ms = np.where(kept, covered, 0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = np.where(kept, sums, 0).sum(axis=1) / SCALE / ms
    mean[(ms < COVERED * kept.sum(axis=1) * course.ring.step) | (ms == 0)] = np.nan
    return mean


def _course_pieces(
    figure: Figure, course: Course, series: Ints, last: int, count: int, left_out: Bools | None
) -> Floats:
    size = max(1, cast("int", figure.bucket) // course.ring.step)
    (covered,) = course.ring.read(series, last, count, "ms")
    ms = sliding_window_view(covered, size, axis=1).sum(axis=2)
    if figure.take == "mean":
        (sums,) = course.ring.read(series, last, count, "sum")
        with np.errstate(invalid="ignore", divide="ignore"):
            pieces = sliding_window_view(sums, size, axis=1).sum(axis=2) / SCALE / ms
    else:
        name = "min" if figure.take == "min" else "max"
        (values,) = course.ring.read(series, last, count, name)
        extreme = np.min if name == "min" else np.max
        pieces = extreme(sliding_window_view(values, size, axis=1), axis=2)
    pieces = np.where(ms >= COVERED * size * course.ring.step, pieces, np.nan)
    return _over_pieces(figure.fn, pieces, _sliding_any(left_out, size))


def _over_pieces(fn: str, pieces: Floats, left_out: Bools | None) -> Floats:
    asked = np.ones(pieces.shape, np.bool_) if left_out is None else ~left_out
    known = asked & ~np.isnan(pieces)
    enough = known.any(axis=1) & (known.sum(axis=1) >= COVERED * asked.sum(axis=1))
    neutral = {"min": np.inf, "max": -np.inf}.get(fn, 0.0)
    held = np.where(known, pieces, neutral)
    with np.errstate(invalid="ignore", divide="ignore"):
        folded = _PIECES[fn](held, known)
    return np.where(enough, folded, np.nan)


_PIECES: dict[str, Callable[[Floats, Bools], Floats]] = {
    "min": lambda held, _: held.min(axis=1),
    "max": lambda held, _: held.max(axis=1),
    "sum": lambda held, _: held.sum(axis=1),
    "mean": lambda held, known: held.sum(axis=1) / known.sum(axis=1),
}


def _sliding_any(left_out: Bools | None, size: int) -> Bools | None:
    return None if left_out is None else np.asarray(sliding_window_view(left_out, size, axis=1).any(axis=2))


def _last(cells: Floats) -> Floats:
    """Return the last known value of each row."""
    return _first(cells[:, ::-1])


def _first(cells: Floats) -> Floats:
    known = ~np.isnan(cells)
    place = known.argmax(axis=1)
    return np.where(known.any(axis=1), cells[np.arange(len(cells)), place], np.nan)


# -- functions of a gauge ----------------------------------------------------------------------------------


def _read(course: Course, series: Ints, end: int, count: int, name: str) -> Floats:
    (cells,) = course.ring.read(series, (end - 1) // course.ring.step, count, name)
    return cells


def _mean(course: Course, series: Ints, end: int, count: int) -> Floats:
    covered = course.covered(series, end, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return course.weighed(series, end, count) / covered


def _min(course: Course, series: Ints, end: int, count: int) -> Floats:
    lowest: Floats = _read(course, series, end, count, "min").min(axis=1)
    return np.where(np.isfinite(lowest), lowest, np.nan)


def _max(course: Course, series: Ints, end: int, count: int) -> Floats:
    highest: Floats = _read(course, series, end, count, "max").max(axis=1)
    return np.where(np.isfinite(highest), highest, np.nan)


def _change(course: Course, series: Ints, end: int, count: int) -> Floats:
    first = _first(_read(course, series, end, count, "last")[:, : max(1, count // _ENDS)])
    change: Floats = course.value[series] - first
    return change


def _slope(course: Course, series: Ints, end: int, count: int) -> Floats:
    """Return the slope of a straight line through the last values of the stretches, per hour."""
    cells = _read(course, series, end, count, "last")
    known = ~np.isnan(cells)
    hours = np.broadcast_to(np.arange(count) * course.ring.step / _HOUR_MS, cells.shape)
    number = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x = np.where(known, hours, 0).sum(axis=1) / number
        mean_y = np.where(known, cells, 0).sum(axis=1) / number
        x, y = np.where(known, hours - mean_x[:, None], 0), np.where(known, cells - mean_y[:, None], 0)
        slope: Floats = (x * y).sum(axis=1) / (x * x).sum(axis=1)
    return np.where(np.isfinite(slope), slope, np.nan)


_VALUES: dict[str, Callable[[Course, Ints, int, int], Floats]] = {
    "mean": _mean,
    "min": _min,
    "max": _max,
    "range": lambda course, series, end, count: (
        _max(course, series, end, count) - _min(course, series, end, count)
    ),
    "change": _change,
    "rise": lambda course, series, end, count: course.value[series] - _min(course, series, end, count),
    "slope": _slope,
}
