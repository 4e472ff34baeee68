"""Cut time into buckets: fixed steps from the epoch, or a place's own days."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
UTC_ZONE = ZoneInfo("UTC")


class Every(StrEnum):
    """How far apart answered readings are."""

    RAW = "raw"
    MINUTE = "1m"
    QUARTER = "15m"
    HOUR = "1h"
    DAY = "1d"


STEP_MS = {Every.MINUTE: MINUTE_MS, Every.QUARTER: 15 * MINUTE_MS, Every.HOUR: 60 * MINUTE_MS}


def day_start(ms: int, tz: ZoneInfo) -> int:
    """Return when the local day began that holds ``ms``."""
    local = datetime.fromtimestamp(ms / 1_000, tz)
    return _ms_of(datetime(local.year, local.month, local.day, tzinfo=tz))


def day_starts(start: int, end: int, tz: ZoneInfo) -> list[int]:
    """Return the starts of the local days that touch ``start <= ts < end``, ascending.

    A day has 23, 24 or 25 hours where clocks change.
    """
    local = datetime.fromtimestamp(start / 1_000, tz)
    day = datetime(local.year, local.month, local.day, tzinfo=tz)
    starts: list[int] = []
    while (begin := _ms_of(day)) < end:
        starts.append(begin)
        day = day.replace(tzinfo=None) + timedelta(days=1)
        day = day.replace(tzinfo=tz)
    return starts


def bucket_start(ms: int, every: Every, tz: ZoneInfo) -> int:
    """Return the start of the bucket that holds ``ms``; of `raw` the time itself."""
    if every is Every.RAW:
        return ms
    return day_start(ms, tz) if every is Every.DAY else ms - ms % STEP_MS[every]


def _ms_of(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp() * 1_000)
