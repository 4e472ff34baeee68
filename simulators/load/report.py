"""What became of a load run."""

import json
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Report:
    """The figures of a run; ``reason`` is empty when every frame was acknowledged."""

    sent: int
    acknowledged: int
    resent: int
    seconds: float
    ack_ms: dict[str, float]
    reason: str = ""

    def line(self) -> str:
        """The one line of JSON that the command prints."""
        return json.dumps(
            {
                "sent": self.sent,
                "acknowledged": self.acknowledged,
                "resent": self.resent,
                "seconds": round(self.seconds, 3),
                "ack_ms": self.ack_ms,
            }
        )


class Delays:
    """Times from sending to acknowledgement, counted in steps of 0.1 ms up to 200 s."""

    _STEP_US = 100
    _STEPS = 2_000_000

    def __init__(self) -> None:
        self._counts = np.zeros(self._STEPS, np.int64)

    def add(self, delays_us: list[int]) -> None:
        """Count some delays, in microseconds."""
        for delay in delays_us:
            self._counts[min(delay // self._STEP_US, self._STEPS - 1)] += 1

    def percentiles(self) -> dict[str, float]:
        """``p50``, ``p95`` and ``p99`` in milliseconds; 0 when nothing was counted."""
        below = np.cumsum(self._counts)
        ranks = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
        steps = {name: int(np.searchsorted(below, below[-1] * share)) for name, share in ranks.items()}
        return {name: step * self._STEP_US / 1000 for name, step in steps.items()}
