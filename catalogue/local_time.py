"""Local times of day in rules."""

import re

_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def is_time_of_day(text: str) -> bool:
    """Whether this is a time from 00:00 to 24:00."""
    return _CLOCK.fullmatch(text) is not None


def minute_of_day(text: str) -> int:
    """Return the minutes since midnight of a time of day."""
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)
