"""How every field of every series stands: its last value and when that was taken."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gateway.alerting.detection.rows import Column, Ints, Rows, Values

NEVER = np.iinfo(np.int64).min
Field = tuple[str, str]
"""A domain and the name of one of its fields."""


@dataclass(frozen=True, slots=True)
class Stood:
    """A value as it stood and when it was taken (ms); None is a value that may not reach a rule."""

    value: object
    ts: int


class Standing:
    """Kept for the fields that rules look at; brought up to date when all rules have seen a batch.

    A value older than the one that stands changes nothing.
    """

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields = frozenset(fields)
        self._newest: dict[str, Ints] = {}
        self._columns: dict[Field, _Last] = {}

    def newest(self, domain: str, field: str, size: int) -> Ints:
        """Return the newest `ts` of each of ``size`` series, of one field or (``""``) of any."""
        if field and (domain, field) in self._columns:
            last = self._columns[domain, field]
            last.ts = _grown(last.ts, size, NEVER)
            return last.ts
        self._newest[domain] = _grown(self._newest.get(domain, np.empty(0, np.int64)), size, NEVER)
        return self._newest[domain]

    def value(self, field: Field, series: int) -> Stood | None:
        """Return how a field of a series stands, None when it was never said."""
        last = self._columns.get(field)
        if last is None or series >= len(last.ts) or last.ts[series] == NEVER:
            return None
        value = last.values[series] if last.known[series] else None
        return Stood(value.item() if isinstance(value, np.generic) else value, int(last.ts[series]))

    def last(self, field: Field, series: Ints, dtype: np.dtype[Any]) -> tuple[Values, Ints, Values]:
        """Return the last values of several series, when they were taken, and whether each is known."""
        last = self._columns.get(field)
        if last is None:
            return np.zeros(len(series), dtype), np.full(len(series), NEVER), np.zeros(len(series), np.bool_)
        last.grow(int(series.max(initial=-1)) + 1)
        return last.values[series], last.ts[series], last.known[series]

    def all(self, field: Field) -> tuple[Values, Values] | None:
        """Return the last value of every series, and whether it was said and may reach rules."""
        last = self._columns.get(field)
        return None if last is None else (last.values, last.known)

    def said(self, field: Field) -> Ints:
        """Return the series that ever said a field."""
        last = self._columns.get(field)
        return np.empty(0, np.int64) if last is None else np.flatnonzero(last.ts != NEVER)

    def take(self, rows: Rows, size: int) -> None:
        """Take a batch's readings of one domain; ``size`` is the number of series there are."""
        newest = self.newest(rows.domain, "", size)
        np.maximum.at(newest, rows.series, rows.ts)
        for name in rows.fields:
            if (rows.domain, name) in self._fields and (column := rows.column(name)) is not None:
                self._last(rows.domain, column, size).take(column)

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "newest": self._newest,
            "columns": {field: last.told() for field, last in self._columns.items()},
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        self._newest = dict(saved["newest"])
        self._columns = {
            field: _Last.of(*told) for field, told in saved["columns"].items() if field in self._fields
        }

    def _last(self, domain: str, column: Column, size: int) -> "_Last":
        field = (domain, column.name)
        last = self._columns.get(field)
        if last is None:
            empty: Values = np.empty(0, column.values.dtype)
            last = self._columns[field] = _Last(np.empty(0, np.int64), np.empty(0, np.bool_), empty)
        last.grow(size)
        return last


@dataclass(slots=True)
class _Last:
    ts: Ints
    known: Values
    values: Values

    @classmethod
    def of(cls, series: Ints, ts: Ints, known: Values, values: Values) -> "_Last":
        last = cls(np.empty(0, np.int64), np.empty(0, np.bool_), np.empty(0, values.dtype))
        last.grow(int(series.max(initial=-1)) + 1)
        last.ts[series], last.known[series], last.values[series] = ts, known, values
        return last

    def told(self) -> tuple[Ints, Ints, Values, Values]:
        """Return the series that ever said the field, and what: most series have other fields."""
        series = np.flatnonzero(self.ts != NEVER)
        return series, self.ts[series], self.known[series], self.values[series]

    def grow(self, size: int) -> None:
        self.ts = _grown(self.ts, size, NEVER)
        self.known = _grown(self.known, size, fill=False)
        self.values = _grown(self.values, size, None if self.values.dtype == np.object_ else 0)

    def take(self, column: Column) -> None:
        series, ts, known, values = column.series, column.ts, column.known, column.values
        if column.overtaken.any():
            kept = ~column.overtaken
            series, ts, known, values = series[kept], ts[kept], known[kept], values[kept]
        # of several values of a series the last assignment stays
        self.ts[series], self.known[series], self.values[series] = ts, known, values


def _grown(array: Any, size: int, fill: object = 0) -> Any:  # noqa: ANN401 - an array of any type
    missing = size - len(array)
    if missing <= 0:
        return array
    more = np.full(max(missing, len(array) // 4), fill, array.dtype)
    return np.concatenate([array, more])
