"""Feeding what doors and zones said to each station's count of people inside."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gateway.batch.batch import Batch
from gateway.batch.numbering import SeriesIndex
from gateway.domain.fleet import Fleet

FIELDS = ("people_in_total", "people_out_total", "zone_occupied", "cubicle_occupied", "zone_people_count")
AGAIN_MS = 60_000
"""A reading that says what the one before said is passed on this often: time alone can settle a count."""


class PeopleWatch:
    """Passes on readings of `occupancy` that say something new; nearly all of them do not."""

    def __init__(self, series: SeriesIndex, fleet: Fleet) -> None:
        self._series = series
        self._fleet = fleet
        self._said: npt.NDArray[np.float64] = np.empty((0, len(FIELDS)))
        self._at: npt.NDArray[np.int64] = np.empty(0, np.int64)

    def observe(self, batch: Batch) -> None:
        """Take a batch's samples, in order of receipt."""
        table = batch.samples.get("occupancy")
        if table is None or not set(FIELDS) & set(table.column_names):
            return
        series, ts = table["series"].to_numpy(), table["ts"].to_numpy()
        said = np.column_stack([_numbers(table, name) for name in FIELDS])
        self._grow()
        spoken = ~np.isnan(said)
        news = ((said != self._said[series]) & spoken).any(axis=1)
        news |= spoken.any(axis=1) & (ts - self._at[series] >= AGAIN_MS)
        if not news.any():
            return
        # all rows of a series with news: a zone entered and left in one batch ends as it began
        rows = np.flatnonzero(spoken.any(axis=1) & np.isin(series, series[news]))
        for place in range(len(FIELDS)):
            of_field = rows[spoken[rows, place]]
            self._said[series[of_field], place] = said[of_field, place]
        self._at[series[rows]] = ts[rows]
        # what is passed on are Arrow's own integers; the floats above only tell whether anything changed
        self._pass_on(table.take(pa.array(rows)))

    def _pass_on(self, table: pa.Table) -> None:
        names = [name for name in FIELDS if name in table.column_names]
        said = zip(*(table[name].to_pylist() for name in names), strict=True)
        epochs = _listed(table, "epoch")
        suspects = _listed(table, "suspect")
        rows = zip(table["series"].to_pylist(), table["ts"].to_pylist(), epochs, suspects, said, strict=True)
        for number, ts, epoch, suspect, values in rows:
            series = self._series.known[number]
            fields = {name: value for name, value in zip(names, values, strict=True) if value is not None}
            for name in suspect or ():
                fields.pop(name, None)
            self._fleet.station(series.station_id).occupancy.observe(series.device, ts, fields, epoch)

    def _grow(self) -> None:
        missing = len(self._series.known) - len(self._at)
        if missing > 0:
            more = max(missing, len(self._at) // 4)
            self._said = np.concatenate([self._said, np.full((more, len(FIELDS)), np.nan)])
            self._at = np.concatenate([self._at, np.zeros(more, np.int64)])


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    column = table[name]
    if pa.types.is_boolean(column.type):
        column = column.cast("int8")
    column = column.cast("float64", safe=False)
    numbers: npt.NDArray[np.float64] = column.to_numpy(zero_copy_only=False)
    # of a zone it matters whether anybody is there; how many changes with every reading
    return np.sign(numbers) if name == "zone_people_count" else numbers


def _listed(table: pa.Table, name: str) -> list[Any]:
    if name not in table.column_names:
        return [None] * table.num_rows
    listed: list[Any] = table[name].to_pylist()
    return listed
