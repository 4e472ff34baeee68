"""How far behind the mirror is, in frames and in time."""

from collections.abc import Callable

import duckdb

from gateway.timeseries.mirror.counting import MirrorMetrics

_LOOKED_AT = 10_000
"""Frames among which the oldest is looked for: they lie in the order of receipt."""


class Lag:
    """Measured by the mirror's thread, asked by anybody."""

    def __init__(
        self, durable_upto: Callable[[], int], metrics: MirrorMetrics, clock: Callable[[], int]
    ) -> None:
        self._durable_upto = durable_upto
        self._metrics = metrics
        self._clock = clock
        self._oldest: int | None = None
        self.frames = 0

    def measure(self, cursor: duckdb.DuckDBPyConnection, position: int) -> None:
        """Look what lies beyond the position; duckdb.Error when the store fails."""
        self.frames = max(0, self._durable_upto() - position)
        self._oldest = _oldest(cursor, position) if self.frames else None
        self._metrics.lag_frames.set(self.frames)
        self._metrics.lag_seconds.set(self.seconds)

    @property
    def seconds(self) -> float:
        """How long ago the oldest frame was received that is not mirrored; 0 for none."""
        oldest = self._oldest
        return 0.0 if oldest is None else max(0.0, (self._clock() - oldest) / 1_000)


def _oldest(cursor: duckdb.DuckDBPyConnection, position: int) -> int | None:
    asked = "SELECT min(received) FROM frames_raw WHERE frame > ? AND frame <= ?"
    ((oldest,),) = cursor.execute(asked, [position, position + _LOOKED_AT]).fetchall()
    return None if oldest is None else int(oldest)
