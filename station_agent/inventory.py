"""What lies in the outbox: read only, from the index, never by walking over the frames."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from station_agent import gone
from station_agent.clock import STEP_MS
from station_agent.eviction import ACKNOWLEDGED, PARKED, WAITING
from station_agent.framing import CLASSES, FrameMeta, Loaded, restamp
from station_agent.streams import Stream, Streams

GONE_A_FRAME = 64


@dataclass(frozen=True, slots=True)
class StreamState:
    """What the birth says of one stream; ``kept`` is ``last + 1`` when nothing is held any more."""

    stream: str
    oldest: int
    kept: int
    last: int
    gone: tuple[tuple[int, int], ...]


class Inventory:
    """Counts of what is held, and frames in the order in which they were written.

    ``bytes`` counts all frames, ``depth`` the unacknowledged ones, ``parked_count`` those of them put aside.
    """

    bytes: int
    depth: int
    parked_count: int

    def __init__(self, sql: sqlite3.Connection, streams: Streams) -> None:
        """Count what the database holds."""
        self.streams = streams
        self._sql = sql
        self.recount()

    def recount(self) -> None:
        """Count what is held from the rows themselves: after a start, or a transaction that failed."""
        rows = self._sql.execute("SELECT state, count(*), sum(size) FROM frames GROUP BY state").fetchall()
        self.bytes = sum(row[2] for row in rows)
        self.depth = sum(row[1] for row in rows if row[0] != ACKNOWLEDGED)
        self.parked_count = sum(row[1] for row in rows if row[0] == PARKED)

    def waiting(self, *, alarms: bool, after: int, limit: int) -> list[FrameMeta]:
        """Return frames with n > ``after`` that are neither acknowledged nor parked, ascending."""
        return self._page(WAITING, (0,) if alarms else (1, 2), after, limit)

    def parked(self, *, after: int, limit: int) -> list[FrameMeta]:
        """Return parked frames with n > ``after``, ascending."""
        return self._page(PARKED, (0, 1, 2), after, limit)

    def _page(self, state: int, classes: Sequence[int], after: int, limit: int) -> list[FrameMeta]:
        rows: list[tuple[int, int]] = []
        for frame_class in classes:
            rows += self._sql.execute(
                "SELECT n, class FROM frames WHERE state = ? AND class = ? AND n > ? ORDER BY n LIMIT ?",
                (state, frame_class, after, limit),
            )
        return [self._meta(n, frame_class) for n, frame_class in sorted(rows)[:limit]]

    def _meta(self, n: int, frame_class: int) -> FrameMeta:
        stream = self.streams.of(n)
        return FrameMeta(n, stream.stream, n - stream.base, CLASSES[frame_class])

    def load(self, frame: FrameMeta) -> Loaded | None:
        """Return a frame for sending, with what its stream says now; None when it need not be sent.

        Readings written before the clock of their boot was set, or stepped, come stamped by the clock
        as it is known now (contract, section 6).
        """
        row = self._sql.execute(
            "SELECT body, clock_unset, clock_offset FROM frames WHERE n = ? AND state <> ?",
            (frame.n, ACKNOWLEDGED),
        ).fetchone()
        if row is None:
            return None
        body, unset, written_by = row
        stream = self.streams.of(frame.n)
        known = stream.clock_offset
        if known is not None and (unset or abs(known - written_by) > STEP_MS):
            body, unset = restamp(body, known - written_by), False
        return Loaded(body, bool(unset), self.oldest(stream), self.gone(stream))

    def oldest(self, stream: Stream) -> int:
        """Return the lowest ``seq`` neither acknowledged nor gone, last + 1 if there is none."""
        lowest = [
            row[0]
            for state in (WAITING, PARKED)
            for frame_class in range(len(CLASSES))
            for row in self._sql.execute(
                "SELECT n FROM frames WHERE state = ? AND class = ? AND n BETWEEN ? AND ? ORDER BY n LIMIT 1",
                (state, frame_class, *stream.span),
            )
        ]
        return min(lowest, default=stream.span[1] + 1) - stream.base

    def gone(self, stream: Stream) -> tuple[tuple[int, int], ...]:
        """Return the lowest 64 ranges of ``seq`` that were dropped and of which no ack has told yet."""
        ranges = gone.within(self._sql, *stream.span)
        first = (pair for pair, _ in zip(ranges, range(GONE_A_FRAME), strict=False))
        return tuple((lo - stream.base, hi - stream.base) for lo, hi in first)

    def stream_states(self) -> list[StreamState]:
        """Return every stream of which something is held or gone and not yet told, oldest first."""
        states = []
        for stream in self.streams:
            kept, untold = self.kept(stream), self.gone(stream)
            if kept is not None or untold or stream is self.streams.current:
                states.append(
                    StreamState(
                        stream.stream, self.oldest(stream), kept or stream.last + 1, stream.last, untold
                    )
                )
        return states

    def kept(self, stream: Stream) -> int | None:
        """Return the lowest ``seq`` held, acknowledged or not."""
        row = self._sql.execute(
            "SELECT n FROM frames WHERE n BETWEEN ? AND ? ORDER BY n LIMIT 1", stream.span
        ).fetchone()
        return row[0] - stream.base if row else None

    def age_ms(self, running_ms: int) -> int:
        """Return how long the oldest unacknowledged frame has waited in running time."""
        rows = [
            row[0]
            for state in (WAITING, PARKED)
            for frame_class in range(len(CLASSES))
            for row in self._sql.execute(
                "SELECT created FROM frames WHERE state = ? AND class = ? ORDER BY n LIMIT 1",
                (state, frame_class),
            )
        ]
        return max(0, running_ms - min(rows, default=running_ms))
