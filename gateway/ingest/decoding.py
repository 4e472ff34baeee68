"""From payloads to columns: the fast decoder for nearly all, the exact one for what it doubts.

Works on one tick at a time, in a thread of its own; touches neither ledger nor store.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from wire.clocks import AHEAD_MS, SKEW_MS, YEAR_2020_MS, StampedTime, check_time
from wire.codec import Decoded, Reading, Reason, Rejected, RejectedReading, decode, decompress, unreadable
from wire.columns import ColumnDecoder, Columns
from wire.compression import UnreadableError
from wire.topics import Address

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_BRACE = ord("{")


class Arrived(NamedTuple):
    """One message as it came off the socket; `received` in ms of the gateway's clock."""

    topic: str
    address: Address
    payload: bytes
    received: int


class Header(NamedTuple):
    """The envelope of a frame that can be taken; `position` is its place in the tick."""

    position: int
    stream: str | None
    seq: int
    oldest: int
    frame_class: str
    sent: int
    correction: int
    gone: tuple[tuple[int, int], ...] = ()
    clock_unset: bool = False


@dataclass(frozen=True, slots=True)
class StampedRows:
    """Readings of one domain as columns; `header` is the row of their frame among the tick's headers."""

    domain: str
    header: Ints
    index: Ints
    ts: Ints
    own_ts: pa.Array
    substituted: Bools
    columns: dict[str, pa.Array]


@dataclass(frozen=True, slots=True)
class StampedReading:
    """One reading of the exact decoder."""

    header: int
    domain: str
    index: int
    time: StampedTime
    reading: Reading


@dataclass(slots=True)
class DecodedTick:
    """A tick's frames: headers, readings by either decoder, and what was rejected."""

    headers: list[Header] = field(default_factory=list)
    rows: list[StampedRows] = field(default_factory=list)
    readings: list[StampedReading] = field(default_factory=list)
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)
    rejected_readings: list[tuple[int, RejectedReading]] = field(default_factory=list)
    unknown_fields: Counter[str] = field(default_factory=Counter)


class TickDecoder:
    """Decodes ticks; keeps what the fast decoder learned of the fields in use."""

    def __init__(self) -> None:
        self._columns = ColumnDecoder()

    def decode(self, arrived: Sequence[Arrived]) -> DecodedTick:
        """Decode a tick; every message ends in `headers` or in `rejected`."""
        tick = DecodedTick()
        payloads, illegible = _unpacked(arrived)
        decoded = self._columns.decode(payloads, [message.address.station_id for message in arrived])
        for columns in decoded.columns:
            _take_columns(tick, columns, arrived)
        for position in decoded.doubted:
            if position not in illegible:
                self._take_exact(tick, position, arrived[position])
        tick.rejected.extend(illegible.items())
        return tick

    def _take_exact(self, tick: DecodedTick, position: int, message: Arrived) -> None:
        verdict = decode(message.payload, message.address.station_id)
        if isinstance(verdict, Rejected):
            tick.rejected.append((position, verdict))
            return
        row = len(tick.headers)
        tick.headers.append(_header(position, verdict, message.received))
        tick.unknown_fields.update(verdict.unknown_fields)
        tick.rejected_readings.extend((row, rejected) for rejected in verdict.rejected)
        for domain, index, reading in verdict.readings:
            if "event" not in reading:
                self._columns.learn(domain, reading)
            time = check_time(int(str(reading["ts"])), verdict.sent, message.received, verdict.clock_unset)
            if isinstance(time, Reason):
                tick.rejected_readings.append((row, _impossible(domain, index, time)))
            else:
                tick.readings.append(StampedReading(row, domain, index, time, reading))


def _unpacked(arrived: Sequence[Arrived]) -> tuple[list[bytes], dict[int, Rejected]]:
    """Return the payloads as JSON text, and those that cannot be unpacked with the reason."""
    payloads = [message.payload for message in arrived]
    rejected: dict[int, Rejected] = {}
    for position, payload in enumerate(payloads):
        if payload[:1] != b"{" or len(payload) > 256 * 1024:
            try:
                payloads[position] = decompress(payload)
            except UnreadableError as error:
                payloads[position] = b""
                rejected[position] = unreadable(error)
    return payloads, rejected


def _header(position: int, verdict: Decoded, received: int) -> Header:
    wrong_clock = verdict.clock_unset or abs(verdict.sent - received) > SKEW_MS
    return Header(
        position,
        verdict.stream,
        verdict.seq or 0,
        verdict.oldest or 0,
        str(verdict.frame_class),
        verdict.sent,
        received - verdict.sent if wrong_clock else 0,
        verdict.gone,
        verdict.clock_unset,
    )


def _take_columns(tick: DecodedTick, columns: Columns, arrived: Sequence[Arrived]) -> None:
    first = len(tick.headers)
    positions = columns.position.tolist()
    received = np.fromiter((arrived[position].received for position in positions), np.int64, len(positions))
    skew = received - columns.sent
    correction = np.where(np.abs(skew) > SKEW_MS, skew, 0)
    tick.headers.extend(
        map(
            Header,
            positions,
            columns.stream,
            columns.seq.tolist(),
            columns.oldest.tolist(),
            columns.frame_class,
            columns.sent.tolist(),
            correction.tolist(),
        )
    )
    for domain, rows in columns.rows.items():
        parent = rows.parent
        if not len(parent):
            continue
        own = rows.columns["ts"].to_numpy()
        stored = np.minimum(own + correction[parent], received[parent])
        ahead = own - columns.sent[parent] > AHEAD_MS
        too_old = stored < YEAR_2020_MS
        for reason, mask in ((Reason.TS_AHEAD, ahead), (Reason.TS_TOO_OLD, too_old & ~ahead)):
            tick.rejected_readings.extend(
                (first + int(parent[row]), _impossible(domain, int(rows.index[row]), reason))
                for row in np.flatnonzero(mask)
            )
        substituted = (correction[parent] != 0) | (stored != own)
        stamped = StampedRows(
            domain,
            parent + first,
            rows.index,
            stored,
            pa.array(own, mask=~substituted),
            substituted,
            {name: column for name, column in rows.columns.items() if name != "ts"},
        )
        tick.rows.append(_without(stamped, ahead | too_old))
    tick.unknown_fields.update(columns.unknown_fields)


def _without(rows: StampedRows, rejected: Bools) -> StampedRows:
    if not rejected.any():
        return rows
    kept = ~rejected
    mask = pa.array(kept)
    return StampedRows(
        rows.domain,
        rows.header[kept],
        rows.index[kept],
        rows.ts[kept],
        rows.own_ts.filter(mask),
        rows.substituted[kept],
        {name: column.filter(mask) for name, column in rows.columns.items()},
    )


def _impossible(domain: str, index: int, reason: Reason) -> RejectedReading:
    detail = {
        Reason.TS_AHEAD: "ts is more than 10 min after sent",
        Reason.TS_TOO_OLD: "ts is before 2020 even after the correction of the clock",
    }[reason]
    return RejectedReading(domain, index, reason, detail)


def readings_of(tick: DecodedTick) -> Iterator[tuple[str, list[StampedReading]]]:
    """Yield the exact decoder's readings by domain."""
    by_domain: dict[str, list[StampedReading]] = {}
    for reading in tick.readings:
        by_domain.setdefault(reading.domain, []).append(reading)
    yield from by_domain.items()
