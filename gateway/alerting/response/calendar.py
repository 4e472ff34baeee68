"""Day, night and the digest hour, as those on call live them."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from gateway.domain.local_time import earliest, wall

DIGEST_LASTS_MS = 600_000
"""What becomes due in so long after the digest hour still belongs to the digest."""


@dataclass(frozen=True, slots=True)
class Days:
    """``day_begins`` to ``day_ends`` people may be told of what is not urgent; ``digest`` is when P4 is told.

    ``tz`` is that of the people on call. ``start_up_grace_ms``: so long after its boot a station's small
    faults wait.
    """

    tz: str
    day_begins: time = time(8)
    day_ends: time = time(20)
    digest: time = time(8)
    start_up_grace_ms: int = 300_000

    def is_day(self, now: int) -> bool:
        """Whether ``now`` (ms UTC) is by day; a day that ends before it begins goes across midnight."""
        at = wall(now, self.tz).time()
        if self.day_begins <= self.day_ends:
            return self.day_begins <= at < self.day_ends
        return at >= self.day_begins or at < self.day_ends

    def next_digest(self, now: int) -> int:
        """Return when the next digest is due, in ms UTC: after ``now``."""
        return self.next_at(self.digest, now)

    def in_digest(self, now: int) -> bool:
        """Whether the digest is being put together at ``now``."""
        return self.next_digest(now - DIGEST_LASTS_MS) <= now

    def next_at(self, clock: time, now: int) -> int:
        """Return the next moment after ``now``, in ms UTC, at which the clock on the wall shows a time."""
        day = wall(now, self.tz).date()
        for ahead in range(3):
            moment = earliest(datetime.combine(day + timedelta(days=ahead), clock), self.tz)
            if moment > now:
                return moment
        raise AssertionError("a clock shows every time once in two days")
