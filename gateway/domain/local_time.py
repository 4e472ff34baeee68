"""Between milliseconds UTC and the clock on the wall of a place.

Where a clock is put forward or back, a time on the wall may exist twice or not at all. What begins then
begins at the earliest moment it can mean, what ends then at the latest: nothing planned is cut short.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def wall(ms: int, tz: str) -> datetime:
    """Return what the clock on the wall shows, without a zone."""
    return datetime.fromtimestamp(ms / 1_000, ZoneInfo(tz)).replace(tzinfo=None, fold=0)


def earliest(on_the_wall: datetime, tz: str) -> int:
    """Return the first moment, in ms UTC, that a time on the wall can mean."""
    return min(_meanings(on_the_wall, tz))


def latest(on_the_wall: datetime, tz: str) -> int:
    """Return the last moment, in ms UTC, that a time on the wall can mean."""
    return max(_meanings(on_the_wall, tz))


def _meanings(on_the_wall: datetime, tz: str) -> tuple[int, int]:
    zone = ZoneInfo(tz)
    first, second = (on_the_wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return round(first.timestamp() * 1_000), round(second.timestamp() * 1_000)
