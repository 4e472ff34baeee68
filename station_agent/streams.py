"""The streams of this box: one per run of the agent, each a stretch of the box's frame numbers."""

import sqlite3
from bisect import bisect_left
from collections.abc import Container, Iterator
from dataclasses import dataclass

from wire.ranges import Ranges


@dataclass(slots=True)
class Stream:
    """Frame ``seq`` of this stream has the box-wide number ``n = base + seq``; ``last`` is the newest.

    ``clock_offset`` (ms) turns the monotonic clock of its boot into the time, once that is known.
    """

    base: int
    stream: str
    boot_id: str
    last: int = 0
    clock_offset: int | None = None

    @property
    def span(self) -> tuple[int, int]:
        """The first and last ``n`` of the stream; the first is above the last when it is empty."""
        return self.base + 1, self.base + self.last

    def numbers(self, seqs: Ranges) -> Ranges:
        """Return the ``n`` of those ``seqs`` that this stream has given out."""
        return Ranges((self.base + lo, self.base + hi) for lo, hi in seqs.within(1, self.last))


class Streams:
    """All streams of which something is held or still to be told, and the one being written."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        """Read them from the database."""
        rows = sql.execute("SELECT base, stream, boot_id, last, clock_offset FROM streams ORDER BY base")
        self._all = [Stream(*row) for row in rows]

    def __iter__(self) -> Iterator[Stream]:
        """Yield them oldest first; streams may be forgotten meanwhile."""
        return iter(list(self._all))

    @property
    def current(self) -> Stream:
        """The stream of this run."""
        return self._all[-1]

    def start(self, sql: sqlite3.Connection, stream: str, boot_id: str) -> None:
        """Begin the stream of this run right after the last number any run gave out."""
        base = self._all[-1].span[1] if self._all else 0
        if self._all and self._all[-1].last == 0:
            sql.execute("DELETE FROM streams WHERE base = ?", (self._all.pop().base,))
        sql.execute(
            "INSERT INTO streams (base, stream, boot_id, last) VALUES (?, ?, ?, 0)", (base, stream, boot_id)
        )
        self._all.append(Stream(base, stream, boot_id))

    def set_clock(self, sql: sqlite3.Connection, boot_id: str, clock_offset: int) -> None:
        """Note the clock offset of every stream of a boot."""
        sql.execute("UPDATE streams SET clock_offset = ? WHERE boot_id = ?", (clock_offset, boot_id))
        for stream in self._all:
            if stream.boot_id == boot_id:
                stream.clock_offset = clock_offset

    def erase(self, sql: sqlite3.Connection, stream: Stream) -> None:
        """Take a stream of an earlier run off the disk; to be forgotten once that is committed."""
        sql.execute("DELETE FROM streams WHERE base = ?", (stream.base,))

    def forget(self, erased: Container[str]) -> None:
        """Forget streams that are no longer on disk."""
        self._all = [known for known in self._all if known.stream not in erased]

    def named(self, stream: str) -> Stream | None:
        """Find a stream by its ULID."""
        return next((known for known in self._all if known.stream == stream), None)

    def of(self, n: int) -> Stream:
        """Find the stream that frame ``n`` belongs to."""
        return self._all[bisect_left(self._all, n, key=lambda stream: stream.base) - 1]
