"""A tick of frames and their readings as columns, and who consumes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

FRAME_SCHEMA = pa.schema(
    [
        ("frame", pa.int64()),  # the gateway's running number of frames, never reused
        ("source", pa.int32()),  # (region, station, stream), see `Sources`
        ("seq", pa.int64()),  # null for best effort
        ("lane", pa.string()),  # telemetry or backlog
        ("class", pa.string()),
        ("sent", pa.int64()),  # ms, the station's clock
        ("received", pa.int64()),  # ms, the gateway's clock
        ("correction", pa.int64()),  # ms added to every `ts` of the frame
        ("clock", pa.string()),  # unset where the station says so of its own, else null
        ("oldest", pa.int64()),
        ("late", pa.bool_()),  # its newest reading was over 5 min old at first receipt
        ("digest", pa.binary()),  # SHA-256 of a best-effort frame, its only identity
    ]
)


@dataclass(frozen=True, slots=True)
class Batch:
    """New frames of one tick, in order of receipt.

    `samples` and `events` hold a table per domain: `frame`, `idx` (place in its domain's list), `series`,
    `ts` and `own_ts` (ms; the station's own where ours differs), `quality`, `epoch`, `suspect` (names of
    fields outside their valid range), and the fields themselves. Columns without a value are left out.
    `gone` are (source, lo, hi) that headers told of; `duplicates` counts further copies by station.
    """

    frames: pa.Table
    samples: Mapping[str, pa.Table]
    events: Mapping[str, pa.Table]
    gone: Sequence[tuple[int, int, int]] = ()
    duplicates: Mapping[str, int] | None = None

    @property
    def points(self) -> int:
        """Count the values of all fields."""
        tables = [*self.samples.values(), *self.events.values()]
        return sum(
            len(column) - column.null_count
            for table in tables
            for name, column in zip(table.column_names, table.columns, strict=True)
            if name not in READING_COLUMNS
        )


READING_COLUMNS = frozenset({"frame", "idx", "series", "ts", "own_ts", "quality", "epoch", "suspect"})


class Consumer(Protocol):
    """Takes every batch exactly once in effect: what it did is durable together with the note that it did."""

    name: str

    def consume(self, batches: Sequence[Batch]) -> None:
        """Make the effects of the batches durable, all or none; raises `errors.NotDurableError` for none."""


def with_constant(table: pa.Table, column: str, value: int) -> pa.Table:
    """Return the table with every row of a column set to `value`."""
    place = table.column_names.index(column)
    kind = table.schema.field(column).type
    return table.set_column(place, column, pa.array([value] * table.num_rows, kind))
