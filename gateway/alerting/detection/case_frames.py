"""The frames of the unit tests of rules: one reading each, as a batch."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from gateway.batch.batch import FRAME_SCHEMA, Batch
from gateway.batch.numbering import Series, SeriesIndex, Source, Sources
from wire.columns import field_types
from wire.measures import MEASURES

_STREAM = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
_MORE_TYPES = {"event": pa.string(), "quality": pa.string(), "suspect": pa.list_(pa.string())}


class Reading(NamedTuple):
    """One reading on its way from a station by its number; ``fields`` hold ``event`` where it is one."""

    received: int
    ts: int
    station: int
    domain: str
    device: str
    fields: Mapping[str, object]
    sent: int
    clock: str | None


class Writer:
    """Makes batches of one frame a reading, numbered without a hole at each of so many stations."""

    def __init__(self, stations: int) -> None:
        self.sources = Sources(Source("case", station_name(number), _STREAM) for number in range(stations))
        self._index = SeriesIndex()
        self._frame = 0
        self._seq = [0] * stations

    @property
    def series(self) -> Sequence[Series]:
        """The series numbered so far."""
        return self._index.known

    def batch(self, readings: Sequence[Reading]) -> Batch:
        """Return the batch of readings in order of receipt."""
        rows: defaultdict[tuple[bool, str], list[tuple[int, Reading]]] = defaultdict(list)
        frames = []
        for reading in readings:
            frames.append(self._told(reading))
            rows["event" in reading.fields, reading.domain].append((self._frame, reading))
            self._frame += 1
        tables = {of: self._table(of[1], listed) for of, listed in rows.items()}
        return Batch(
            pa.Table.from_pylist(frames, FRAME_SCHEMA),
            {domain: table for (is_event, domain), table in tables.items() if not is_event},
            {domain: table for (is_event, domain), table in tables.items() if is_event},
        )

    def _told(self, reading: Reading) -> dict[str, object]:
        self._seq[reading.station] += 1
        return {
            "frame": self._frame,
            "source": reading.station,
            "seq": self._seq[reading.station],
            "lane": "telemetry",
            "class": "sample",
            "sent": reading.sent,
            "received": reading.received,
            "correction": 0,
            "clock": reading.clock,
            "oldest": 1,
            "late": False,
            "digest": None,
        }

    def _table(self, domain: str, rows: list[tuple[int, Reading]]) -> pa.Table:
        stations = self._index.stations([station_name(one.station) for _, one in rows])
        devices = pa.array([one.device for _, one in rows])
        columns: dict[str, pa.Array] = {
            "frame": pa.array([frame for frame, _ in rows]),
            "idx": pa.array([0] * len(rows), pa.int16()),
            "series": pa.array(self._index.number(domain, stations, devices)),
            "ts": pa.array([one.ts for _, one in rows]),
        }
        types = {**field_types(domain), **_MORE_TYPES}
        said = [_with_suspects(one) for _, one in rows]
        for name in sorted({name for fields in said for name in fields}):
            values = [_typed(fields.get(name), types[name]) for fields in said]
            columns[name] = pa.array(values, types[name])
        return pa.table(columns)


def station_name(number: int) -> str:
    """Name the station of a number."""
    return f"case-{number + 1}"


def _with_suspects(reading: Reading) -> dict[str, object]:
    measures = MEASURES[reading.domain]
    suspect = [
        name
        for name, value in reading.fields.items()
        if name in measures and measures[name].is_suspect(value)
    ]
    return {**reading.fields, **({"suspect": suspect} if suspect else {})}


def _typed(value: object, kind: pa.DataType) -> object:
    if isinstance(value, float) and pa.types.is_integer(kind):
        return round(value)
    return float(value) if isinstance(value, int) and pa.types.is_floating(kind) else value
