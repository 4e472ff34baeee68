"""From a decoded tick to the batch its consumers take: only new frames, numbered, measured against ranges."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gateway.batch.batch import FRAME_SCHEMA, Batch
from gateway.batch.numbering import SeriesIndex, Sources
from gateway.ingest.admission import Admitted
from gateway.ingest.decoding import Arrived, DecodedTick, Header, StampedReading, StampedRows, readings_of
from wire.columns import field_types
from wire.measures import MEASURES, Measure

Ints = npt.NDArray[np.int64]

LATE_MS = 300_000
"""A frame is late when its newest reading was older than this at first receipt (contract section 8)."""

NEVER = np.iinfo(np.int64).min


@dataclass(slots=True)
class Batcher:
    """Builds batches; numbers sources and series as they appear."""

    sources: Sources
    series: SeriesIndex
    _one_at_a_time: Lock = field(default_factory=Lock)
    """New frames are built on one thread and replayed ones on another; both give out numbers."""

    def build(
        self, tick: DecodedTick, arrived: Sequence[Arrived], admitted: Admitted, first_frame: int
    ) -> Batch:
        """Build the batch of a tick's new frames, in order of receipt, numbered from `first_frame`."""
        with self._one_at_a_time:
            return self._build(tick, arrived, admitted, first_frame)

    def _build(
        self, tick: DecodedTick, arrived: Sequence[Arrived], admitted: Admitted, first_frame: int
    ) -> Batch:
        new = admitted.new
        frame_of = np.full(len(tick.headers), -1, np.int64)
        frame_of[new] = np.arange(first_frame, first_frame + len(new))
        headers = [tick.headers[row] for row in new]
        messages = [arrived[header.position] for header in headers]
        sources = [
            self.sources.number(message.address.region, message.address.station_id, header.stream)
            for message, header in zip(messages, headers, strict=True)
        ]
        stations = self.series.stations(
            [arrived[header.position].address.station_id for header in tick.headers]
        )
        samples, events, newest = self._tables(tick, frame_of, stations)
        return Batch(
            frames=_frames(
                headers,
                messages,
                sources,
                newest[new],
                first_frame,
                [admitted.digests.get(row) for row in new],
            ),
            samples=samples,
            events=events,
            gone=[
                (source, lo, hi)
                for source, header in zip(sources, headers, strict=True)
                for lo, hi in header.gone
            ],
            duplicates=admitted.copies,
        )

    def _tables(
        self, tick: DecodedTick, frame_of: Ints, stations: Ints
    ) -> tuple[dict[str, pa.Table], dict[str, pa.Table], Ints]:
        """Return samples and events by domain, and the newest stored `ts` of each header."""
        newest = np.full(len(frame_of), NEVER, np.int64)
        samples: dict[str, list[pa.Table]] = {}
        events: dict[str, list[pa.Table]] = {}
        for rows in tick.rows:
            np.maximum.at(newest, rows.header, rows.ts)
            samples.setdefault(rows.domain, []).append(self._columnar(rows, frame_of, stations))
        for domain, readings in readings_of(tick):
            np.maximum.at(newest, [r.header for r in readings], [r.time.ts for r in readings])
            for kind, chosen in ((samples, _plain(readings)), (events, _eventful(readings))):
                kept = [reading for reading in chosen if frame_of[reading.header] >= 0]
                if kept:
                    kind.setdefault(domain, []).append(self._exact(domain, kept, frame_of, stations))
        return _joined(samples), _joined(events), newest

    def _columnar(self, rows: StampedRows, frame_of: Ints, stations: Ints) -> pa.Table:
        frames = frame_of[rows.header]
        series = self.series.number(rows.domain, stations[rows.header], rows.columns["device"])
        columns = {
            "frame": pa.array(frames),
            "idx": pa.array(rows.index.astype(np.int16)),
            "series": pa.array(series.astype(np.int32)),
            "ts": pa.array(rows.ts),
        }
        if rows.substituted.any():
            columns["own_ts"] = rows.own_ts
        quality = _quality(rows)
        if quality is not None:
            columns["quality"] = quality
        columns.update(
            {name: rows.columns[name] for name in rows.columns if name not in {"device", "quality"}}
        )
        table = pa.table(columns)
        return table if (frames >= 0).all() else table.filter(pa.array(frames >= 0))

    def _exact(self, domain: str, readings: list[StampedReading], frame_of: Ints, stations: Ints) -> pa.Table:
        header = np.fromiter((r.header for r in readings), np.int64, len(readings))
        device = pa.array([str(r.reading["device"]) for r in readings])
        columns = {
            "frame": pa.array(frame_of[header]),
            "idx": pa.array([r.index for r in readings], pa.int16()),
            "series": pa.array(self.series.number(domain, stations[header], device).astype(np.int32)),
            "ts": pa.array([r.time.ts for r in readings], pa.int64()),
            "own_ts": pa.array([r.time.own_ts for r in readings], pa.int64()),
            "quality": pa.array([_quality_of(r) for r in readings], pa.string()),
        }
        types = {**field_types(domain), "epoch": pa.int64(), "event": pa.string()}
        present = {name for r in readings for name in r.reading} & types.keys()
        for name in sorted(present):
            columns[name] = pa.array([r.reading.get(name) for r in readings], types[name])
        return pa.table(columns)


def _frames(
    headers: list[Header],
    messages: list[Arrived],
    sources: list[int],
    newest: Ints,
    first_frame: int,
    digests: list[bytes | None],
) -> pa.Table:
    received = np.fromiter((message.received for message in messages), np.int64, len(messages))
    columns = {
        "frame": np.arange(first_frame, first_frame + len(headers)),
        "source": sources,
        "seq": [header.seq if header.stream else None for header in headers],
        "lane": [str(message.address.channel) for message in messages],
        "class": [header.frame_class for header in headers],
        "sent": [header.sent for header in headers],
        "received": received,
        "correction": [header.correction for header in headers],
        "clock": ["unset" if header.clock_unset else None for header in headers],
        "oldest": [header.oldest if header.stream else None for header in headers],
        "late": (newest != NEVER) & (received - newest > LATE_MS),
        "digest": digests,
    }
    return pa.table(
        [pa.array(columns[field.name], field.type) for field in FRAME_SCHEMA], schema=FRAME_SCHEMA
    )


def _plain(readings: list[StampedReading]) -> list[StampedReading]:
    return [reading for reading in readings if "event" not in reading.reading]


def _eventful(readings: list[StampedReading]) -> list[StampedReading]:
    return [reading for reading in readings if "event" in reading.reading]


def _quality(rows: StampedRows) -> pa.Array | None:
    own = rows.columns.get("quality")
    if not rows.substituted.any():
        return own
    return pc.if_else(
        pa.array(rows.substituted), "substituted", own if own is not None else pa.scalar(None, pa.string())
    )


def _quality_of(reading: StampedReading) -> object:
    return "substituted" if reading.time.substituted else reading.reading.get("quality")


def _joined(parts: dict[str, list[pa.Table]]) -> dict[str, pa.Table]:
    joined = {}
    for domain, tables in parts.items():
        table = pa.concat_tables(tables, promote_options="default") if len(tables) > 1 else tables[0]
        if table.num_rows:
            joined[domain] = _with_suspects(domain, table)
    return joined


def _with_suspects(domain: str, table: pa.Table) -> pa.Table:
    """Name, row by row, the fields outside their valid range."""
    suspects: dict[int, list[str]] = {}
    for name in table.column_names:
        measure = MEASURES[domain].get(name)
        if measure is None or measure.type not in {"int", "float"}:
            continue
        rows = _outside(table[name], measure.low, measure.high) + _sentinels(table[name], measure)
        for row in sorted(set(rows)):
            suspects.setdefault(row, []).append(name)
    if not suspects:
        return table
    listed = pa.array([suspects.get(row) for row in range(table.num_rows)], pa.list_(pa.string()))
    return table.append_column("suspect", listed)


def _sentinels(column: pa.ChunkedArray, measure: Measure) -> list[int]:
    """Find values that a device sends instead of one, where the valid range does not show them already."""
    hidden = [value for value in measure.sentinels if not _is_outside(value, measure)]
    if not hidden:
        return []
    # not exact beyond 2^53, where no sentinel is and Arrow would refuse the whole column
    mask = pc.is_in(column.cast(pa.float64(), safe=False), pa.array(hidden, pa.float64()))
    rows: list[int] = np.flatnonzero(mask.to_numpy()).tolist()
    return rows


def _is_outside(value: float, measure: Measure) -> bool:
    return (measure.low is not None and value < measure.low) or (
        measure.high is not None and value > measure.high
    )


def _outside(column: pa.ChunkedArray, low: float | None, high: float | None) -> list[int]:
    extremes = pc.min_max(column)
    lowest, highest = extremes["min"].as_py(), extremes["max"].as_py()
    below = low is not None and lowest is not None and lowest < low
    above = high is not None and highest is not None and highest > high
    if not below and not above:
        return []
    mask = pc.or_kleene(
        pc.less(column, low) if below else pa.scalar(value=False),
        pc.greater(column, high) if above else pa.scalar(value=False),
    )
    rows: list[int] = np.flatnonzero(pc.fill_null(mask, fill_value=False).to_numpy()).tolist()
    return rows
