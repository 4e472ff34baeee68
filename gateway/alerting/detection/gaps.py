"""Numbers that are missing in stations' streams: a conclusion from absence waits for them.

A hole is a run of numbers below one that was received. Its *edge* is when the frame just above it came: what
the hole holds happened before that. Holes are remembered with the frames that opened and closed them, so it
can be asked how things stood at any frame of a batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from gateway.alerting.detection.rows import Clocks, Ints
from gateway.batch.numbering import Sources

KEPT_MS = 600_000
"""A hole older than this holds up nobody's conclusions; nor does one that was closed so long ago."""
WAIT_MS = 10_000
"""So long a conclusion from absence waits for missing numbers (contract section 6)."""
ON_THE_WAY_MS = 2_000
"""What belongs together may be received this much apart: it has frames of its own."""
MOST_HOLES = 256
"""Of one station; the oldest are forgotten first."""


@dataclass(slots=True)
class Hole:
    """Missing numbers ``lo`` to ``hi`` of a stream; frames are the gateway's numbers, times ms of receipt."""

    source: int
    lo: int
    hi: int
    edge: int
    opened: int
    closed: int | None = None
    closed_at: int | None = None


@dataclass
class Gaps:
    """Follows the numbers of every stream; a batch without holes costs a few comparisons of columns."""

    _last: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    _holes: dict[str, list[Hole]] = field(default_factory=dict)
    _judged: int = 0

    def take(self, frames: pa.Table, clocks: Clocks, sources: Sources) -> None:
        """Take the frames of a batch; those of best effort have no numbers."""
        numbered = frames["seq"].is_valid().to_numpy()
        source = frames["source"].to_numpy().astype(np.int64)[numbered]
        if not len(source):
            return
        seq = frames["seq"].drop_null().to_numpy()
        frame = clocks.frame[numbered]
        self._grow(int(source.max()) + 1)
        order = np.argsort(source, kind="stable")
        troubled = self._troubled(source[order], seq[order])
        places = np.flatnonzero(np.isin(source, troubled))
        columns = (source[places], seq[places], frame[places], clocks.of(frame[places]))
        heard = set()
        for number, *arrived in zip(*(column.tolist() for column in columns), strict=True):
            station_id = sources.known[number].station_id
            self._arrive(station_id, number, *arrived)
            heard.add(station_id)
        for station_id in heard:
            self._forget(station_id)
        np.maximum.at(self._last, source, seq)
        self._judged = int(clocks.received[-1])

    def holds_up(self, station_id: str, edges: tuple[int, int], frame: int) -> bool:
        """Whether a hole with its edge in a time (both ends included) was open once a frame was known."""
        return any(
            hole.closed is None or hole.closed > frame for hole in self._near(station_id, edges, frame)
        )

    def is_fresh(self, station_id: str, now: int, frame: int) -> bool:
        """Whether a hole that is open once a frame is known may still close in time (``now``, ms)."""
        return self.holds_up(station_id, (now - WAIT_MS + 1, now), frame)

    def closed_at(self, station_id: str, edges: tuple[int, int], frame: int) -> int | None:
        """Return when the last hole open at a frame closed (ms of receipt); None while one is open."""
        times = [hole.closed_at for hole in self._near(station_id, edges, None) if _is_open(hole, frame)]
        known = [time for time in times if time is not None]
        return max(known) if known and len(known) == len(times) else None

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        holes = {
            station_id: [
                (one.source, one.lo, one.hi, one.edge, one.opened, one.closed, one.closed_at)
                for one in listed
            ]
            for station_id, listed in self._holes.items()
        }
        return {"last": self._last, "holes": holes}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        self._last = saved["last"]
        self._holes = {
            station_id: [Hole(*one) for one in listed] for station_id, listed in saved["holes"].items()
        }

    def _near(self, station_id: str, edges: tuple[int, int], frame: int | None) -> Iterator[Hole]:
        since, until = max(edges[0], edges[1] - KEPT_MS), edges[1]
        for hole in self._holes.get(station_id, ()):
            if since <= hole.edge <= until and (frame is None or hole.opened <= frame):
                yield hole

    def _troubled(self, source: Ints, seq: Ints) -> Ints:
        """Return the streams of which a number was left out or comes late, or that have holes."""
        before = np.empty_like(seq)
        before[1:] = seq[:-1]
        begins = np.diff(source, prepend=-1) != 0
        before[begins] = self._last[source[begins]]
        # a stream is counted from the first number ever heard of it
        odd = (seq != before + 1) & ~(begins & (before == 0))
        holed = [one.source for listed in self._holes.values() for one in listed if one.closed is None]
        return np.union1d(source[odd], np.array(holed, np.int64))

    def _arrive(self, station_id: str, source: int, seq: int, frame: int, received: int) -> None:
        last = int(self._last[source])
        listed = self._holes.setdefault(station_id, [])
        if last and seq > last + 1:
            listed.append(Hole(source, last + 1, seq - 1, received, frame))
        elif seq <= last:
            self._fill(listed, source, seq, frame, received)
        self._last[source] = max(last, seq)
        if len(listed) > 2 * MOST_HOLES:
            self._forget(station_id)

    def _fill(self, listed: list[Hole], source: int, seq: int, frame: int, received: int) -> None:
        # a backlog fills the newest of its holes, thousands of times
        hole = next(
            (h for h in reversed(listed) if h.source == source and h.closed is None and h.lo <= seq <= h.hi),
            None,
        )
        if hole is None:
            return
        if hole.lo == seq < hole.hi:
            hole.lo += 1  # what is left was open all the time, with the same edge
            return
        hole.closed, hole.closed_at = frame, received
        if hole.lo < seq:
            listed.append(Hole(source, hole.lo, seq - 1, received, frame))
        if seq < hole.hi:
            listed.append(Hole(source, seq + 1, hole.hi, hole.edge, frame))

    def _forget(self, station_id: str) -> None:
        """Forget what was old before this batch: its own first frames may still ask for all the rest."""
        kept = self._judged - KEPT_MS
        listed = [hole for hole in self._holes[station_id] if max(hole.edge, hole.closed_at or 0) >= kept]
        self._holes[station_id] = listed[-MOST_HOLES:]
        if not listed:
            del self._holes[station_id]

    def _grow(self, size: int) -> None:
        missing = size - len(self._last)
        if missing > 0:
            more = max(missing, len(self._last) // 4)
            self._last = np.concatenate([self._last, np.zeros(more, np.int64)])


def _is_open(hole: Hole, frame: int) -> bool:
    return hole.closed is None or hole.closed > frame
