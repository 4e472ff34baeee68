"""The last value of every field of every series, kept as columns so that a tick updates it in one go."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gateway.batch.batch import READING_COLUMNS, Batch
from gateway.batch.numbering import SeriesIndex

Ints = npt.NDArray[np.int64]

NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class LastReading:
    """What a device last said; `ts` in ms is of its newest reading, older fields may be older."""

    domain: str
    device: str
    ts: int
    fields: dict[str, object]
    suspect: tuple[str, ...]


class _Column:
    """One field of every series, and whether it was ever said; kept in the type Arrow has for it."""

    def __init__(self, arrow: pa.DataType) -> None:
        self.values: npt.NDArray[Any] = np.empty(0, _NUMPY_TYPES.get(arrow, np.object_))
        self.there = np.zeros(0, np.bool_)

    def set(self, series: Ints, column: pa.ChunkedArray, size: int) -> None:
        missing = size - len(self.there)
        if missing > 0:
            self.values = np.concatenate([self.values, np.zeros(missing, self.values.dtype)])
            self.there = np.concatenate([self.there, np.zeros(missing, np.bool_)])
        if column.null_count:
            series, column = series[column.is_valid().to_numpy()], column.drop_null()
        self.values[series] = column.to_numpy()
        self.there[series] = True

    def put(self, number: int, value: object) -> None:
        self.there[number] = value is not None
        if value is not None:
            self.values[number] = value

    def get(self, number: int) -> object:
        if number >= len(self.there) or not self.there[number]:
            return None
        value = self.values[number]
        return value.item() if isinstance(value, np.generic) else _listed(value)


_NUMPY_TYPES = {pa.float64(): np.float64, pa.int64(): np.int64, pa.bool_(): np.bool_}


def _listed(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value


class Latest:
    """Updated by batches in order of receipt; a reading older than its series' newest changes nothing."""

    def __init__(self, series: SeriesIndex) -> None:
        self._series = series
        self._ts: Ints = np.empty(0, np.int64)
        self._columns: dict[str, dict[str, _Column]] = {}
        self._suspect: dict[int, tuple[str, ...]] = {}

    def update(self, batch: Batch) -> None:
        """Take a batch's samples and the states its events carry."""
        for kind in (batch.samples, batch.events):
            for domain, table in kind.items():
                self.take(domain, table)

    def take(self, domain: str, table: pa.Table) -> None:
        """Take one domain's rows."""
        self._grow()
        table = self._newest_last(table)
        series = table["series"].to_numpy().astype(np.int64)
        if not len(series):
            return
        np.maximum.at(self._ts, series, table["ts"].to_numpy())
        columns = self._columns.setdefault(domain, {})
        for name in table.column_names:
            if name not in READING_COLUMNS:
                column = table[name]
                known = columns.get(name) or columns.setdefault(name, _Column(column.type))
                known.set(series, column, len(self._ts))
        self._note_suspects(series, table)

    def newest(self, series: int) -> int:
        """Return the time (ms) of the newest reading of a series, `NEVER` for none."""
        return int(self._ts[series]) if series < len(self._ts) else NEVER

    def correct(self, domain: str, series: int, name: str, value: object) -> None:
        """Say otherwise what was last said of a field; None: nothing."""
        column = self._columns.get(domain, {}).get(name)
        if column is not None and series < len(column.there):
            column.put(series, value)
            self._suspect[series] = tuple(one for one in self._suspect.get(series, ()) if one != name)

    def devices(self, station_id: str) -> Iterator[LastReading]:
        """Yield the last reading of every device of a station that was heard."""
        for number, series in self._series.of_station(station_id):
            if number < len(self._ts) and self._ts[number] != NEVER:
                yield LastReading(
                    series.domain,
                    series.device,
                    int(self._ts[number]),
                    self._fields(series.domain, number),
                    self._suspect.get(number, ()),
                )

    def _fields(self, domain: str, number: int) -> dict[str, object]:
        columns = self._columns.get(domain, {})
        values = {name: column.get(number) for name, column in columns.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _grow(self) -> None:
        missing = len(self._series.known) - len(self._ts)
        if missing > 0:
            self._ts = np.concatenate([self._ts, np.full(max(missing, len(self._ts) // 4), NEVER, np.int64)])

    def _newest_last(self, table: pa.Table) -> pa.Table:
        ts = table["ts"].to_numpy()
        newer = ts >= self._ts[table["series"].to_numpy()]
        if not newer.all():
            table, ts = table.filter(pa.array(newer)), ts[newer]
        if (np.diff(ts) < 0).any():
            table = table.take(pa.array(np.argsort(ts, kind="stable")))
        return table

    def _note_suspects(self, series: Ints, table: pa.Table) -> None:
        named = table["suspect"].to_pylist() if "suspect" in table.column_names else [None] * len(series)
        if "suspect" not in table.column_names and not self._suspect:
            return
        for number, names in zip(series.tolist(), named, strict=True):
            if names:
                self._suspect[number] = tuple(names)
            else:
                self._suspect.pop(number, None)
