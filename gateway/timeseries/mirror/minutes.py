"""What is true now and kept nowhere else: states of the stations, and the gateway's own counters.

The event loop offers it once a minute as lines. While the server is away the newest wait, so many bytes at
most; older ones are dropped and counted: a state that is over cannot be asked for any more.
"""

import threading
from collections import deque
from collections.abc import Sequence

from gateway.timeseries.mirror.counting import MirrorMetrics
from gateway.timeseries.mirror.portion import Connect, Portion, portion_of
from wire.influx import RAW

MOST_BYTES = 16 * 1024 * 1024
"""Four minutes of 12,100 stations, or a day of 37."""


class Minutes:
    """Snapshots by their time in ms; `offer` belongs to the event loop, `read` to the mirror's thread."""

    name = "minutes"

    def __init__(self, metrics: MirrorMetrics) -> None:
        self._metrics = metrics
        self._waiting: deque[tuple[int, Sequence[str], int]] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def offer(self, now: int, lines: Sequence[str]) -> None:
        """Take what holds at ``now``."""
        size = sum(map(len, lines))
        with self._lock:
            self._waiting.append((now, lines, size))
            self._bytes += size
            while self._bytes > MOST_BYTES and len(self._waiting) > 1:
                self._bytes -= self._waiting.popleft()[2]
                self._metrics.dropped.inc()

    def read(self, connect: Connect, position: int) -> Portion | None:  # noqa: ARG002 - of the protocol
        """Return the oldest snapshot beyond the position."""
        with self._lock:
            while self._waiting and self._waiting[0][0] <= position:
                self._bytes -= self._waiting.popleft()[2]
            if not self._waiting:
                return None
            at, lines, _ = self._waiting[0]
        return portion_of(RAW, lines, at)
