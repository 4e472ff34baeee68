"""What becomes of each decoded frame: new, a further copy, or into quarantine; and every count of it."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from gateway.batch.batch import Batch
from gateway.domain.fleet import Fleet
from gateway.ingest import quarantining
from gateway.ingest.decoding import Arrived, DecodedTick, Header
from gateway.ingest.received import Received, Stream
from gateway.state.quarantined import Nameless, Quarantined
from wire.codec import Reason, Rejected, RejectedReading

DIGEST_MS = 24 * 3_600_000
"""How long a best-effort frame's digest is remembered (contract section 3)."""
MOST_HELD = 100
"""Rejected readings of one frame that quarantine takes: 300 compressed bytes can hold 300,000 of them."""


@dataclass(slots=True)
class Admitted:
    """One tick after admission: which headers are new, and what has to be durable before whom it concerns."""

    new: list[int] = field(default_factory=list)
    """Rows of new frames among the tick's headers, in order of receipt."""
    digests: dict[int, bytes] = field(default_factory=dict)
    copies: Counter[str] = field(default_factory=Counter)
    quarantined: list[Quarantined] = field(default_factory=list)
    not_held: int = 0
    """Rejected readings beyond what quarantine takes of one frame: only counted."""
    uncommitted: list[tuple[Stream, int, int]] = field(default_factory=list)
    """(stream, seq, received) of every frame that waits for the commit."""


class Admission:
    """Judges frames against the ledger; belongs to the event loop. Counts are by station."""

    def __init__(self, received: Received, fleet: Fleet) -> None:
        self._received = received
        self._fleet = fleet
        self.digests: dict[bytes, int] = {}
        self.late: Counter[str] = Counter()
        self.quarantined: Counter[str] = Counter()
        self.nameless = Nameless(Counter(), Counter())
        """Frames whose identity could not be read; counted where they are held, by the committing thread."""
        self.unnumbered: Counter[str] = Counter()

    def admit(self, tick: DecodedTick, arrived: Sequence[Arrived]) -> Admitted:
        """Judge a tick's frames in order of receipt."""
        admitted = Admitted()
        for row in _by_receipt(tick.headers):
            header = tick.headers[row]
            message = arrived[header.position]
            if header.stream is None:
                self._admit_unnumbered(admitted, row, message)
            else:
                self._admit_numbered(admitted, tick, row, header, message)
        self._hold_frames(admitted, tick, arrived)
        _hold_readings(admitted, tick, arrived)
        return admitted

    def hear(self, batch: Batch, admitted: Admitted, tick: DecodedTick, arrived: Sequence[Arrived]) -> None:
        """Tell the fleet who was heard; a late frame says that a station lives, not that it is well."""
        heard = self._fleet.heard
        for row, late in zip(admitted.new, batch.frames["late"].to_pylist(), strict=True):
            header = tick.headers[row]
            message = arrived[header.position]
            station_id = message.address.station_id
            best_effort = header.stream is None
            heard(
                station_id, message.address.region, message.received, fresh=not late, best_effort=best_effort
            )
            if late:
                self.late[station_id] += 1
            if best_effort:
                self.unnumbered[station_id] += 1

    def note_nameless(self, held: Nameless) -> None:
        """Take what quarantine counted."""
        for known, more in zip(self.nameless, held, strict=True):
            known.update(more)

    def forget_digests(self, now: int) -> None:
        """Forget best-effort frames of more than a day ago."""
        while self.digests:
            digest, received = next(iter(self.digests.items()))
            if received >= now - DIGEST_MS:
                break
            del self.digests[digest]

    def _admit_unnumbered(self, admitted: Admitted, row: int, message: Arrived) -> None:
        digest = hashlib.sha256(message.payload).digest()
        if digest in self.digests:
            self._received.duplicates[message.address.station_id] += 1
            admitted.copies[message.address.station_id] += 1
            return
        self.digests[digest] = message.received
        admitted.digests[row] = digest
        admitted.new.append(row)

    def _admit_numbered(
        self, admitted: Admitted, tick: DecodedTick, row: int, header: Header, message: Arrived
    ) -> None:
        station_id = message.address.station_id
        stream, seq = header.stream or "", header.seq
        ledger = self._received.stream_of(station_id, stream, first=seq)
        if ledger is None:
            detail = "this stream belongs to another station"
            tick.rejected.append((header.position, Rejected(Reason.FOREIGN_STREAM, detail, stream, seq)))
            return
        is_new = self._received.offer(ledger, seq, message.received)
        ledger.note(header.oldest, header.gone)
        if is_new:
            admitted.new.append(row)
            admitted.uncommitted.append((ledger, seq, message.received))
        else:
            admitted.copies[station_id] += 1
            self._fleet.heard(station_id, message.address.region, message.received, fresh=False)

    def _hold_frames(self, admitted: Admitted, tick: DecodedTick, arrived: Sequence[Arrived]) -> None:
        for position, rejected in tick.rejected:
            message = arrived[position]
            held = quarantining.of_frame(message.address, message.topic, message.payload, rejected)
            admitted.quarantined.append(held)
            self._fleet.heard(
                message.address.station_id, message.address.region, message.received, fresh=False
            )
            if rejected.stream is not None and rejected.seq is not None:
                self._wait_held(admitted, message, rejected.stream, rejected.seq)

    def _wait_held(self, admitted: Admitted, message: Arrived, stream: str, seq: int) -> None:
        """A frame held whole is acknowledged in the ranges of the station that sent it."""
        station_id, received = message.address.station_id, message.received
        ledger = self._received.stream_of(station_id, stream, first=seq)
        if ledger is None:
            ledger = self._received.stray_of(station_id, stream, first=seq)
        if self._received.offer(ledger, seq, received):
            self.quarantined[station_id] += 1
            admitted.uncommitted.append((ledger, seq, received))
        else:
            admitted.copies[station_id] += 1


def _hold_readings(admitted: Admitted, tick: DecodedTick, arrived: Sequence[Arrived]) -> None:
    if not tick.rejected_readings:
        return
    by_frame: dict[int, list[RejectedReading]] = {row: [] for row in admitted.new}
    for row, rejected in tick.rejected_readings:
        by_frame.get(row, []).append(rejected)
    for row, readings in by_frame.items():
        if readings:
            header = tick.headers[row]
            message = arrived[header.position]
            identity = (header.stream, header.seq if header.stream else None)
            admitted.quarantined += quarantining.of_readings(
                message.address, message.topic, message.payload, identity, readings[:MOST_HELD]
            )
            admitted.not_held += len(readings[MOST_HELD:])


def _by_receipt(headers: list[Header]) -> Iterator[int]:
    """Yield the rows of headers in order of receipt: the exact decoder's come last, and out of it."""
    positions = [header.position for header in headers]
    if all(before < after for before, after in pairwise(positions)):
        yield from range(len(headers))
    else:
        yield from sorted(range(len(headers)), key=positions.__getitem__)
