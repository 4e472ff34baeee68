"""The readings of one domain as rules see them: in order of receipt, whole columns at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from catalogue.fields import ALL_MEASURES
from gateway.batch.batch import READING_COLUMNS
from wire.measures import Measure

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]

LATE_MS = 300_000
"""A reading older than this at first receipt is history (contract section 6)."""
_ROW_BITS = 32


@dataclass(frozen=True, slots=True)
class Clocks:
    """When the frames of a batch were received, never going back; `frame` ascends."""

    frame: Ints
    received: Ints

    def of(self, frames: Ints) -> Ints:
        """Return the receipt of each frame (ms)."""
        return self.received[np.searchsorted(self.frame, frames)]


class Rows:
    """Readings of one domain, by frame and place in it.

    `series`, `ts`, `frame` and `received` have a value a row. ``newest`` returns the newest `ts` that each
    series had before this batch, of a field or (``""``) of any.
    """

    def __init__(self, domain: str, table: pa.Table, clocks: Clocks, newest: Callable[[str], Ints]) -> None:
        self.domain = domain
        self.table = _in_order(table)
        self.newest = newest
        self.frame: Ints = self.table["frame"].to_numpy()
        self.series: Ints = self.table["series"].to_numpy().astype(np.int64)
        self.ts: Ints = self.table["ts"].to_numpy()
        told = "received" in table.column_names
        self.received: Ints = self.table["received"].to_numpy() if told else clocks.of(self.frame)
        self._columns: dict[str, Column | None] = {}

    def __len__(self) -> int:
        return len(self.series)

    @property
    def fields(self) -> list[str]:
        """The fields that any row has."""
        return [name for name in self.table.column_names if name not in READING_COLUMNS | {"received"}]

    def column(self, name: str) -> "Column | None":
        """Return what was said of a field, None when no row says anything."""
        if name not in self._columns:
            self._columns[name] = self._read(name)
        return self._columns[name]

    @cached_property
    def by_series(self) -> Ints:
        """Row numbers, series by series, in order of receipt within each."""
        return ordered_by(self.series)

    @cached_property
    def overtaken(self) -> Bools:
        """Rows older than the newest before them of their series, if any can be."""
        return overtaken(self.series, self.ts, self.newest(""))

    @cached_property
    def aged(self) -> Bools:
        """Rows over five minutes old at first receipt."""
        return self.received - self.ts > LATE_MS

    @cached_property
    def stale(self) -> Bools | None:
        """Rows whose device itself calls them stale; None when there are none."""
        return self._of_quality("stale")

    @cached_property
    def doubted(self) -> Bools | None:
        """Rows whose device itself calls them suspect; None when there are none."""
        return self._of_quality("suspect")

    @cached_property
    def suspects(self) -> Bools:
        """Rows that name any of their fields suspect."""
        if "suspect" not in self.table.column_names:
            return np.zeros(len(self), np.bool_)
        return np.fromiter(map(bool, self.table["suspect"].to_pylist()), np.bool_, len(self))

    @cached_property
    def epochs(self) -> list[int | None]:
        """What each row says of its counters' epoch."""
        if "epoch" not in self.table.column_names:
            return [None] * len(self)
        listed: list[int | None] = self.table["epoch"].to_pylist()
        return listed

    def _of_quality(self, word: str) -> Bools | None:
        if "quality" not in self.table.column_names:
            return None
        quality = self.table["quality"]
        if quality.null_count == len(quality):
            return None
        said = np.asarray(quality.to_pylist(), np.object_) == word
        return said if said.any() else None

    def _read(self, name: str) -> "Column | None":
        if name not in self.table.column_names:
            return None
        told = self.table[name]
        if told.null_count == len(told):
            return None
        if told.null_count:
            rows = np.flatnonzero(told.is_valid().to_numpy())
            told = told.drop_null()
        else:
            rows = np.arange(len(told))
        return Column(self, name, rows, told)


class Column:
    """One field where it was said; every array has a value per saying, in order of receipt.

    `rows` are places in `Rows`. Values that may not reach a rule (stale, sentinels, out of range where that
    is not the dangerous side) are not `known`; those beyond the dangerous side are clamped.
    """

    def __init__(self, of: Rows, name: str, rows: Ints, told: pa.ChunkedArray) -> None:
        self.of = of
        self.name = name
        self.rows = rows
        self._told = told
        self._measure = ALL_MEASURES.get(of.domain, {}).get(name)
        self._numeric = pa.types.is_floating(told.type) or pa.types.is_integer(told.type)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def series(self) -> Ints:
        """The series of each value."""
        return self.of.series[self.rows]

    @cached_property
    def ts(self) -> Ints:
        """When each value was taken (ms)."""
        return self.of.ts[self.rows]

    @cached_property
    def received(self) -> Ints:
        """When each value was received (ms)."""
        return self.of.received[self.rows]

    @cached_property
    def frame(self) -> Ints:
        """The frame of each value."""
        return self.of.frame[self.rows]

    @cached_property
    def values(self) -> Values:
        """Numbers as floats, flags as bools, words and lists of words as objects."""
        if self._numeric:
            return self._clamped(self._raw)
        if pa.types.is_boolean(self._told.type):
            flags: Values = self._told.to_numpy()
            return flags.astype(np.bool_)
        if pa.types.is_list(self._told.type):
            lists = np.empty(len(self.rows), np.object_)
            lists[:] = [tuple(words) for words in self._told.to_pylist()]
            return lists
        codes, words = self.words
        return np.asarray(words, np.object_)[codes]

    @cached_property
    def words(self) -> tuple[Ints, list[str]]:
        """The values of a column of words as numbers into a list: comparing those costs a tenth."""
        encoded = self._told.combine_chunks().dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.chunk(0)
        return encoded.indices.to_numpy(), encoded.dictionary.to_pylist()

    @cached_property
    def known(self) -> Bools:
        """Whether each value may reach a rule."""
        known = ~self._wrong if self._numeric else np.ones(len(self.rows), np.bool_)
        if self.of.stale is not None:
            known &= ~self.of.stale[self.rows]
        if self.of.doubted is not None:
            known &= ~self.of.doubted[self.rows] | self._dangerous
        return known

    @cached_property
    def overtaken(self) -> Bools:
        """Values older than one of the same field and series that came before."""
        if not self.of.overtaken[self.rows].any():
            return np.zeros(len(self.rows), np.bool_)
        return overtaken(self.series, self.ts, self.of.newest(self.name))

    @cached_property
    def late(self) -> Bools:
        """Values that belong to the past: overtaken, or over five minutes old at first receipt."""
        return self.overtaken | self.of.aged[self.rows]

    def place(self, row: int) -> int | None:
        """Return where a row of `Rows` is in this column, None when it does not have the field."""
        place = int(self._places[row])
        return place if place >= 0 else None

    @cached_property
    def _places(self) -> Ints:
        places = np.full(len(self.of), -1)
        places[self.rows] = np.arange(len(self.rows))
        return places

    def value(self, place: int) -> object:
        """Return a value as Python has it, None when it may not reach a rule."""
        if not self.known[place]:
            return None
        value = self.values[place]
        return value.item() if isinstance(value, np.generic) else value

    # -- suspects --------------------------------------------------------------------------------------

    @cached_property
    def _raw(self) -> Values:
        raw: Values = self._told.cast(pa.float64(), safe=False).to_numpy()
        return raw

    @cached_property
    def _sentinel(self) -> Bools:
        sentinels = self._measure.sentinels if self._measure else ()
        return np.isin(self._raw, sentinels) if sentinels else np.zeros(len(self.rows), np.bool_)

    @cached_property
    def _dangerous(self) -> Bools:
        """Numbers beyond the dangerous side of their range that no device sends for want of one."""
        measure = self._measure
        found = np.zeros(len(self.rows), np.bool_)
        if measure is None or not self._numeric:
            return found
        if measure.danger in {"low", "both"} and measure.low is not None:
            found |= self._raw < measure.low
        if measure.danger in {"high", "both"} and measure.high is not None:
            found |= self._raw > measure.high
        return found & ~self._sentinel

    @cached_property
    def _wrong(self) -> Bools:
        if self._measure is None or not _any_outside(self._raw, self._measure):
            return self._sentinel
        low, high = _bounds(self._measure)
        outside: Bools = (self._raw < low) | (self._raw > high)
        return self._sentinel | (outside & ~self._dangerous)

    def _clamped(self, numbers: Values) -> Values:
        if self._measure is None or not _any_outside(numbers, self._measure):
            return numbers
        low, high = _bounds(self._measure)
        return np.clip(numbers, low, high)


def ordered_by(numbers: Ints) -> Ints:
    """Return the order that sorts small numbers, equal ones as they were: a stable sort costs four times."""
    keys = (numbers << _ROW_BITS) | np.arange(len(numbers))
    keys.sort()
    return keys & ((1 << _ROW_BITS) - 1)


def overtaken(series: Ints, ts: Ints, newest: Ints) -> Bools:
    """Say which readings are older than one of their series before them; ``newest`` as before all of them."""
    order = ordered_by(series)
    sorted_series, times = series[order], ts[order]
    begins = np.diff(sorted_series, prepend=-1) != 0
    floor = int(times.min())
    # lifting each series above the one before makes a single running maximum start anew with it
    lift = (np.cumsum(begins) - 1) * (int(times.max()) - floor + 1) - floor
    before = np.empty_like(times)
    before[1:] = np.maximum.accumulate(times + lift)[:-1] - lift[1:]
    before[begins] = np.iinfo(np.int64).min
    result = np.empty(len(ts), np.bool_)
    result[order] = times < np.maximum(before, newest[sorted_series])
    return result


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Return tables one below the other, null where one lacks a column."""
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="default")


def _in_order(table: pa.Table) -> pa.Table:
    """Sort by frame and place in it: a tick lists what was decoded exactly after what was decoded fast."""
    place: Ints = (table["frame"].to_numpy() << 16) | table["idx"].to_numpy()
    if (np.diff(place) >= 0).all():
        return table
    return table.combine_chunks().take(pa.array(np.argsort(place, kind="stable")))


def _bounds(measure: Measure) -> tuple[float, float]:
    return (
        -np.inf if measure.low is None else measure.low,
        np.inf if measure.high is None else measure.high,
    )


def _any_outside(numbers: Values, measure: Measure) -> bool:
    low, high = _bounds(measure)
    return bool(len(numbers)) and bool(numbers.min() < low or numbers.max() > high)
