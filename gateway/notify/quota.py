"""How often a robot may be called: so many in any stretch of time, some of them kept for what is urgent."""

from collections import deque
from collections.abc import Sequence

_KEPT = 5
"""One call in so many of a window is kept for what is urgent."""


class Quota:
    """At most ``most`` calls in any ``span_ms``, for each of ``windows``.

    A bucket that refills would let twice its size through within its first minute, and the robots count
    any minute. Calls that are not urgent leave a fifth of each window free, so that a storm of small things
    never makes a P1 wait.
    """

    def __init__(self, windows: Sequence[tuple[int, int]]) -> None:
        self._windows = [(most, max(1, most - most // _KEPT), span_ms) for most, span_ms in windows]
        self._calls: deque[int] = deque(maxlen=max(most for most, _ in windows))
        self._paused_until = 0

    def wait_ms(self, now: int, *, urgent: bool) -> int:
        """Return how long no call may be made; 0 when one may be made now."""
        self._forgive_a_clock_put_back(now)
        waits = [self._paused_until - now]
        for most, ordinary, span_ms in self._windows:
            allowed = most if urgent else ordinary
            if len(self._calls) >= allowed:
                waits.append(self._calls[-allowed] + span_ms - now)
        return max(0, *waits)

    def take(self, now: int) -> None:
        """Count a call made now."""
        self._forgive_a_clock_put_back(now)
        self._calls.append(now)

    def pause(self, now: int, for_ms: int) -> None:
        """Make no call for a while: the robot said it was too much."""
        self._paused_until = max(self._paused_until, now + for_ms)

    def _forgive_a_clock_put_back(self, now: int) -> None:
        if self._calls and self._calls[-1] > now:
            ahead = self._calls[-1] - now
            self._calls = deque((call - ahead for call in self._calls), maxlen=self._calls.maxlen)
            self._paused_until -= ahead
