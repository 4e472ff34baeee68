"""Every reading on disk until the gateway has it for good (contract, sections 3 and 4).

Times are *running time*: milliseconds this box's agent has run in all its runs, which no step of a
clock can change. Appending is durable against a power cut; settling need not be, since a frame whose
settlement was lost is only sent once more.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from station_agent import eviction, gone
from station_agent.database import Database, is_full
from station_agent.errors import OutboxFull
from station_agent.eviction import WAITING, Evicted, Limits
from station_agent.framing import CLASSES, Draft, FrameMeta
from station_agent.notebook import write, write_positions
from station_agent.settlement import Settlement
from station_agent.streams import Stream, Streams
from wire.ranges import Ranges

ROW_BYTES = 96
"""What SQLite keeps of a frame beside its readings: row, index entry, share of the page headers."""
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Written:
    """When frames are written: running time, wall clock minus monotonic clock (ms), and its standing."""

    running_ms: int
    clock_offset: int
    clock_unset: bool


class Outbox(Settlement):
    """All frames of the box in the order they were written, over all streams."""

    def __init__(self, database: Database, limits: Limits, stream: str, boot_id: str) -> None:
        """Begin ``stream`` on top of what earlier runs left."""
        self.limits = limits
        self.birth_due = False
        with database.transaction() as sql:
            streams = Streams(sql)
            streams.start(sql, stream, boot_id)
            dropped = sql.execute("SELECT value FROM notes WHERE name = 'dropped'").fetchone()
        self.dropped_total = int(dropped[0]) if dropped else 0
        super().__init__(database, streams)

    def append(
        self, drafts: Sequence[Draft], written: Written, positions: Mapping[str, object] | None = None
    ) -> list[FrameMeta]:
        """Store drafts as the next frames, with the positions of their sources, in one transaction.

        A full outbox or disk gives up less valuable frames first. Raises OutboxFull when the disk takes
        nothing at all; then nothing has changed.
        """
        spare = min((CLASSES.index(draft.frame_class) for draft in drafts), default=None)
        wanted = sum(len(draft.body) + ROW_BYTES for draft in drafts)
        for attempt in range(_ATTEMPTS):
            try:
                return self._append(drafts, written, positions or {})
            except sqlite3.OperationalError as error:
                self.recount()
                if not is_full(error):
                    raise
            self._make_room_on_disk(max(wanted, 65_536) * 2**attempt, spare)
        return self._refuse(drafts, positions or {})

    def _append(
        self, drafts: Sequence[Draft], written: Written, positions: Mapping[str, object]
    ) -> list[FrameMeta]:
        stream = self.streams.current
        first = stream.last + 1
        size = sum(len(draft.body) + ROW_BYTES for draft in drafts)
        with self._database.transaction() as sql:
            sql.executemany(
                "INSERT INTO frames (n, state, class, size, created, clock_offset, clock_unset, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (stream.base + seq, WAITING, CLASSES.index(draft.frame_class),
                     len(draft.body) + ROW_BYTES, written.running_ms, written.clock_offset,
                     written.clock_unset, draft.body)
                    for seq, draft in enumerate(drafts, first)
                ],
            )  # fmt: skip
            self._write_last(sql, first + len(drafts) - 1)
            write_positions(sql, positions)
            evicted = Evicted()
            if self.bytes + size > self.limits.max_bytes:
                evicted = eviction.make_room(sql, self.bytes + size - self.limits.max_bytes)
                self._note_dropped(sql, evicted)
        stream.last += len(drafts)
        self.bytes += size
        self.depth += len(drafts)
        self._count_out(evicted)
        return [
            FrameMeta(stream.base + seq, stream.stream, seq, draft.frame_class)
            for seq, draft in enumerate(drafts, first)
        ]

    def _refuse(self, drafts: Sequence[Draft], positions: Mapping[str, object]) -> list[FrameMeta]:
        """Number frames and note them as gone: everything held is worth more than they are."""
        stream = self.streams.current
        evicted = Evicted()
        for position, draft in enumerate(drafts, 1):
            evicted.unacknowledged.add(stream.span[1] + position)
            evicted.by_class[CLASSES.index(draft.frame_class)] += 1
        if not self.depth:
            raise OutboxFull
        try:
            with self._database.transaction() as sql:
                self._write_last(sql, stream.last + len(drafts))
                write_positions(sql, positions)
                gone.add(sql, evicted.unacknowledged)
                self._note_dropped(sql, evicted)
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            raise OutboxFull from error
        stream.last += len(drafts)
        self.dropped_total += len(drafts)
        self._ask_for_birth(evicted)
        return []

    def _write_last(self, sql: sqlite3.Connection, last: int) -> None:
        sql.execute("UPDATE streams SET last = ? WHERE base = ?", (last, self.streams.current.base))

    def expire(self, running_ms: int) -> int:
        """Drop what is too old and forget streams with nothing left; return the frames dropped."""
        with self._database.transaction(durable=False) as sql:
            evicted = eviction.expire(
                sql,
                created_before=running_ms - self.limits.max_age_ms,
                settled_before=running_ms - self.limits.keep_ms,
            )
            self._note_dropped(sql, evicted)
            erased = {
                stream.stream for stream in self.streams if self._erase_when_empty(sql, stream, running_ms)
            }
        self.streams.forget(erased)
        self._count_out(evicted)
        return evicted.frames

    def _erase_when_empty(self, sql: sqlite3.Connection, stream: Stream, running_ms: int) -> bool:
        if stream is self.streams.current or self.kept(stream) is not None:
            return False
        if self.gone(stream):
            sql.execute("UPDATE streams SET emptied = coalesce(emptied, ?) WHERE base = ?",
                        (running_ms, stream.base))  # fmt: skip
            row = sql.execute("SELECT emptied FROM streams WHERE base = ?", (stream.base,)).fetchone()
            if running_ms - row[0] < self.limits.keep_ms:
                return False
            gone.remove(sql, Ranges([stream.span]))
        self.streams.erase(sql, stream)
        return True

    def set_clock(self, boot_id: str, clock_offset: int) -> None:
        """Note what the clock of a boot turned out to be; its frames are stamped anew when they are sent."""
        with self._database.transaction() as sql:
            self.streams.set_clock(sql, boot_id, clock_offset)

    def recover(self) -> None:
        """A transaction of ours met a full disk: count anew, and give the next one some room."""
        self._database.release_reserve()
        self.recount()

    def _make_room_on_disk(self, wanted: int, spare: int | None) -> None:
        self._database.release_reserve()
        try:
            with self._database.transaction() as sql:
                evicted = eviction.make_room(sql, wanted, spare=spare)
                self._note_dropped(sql, evicted)
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            self.recount()
            return
        self._count_out(evicted)

    def _note_dropped(self, sql: sqlite3.Connection, evicted: Evicted) -> None:
        dropped = sum(evicted.by_class.values())
        if dropped:
            write(sql, {"dropped": self.dropped_total + dropped})

    def _count_out(self, evicted: Evicted) -> None:
        dropped = sum(evicted.by_class.values())
        self.bytes -= evicted.bytes
        self.depth -= dropped
        self.parked_count -= evicted.parked
        self.dropped_total += dropped
        self._ask_for_birth(evicted)

    def _ask_for_birth(self, evicted: Evicted) -> None:
        """Where no frame is left to carry what is gone, a birth has to say it."""
        touched = {self.streams.of(hi).base: self.streams.of(hi) for _, hi in evicted.unacknowledged}
        self.birth_due |= any(self.oldest(stream) > stream.last for stream in touched.values())
