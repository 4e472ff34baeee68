"""What has been received, stream by stream: duplicates, gaps, acknowledgements, requests to send again.

Pure: no socket, no clock, no database. Times are milliseconds of the gateway's clock, handed in.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from wire.ranges import Ranges

ACK_RANGES = 64
"""Most ranges in one acknowledgement, in one `gone` and in one request (contract sections 3 and 4)."""
FIRST_ASK_MS = 10 * 60_000
LONGEST_ASK_MS = 24 * 3_600_000


@dataclass(slots=True, eq=False)
class Sender:
    """What of one station waits for its acknowledgement: since when, how many frames, of which streams."""

    station_id: str
    since_ms: int = 0
    count: int = 0
    ledgers: list["Stream"] = field(default_factory=list)

    def take(self) -> list["Stream"]:
        """Return the streams of which frames wait, and let nothing wait any more."""
        ledgers, self.ledgers, self.count = self.ledgers, [], 0
        return ledgers


@dataclass(slots=True)
class Stream:
    """One run of an agent as the gateway knows it. Numbers are frames' `seq`.

    `held` is durable; `arriving` is on its way to the store.
    `first` is the lowest number counted, `last` the highest told of, `oldest` the highest `oldest` heard.
    """

    station_id: str
    stream: str
    first: int
    last: int = 0
    oldest: int = 1
    held: Ranges = field(default_factory=Ranges)
    gone: Ranges = field(default_factory=Ranges)
    arriving: set[int] = field(default_factory=set)
    born: bool = False
    ask: "Ask | None" = None
    sender: Sender | None = None
    waiting: list[int] = field(default_factory=list)
    """What waits for its acknowledgement."""

    def note(self, oldest: int, gone: Iterable[tuple[int, int]] = ()) -> None:
        """Take what a frame's header says of its stream; an older `oldest` than known says nothing."""
        self.oldest = max(self.oldest, oldest)
        if oldest < self.first and not self.born:
            self.first = oldest
        for lo, hi in gone:
            self.gone.add_range(lo, hi)
            self.last = max(self.last, hi)

    def missing(self) -> Ranges:
        """Numbers below `oldest` that were neither received nor dropped by policy (contract section 3)."""
        return self.held.missing(self.first, self.oldest - 1).difference(self.gone)

    def lacking(self, upto: int) -> Ranges:
        """Numbers up to `upto` that a station may still hold for us."""
        arriving = Ranges((seq, seq) for seq in self.arriving)
        return self.held.union(arriving).missing(self.first, upto).difference(self.gone)

    def gone_count(self) -> int:
        """Numbers dropped by policy and never received: a frame that came after all wins over `gone`."""
        return self.gone.difference(self.held).count()


@dataclass(slots=True)
class Ask:
    """What is asked again of one stream: up to `asked` so far, again at `due_ms`, then after twice `wait_ms`.

    `highest` was the highest ever asked for. `told` holds (time, highest number told of) of the last ten
    minutes; numbers up to `ripe` are older.
    """

    told: deque[tuple[int, int]] = field(default_factory=deque)
    ripe: int = 0
    asked: int = 0
    highest: int = 0
    due_ms: int = 0
    wait_ms: int = FIRST_ASK_MS

    def note(self, upto: int, now: int) -> None:
        """Note up to which number the stream is told of now."""
        if not self.told or self.told[-1][1] < upto:
            self.told.append((now, upto))
        while self.told and self.told[0][0] + FIRST_ASK_MS <= now:
            self.ripe = self.told.popleft()[1]

    def wanted(self, lacking: Ranges, now: int) -> list[list[int]]:
        """Choose what to ask for at `now`: a number not asked for yet never waits for older ones.

        What one request cannot hold is asked for the next time, a minute later.
        """
        new = [[lo, hi] for lo, hi in lacking.within(self.asked + 1, self.ripe)][:ACK_RANGES]
        if new and new[-1][1] > self.highest:
            self.wait_ms = 2 * FIRST_ASK_MS
        elif not new and lacking and now >= self.due_ms:
            new = lacking.to_lists()[:ACK_RANGES]
            self.wait_ms = min(2 * self.wait_ms, LONGEST_ASK_MS)
        if new:
            self.asked, self.due_ms = new[-1][1], now + self.wait_ms
            self.highest = max(self.highest, self.asked)
        return new


class Receipt(NamedTuple):
    """One acknowledgement to publish: these ranges of this stream are durable."""

    station_id: str
    stream: str
    received: list[list[int]]


class Received:
    """Every stream's ledger and every station's waiting acknowledgements."""

    def __init__(self, ack_frames: int = 16, ack_after_ms: int = 2_000) -> None:
        """Acknowledge a station when `ack_frames` wait or `ack_after_ms` passed since the first."""
        self.streams: dict[str, Stream] = {}
        self.by_station: dict[str, list[Stream]] = {}
        self.duplicates: Counter[str] = Counter()
        self._strays: dict[tuple[str, str], Stream] = {}
        self._ack_frames = ack_frames
        self._ack_after_ms = ack_after_ms
        self._senders: dict[str, Sender] = {}
        self._waiting: dict[Sender, None] = {}
        """In order of `since_ms`."""
        self._full: list[Sender] = []

    # -- arrival ---------------------------------------------------------------------------------------

    def stream_of(self, station_id: str, stream: str, first: int) -> Stream | None:
        """Return a stream of a station, begun at ``first`` when it is new; None for another station's."""
        ledger = self.streams.get(stream)
        if ledger is None:
            return self._hear_of(station_id, stream, first)
        return ledger if ledger.station_id == station_id else None

    def stray_of(self, station_id: str, stream: str, first: int) -> Stream:
        """Return what is held of another station's stream for the station that sent it.

        What it says is acknowledged to its sender and touches nothing of the stream's owner.
        """
        return self._strays.setdefault((station_id, stream), Stream(station_id, stream, first))

    def offer(self, ledger: Stream, seq: int, now: int) -> bool:
        """Say whether a frame that arrived is new; then it is `arriving` until `commit`."""
        if seq in ledger.held:
            self.duplicates[ledger.station_id] += 1
            self._wait(ledger, seq, now)
            return False
        if seq in ledger.arriving:
            self.duplicates[ledger.station_id] += 1
            return False
        ledger.arriving.add(seq)
        ledger.last = max(ledger.last, seq)
        return True

    def note_gone(self, station_id: str, stream: str, gone: Iterable[tuple[int, int]]) -> None:
        """Take what a station says it no longer holds of a stream of its own."""
        ledger = self.streams.get(stream)
        if ledger is not None and ledger.station_id == station_id:
            ledger.gone.update(gone)

    def note_birth(
        self, station_id: str, stream: str, oldest: int, kept: int, last: int, gone: Iterable[tuple[int, int]]
    ) -> bool:
        """Take a birth's summary of one stream; False when the stream belongs to another station."""
        ledger = self.streams.get(stream) or self._hear_of(station_id, stream, first=min(kept, oldest))
        if ledger.station_id != station_id:
            return False
        if not ledger.born:
            ledger.first = min(ledger.first, kept, oldest)
            ledger.born = True
        ledger.last = max(ledger.last, last)
        ledger.note(oldest, gone)
        return True

    def commit(self, ledger: Stream, seq: int, now: int) -> None:
        """Take a frame as durable, with every consumer or in quarantine: it now waits for its ack."""
        ledger.arriving.discard(seq)
        ledger.held.add(seq)
        self._wait(ledger, seq, now)

    def restore(self, ledger: Stream) -> None:
        """Put back a stream as it was written down."""
        self.streams[ledger.stream] = ledger
        self.by_station.setdefault(ledger.station_id, []).append(ledger)

    def restore_quarantined(self, station_id: str, stream: str, held: Ranges) -> None:
        """Put back the frames of a stream that quarantine holds whole."""
        ledger = self.streams.get(stream)
        if ledger is None:
            ledger = self._hear_of(station_id, stream, first=held.first or 1)
        elif ledger.station_id != station_id:
            ledger = self.stray_of(station_id, stream, first=1)
        ledger.held.update(held)

    def _hear_of(self, station_id: str, stream: str, first: int) -> Stream:
        ledger = Stream(station_id, stream, first)
        self.restore(ledger)
        return ledger

    # -- acknowledgement -------------------------------------------------------------------------------

    def _wait(self, ledger: Stream, seq: int, now: int) -> None:
        sender = ledger.sender
        if sender is None:
            sender = ledger.sender = self._senders.setdefault(ledger.station_id, Sender(ledger.station_id))
        if not sender.count:
            sender.since_ms = now
            self._waiting[sender] = None
        sender.count += 1
        if not ledger.waiting:
            sender.ledgers.append(ledger)
        ledger.waiting.append(seq)
        if sender.count == self._ack_frames:
            self._full.append(sender)

    def receipts(self, now: int, *, everything: bool = False) -> Iterator[Receipt]:
        """Yield the acknowledgements due at `now`; `everything` is for a clean stop."""
        for sender in self._due(now, everything=everything):
            del self._waiting[sender]
            for ledger in sender.take():
                held, seqs = ledger.held, ledger.waiting
                ledger.waiting = []
                parts = _parts(held, seqs) if len(held) > ACK_RANGES else [held.to_lists()]
                for part in parts:
                    yield Receipt(sender.station_id, ledger.stream, part)
        self._full.clear()

    def _due(self, now: int, *, everything: bool) -> list[Sender]:
        if everything:
            return list(self._waiting)
        due = list(self._full)
        for sender in self._waiting:
            if sender.since_ms + self._ack_after_ms > now:
                break
            if sender.count < self._ack_frames:
                due.append(sender)
        return due

    # -- asking again ----------------------------------------------------------------------------------

    def asks(self, now: int) -> Iterator[Receipt]:
        """Yield what to ask of the stations (command `resend`): numbers lacking 10 min after being told of.

        Asked again at doubling intervals up to a day.
        """
        for ledger in self.streams.values():
            upto = max(ledger.last, ledger.oldest - 1)
            if not ledger.lacking(upto):
                ledger.ask = None
                continue
            ask = ledger.ask = ledger.ask or Ask()
            ask.note(upto, now)
            wanted = ask.wanted(ledger.lacking(ask.ripe), now)
            if wanted:
                yield Receipt(ledger.station_id, ledger.stream, wanted)

    # -- figures ---------------------------------------------------------------------------------------

    def figures(self, station_id: str) -> dict[str, int]:
        """Frames of one station since it was first seen: received, duplicate, missing, gone."""
        streams = self.by_station.get(station_id, [])
        strays = [ledger for (sender, _), ledger in self._strays.items() if sender == station_id]
        return {
            "received": sum(ledger.held.count() for ledger in streams + strays),
            "duplicate": self.duplicates[station_id],
            "missing": sum(stream.missing().count() for stream in streams),
            "gone": sum(stream.gone_count() for stream in streams),
        }


def _parts(held: Ranges, seqs: list[int]) -> Iterator[list[list[int]]]:
    """Split what one message cannot say: first the ranges that hold what waits, then the newest others."""
    waiting = _holding(held, seqs)
    for start in range(0, len(waiting), ACK_RANGES):
        part = waiting[start : start + ACK_RANGES]
        yield part if len(part) == ACK_RANGES else _fill(part, held)


def _holding(held: Ranges, seqs: list[int]) -> list[list[int]]:
    """Return the ranges of `held` that hold any of `seqs`, ascending."""
    found: list[list[int]] = []
    for seq in sorted(seqs):
        if found and seq <= found[-1][1]:
            continue
        found.append(list(held.around(seq)))
    return found


def _fill(chosen: list[list[int]], held: Ranges) -> list[list[int]]:
    """Add the newest other ranges of `held` up to the limit of one message."""
    starts = {lo for lo, _ in chosen}
    others = [[lo, hi] for lo, hi in held if lo not in starts]
    room = ACK_RANGES - len(chosen)
    return sorted(chosen + others[-room:])
