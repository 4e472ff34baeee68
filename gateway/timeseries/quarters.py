"""What the samples of a quarter of an hour come to: pure arithmetic on columns.

A sample holds until the next one of its field, at most 1.5 times the field's heartbeat. A quarter is told
by what held in it, so a value that came before it and still held counts too.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gateway.domain.counters import dial_of, growth
from wire.measures import Kind, Measure

QUARTER_MS = 15 * 60_000
HOLDS = 1.5
"""Heartbeats a sample stands for; after that nobody knows."""
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.object_]

ROWS = pa.schema(
    [
        ("bucket", pa.int64()),  # start of the quarter, ms
        ("series", pa.int32()),
        ("name", pa.string()),  # of the field, or of the event
        ("value", pa.string()),  # of a state; several words are joined by a space
        ("count", pa.int64()),  # samples taken in the quarter, or events
        ("covered_s", pa.float64()),
        ("min", pa.float64()),
        ("max", pa.float64()),
        ("mean", pa.float64()),  # weighted by how long each value held
        ("increase", pa.float64()),
        ("last", pa.float64()),
        ("last_ts", pa.int64()),  # null for states that were over when the quarter ended
        ("epoch", pa.int64()),  # of a counter's last sample
    ]
)


def hold_ms(measure: Measure) -> int:
    """Return how long a sample of a field stands when no other follows."""
    return int(HOLDS * 1_000 * measure.heartbeat_s)


@dataclass(frozen=True, slots=True)
class Window:
    """Whole quarters: ``start <= ts < end``, in ms."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Samples:
    """Good values of one field, by series, time and order of receipt; epochs of counters, 0 where none."""

    series: Ints
    ts: Ints
    values: Floats | Words
    epochs: Ints


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Samples cut at the quarters: each is of sample `of`, held `ms` in the quarter starting at `bucket`."""

    of: Ints
    bucket: Ints
    ms: Ints


def rows_of(measure: Measure, samples: Samples, window: Window) -> pa.Table:
    """Return the quarters of one field inside the window, columns as in `ROWS`.

    Samples before the window say what held when it began; of a counter, also what it grew from.
    """
    if measure.kind is Kind.STATE:
        return _state_rows(measure, samples, window)
    return _number_rows(measure, samples, window)


def event_rows(series: Ints, bucket: Ints, names: list[str], counts: Ints) -> pa.Table:
    """Return the quarters' counts of events."""
    return _table({"bucket": bucket, "series": series, "name": names, "count": counts})


def _number_rows(measure: Measure, samples: Samples, window: Window) -> pa.Table:
    pieces = _cut(samples, hold_ms(measure), window)
    series, values = samples.series[pieces.of], samples.values[pieces.of].astype(np.float64)
    starts = _starts(series, pieces.bucket)
    if not len(starts):
        return ROWS.empty_table()
    covered, ends = np.add.reduceat(pieces.ms, starts), np.append(starts[1:], len(series)) - 1
    columns: dict[str, object] = {
        "bucket": pieces.bucket[starts],
        "series": series[starts],
        "name": [measure.name] * len(starts),
        "count": np.add.reduceat(_taken(samples, pieces), starts),
        "covered_s": covered / 1_000,
        "last": values[ends],
        "last_ts": samples.ts[pieces.of[ends]],
    }
    if measure.kind is Kind.COUNTER:
        columns["epoch"] = samples.epochs[pieces.of[ends]]
        columns["increase"] = _grown(measure, samples, series[starts], pieces.bucket[starts])
    else:
        columns["min"] = np.minimum.reduceat(values, starts)
        columns["max"] = np.maximum.reduceat(values, starts)
        columns["mean"] = np.add.reduceat(values * pieces.ms, starts) / covered
    return _table(columns)


def _state_rows(measure: Measure, samples: Samples, window: Window) -> pa.Table:
    pieces = _cut(samples, hold_ms(measure), window)
    if not len(pieces.of):
        return ROWS.empty_table()
    series, places = samples.series[pieces.of], np.arange(len(pieces.of))
    values, codes = np.unique(samples.values[pieces.of].astype(str), return_inverse=True)
    ends = np.append(_starts(series, pieces.bucket)[1:], len(places)) - 1
    last_ts = np.full(len(places), -1)
    last_ts[ends] = samples.ts[pieces.of[ends]]
    order = np.lexsort((places, codes, pieces.bucket, series))
    series, bucket, codes = series[order], pieces.bucket[order], codes[order]
    starts = _starts(series, bucket, codes)
    latest = np.maximum.reduceat(last_ts[order], starts)
    return _table(
        {
            "bucket": bucket[starts],
            "series": series[starts],
            "name": [measure.name] * len(starts),
            "value": values[codes[starts]].tolist(),
            "count": np.add.reduceat(_taken(samples, pieces)[order], starts),
            "covered_s": np.add.reduceat(pieces.ms[order], starts) / 1_000,
            "last_ts": pa.array(latest, mask=latest < 0),
        }
    )


def _cut(samples: Samples, hold: int, window: Window) -> _Pieces:
    ends = samples.ts + hold
    followed = samples.series[1:] == samples.series[:-1]
    ends[:-1] = np.where(followed, np.minimum(ends[:-1], samples.ts[1:]), ends[:-1])
    lo, hi = np.maximum(samples.ts, window.start), np.minimum(ends, window.end)
    # two samples of one millisecond: the first held no time, and was taken all the same
    inside = (samples.ts >= window.start) & (samples.ts < window.end)
    of = np.flatnonzero((hi > lo) | inside)
    lo, hi = lo[of], hi[of]
    first = lo // QUARTER_MS
    spans = np.maximum(hi - 1, lo) // QUARTER_MS - first + 1
    of, lo, hi = np.repeat(of, spans), np.repeat(lo, spans), np.repeat(hi, spans)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(spans) - spans, spans)
    bucket = (np.repeat(first, spans) + nth) * QUARTER_MS
    return _Pieces(of, bucket, np.minimum(hi, bucket + QUARTER_MS) - np.maximum(lo, bucket))


def _taken(samples: Samples, pieces: _Pieces) -> Ints:
    """Return 1 for the piece in whose quarter its sample was taken."""
    ts = samples.ts[pieces.of]
    taken: Ints = (ts - ts % QUARTER_MS == pieces.bucket).astype(np.int64)
    return taken


def _starts(*keys: Ints) -> Ints:
    """Return where any of the sorted keys changes."""
    if not len(keys[0]):
        return np.empty(0, np.int64)
    changes = np.zeros(len(keys[0]), np.bool_)
    changes[0] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changes)


def _grown(measure: Measure, samples: Samples, series: Ints, bucket: Ints) -> Floats:
    """Return the growth of each (series, bucket); it belongs to the quarter of the sample that proves it."""
    rises = _rises(measure, samples)
    wanted = series * _FAR + bucket // QUARTER_MS
    of = samples.series * _FAR + samples.ts // QUARTER_MS
    places = np.searchsorted(wanted, of)
    there = (places < len(wanted)) & (wanted[np.minimum(places, len(wanted) - 1)] == of)
    sums = np.bincount(places[there], weights=rises[there], minlength=len(wanted))
    return np.rint(sums) if measure.type == "int" else np.round(sums, 6)


_FAR = 1 << 32
"""More quarters than any time has: a series and a quarter make one number."""


def _rises(measure: Measure, samples: Samples) -> Floats:
    """Return what each sample proves; only counters that did anything but count are followed one by one."""
    dial = dial_of(measure.domain, measure.name)
    starts, values = _starts(samples.series), samples.values.astype(np.float64)
    rises = np.diff(values, prepend=0.0)
    rises[starts] = 0.0
    odd = (rises < 0) | (np.diff(samples.epochs, prepend=0) != 0)
    odd[1:] |= (values[:-1] == 0) & (rises[1:] > 0)
    odd[starts] = False
    ends = np.append(starts[1:], len(rises))
    for of in np.flatnonzero(np.logical_or.reduceat(odd, starts)).tolist():
        span = slice(int(starts[of]), int(ends[of]))
        rises[span] = growth(dial, samples.ts[span], values[span], samples.epochs[span])
    return rises


def _table(columns: dict[str, object]) -> pa.Table:
    count = len(columns["bucket"])  # type: ignore[arg-type]
    arrays = [
        _typed(columns[field.name], field.type) if field.name in columns else pa.nulls(count, field.type)
        for field in ROWS
    ]
    return pa.table(arrays, schema=ROWS)


def _typed(column: object, kind: pa.DataType) -> pa.Array:
    return column.cast(kind) if isinstance(column, pa.Array) else pa.array(column, kind)
