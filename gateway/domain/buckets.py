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
    MONTH = "1mo"
    YEAR = "1y"


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
    if every in STEP_MS:
        return ms - ms % STEP_MS[every]
    day = datetime.fromtimestamp(day_start(ms, tz) / 1_000, tz)
    if every is Every.MONTH:
        day = day.replace(day=1)
    if every is Every.YEAR:
        day = day.replace(month=1, day=1)
    return _ms_of(day)


def bucket_starts(start: int, end: int, every: Every, tz: ZoneInfo) -> list[int]:
    """Return the starts of the buckets that touch ``start <= ts < end``, ascending; of `raw` none."""
    if every is Every.RAW:
        return []
    if every in STEP_MS:
        return list(range(bucket_start(start, every, tz), end, STEP_MS[every]))
    return list(dict.fromkeys(bucket_start(day, every, tz) for day in day_starts(start, end, tz)))


def _ms_of(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp() * 1_000)
