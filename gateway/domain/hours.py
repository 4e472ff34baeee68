"""Hours of the week: when a station is open, when somebody's shift runs.

A span that ends at or before its beginning ends on the next day; it belongs to the day it begins on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from gateway.domain.holidays import Holidays
from gateway.domain.local_time import earliest, latest, wall
from gateway.domain.registry import OpenHours

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTES_A_DAY = 24 * 60
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """A span of minutes since midnight, 0 to 1,440, on the days of some words.

    A word is a day of the week, `workday` (swapped weekend days included) or `dayoff` (all others).
    """

    days: frozenset[str]
    begin: int
    end: int

    @classmethod
    def of(cls, days: str, begin: str, end: str) -> "Hours":
        """Read it as `stations.yaml` writes it: ``mon-fri,sun``, ``22:00``, ``06:00``."""
        return cls(frozenset(_words(days)), _minutes(begin), _minutes(end))

    def on(self, day: date, calendar: Holidays) -> bool:
        """Whether a span begins on a day."""
        kind = "workday" if calendar.is_workday(day) else "dayoff"
        return _WEEK[day.weekday()] in self.days or kind in self.days

    def span(self, day: date, tz: str) -> tuple[int, int]:
        """Return the span that begins on a day as ms UTC, the end not in it."""
        midnight = datetime.combine(day, time())
        length = self.end - self.begin
        end = self.end if length > 0 else self.end + _MINUTES_A_DAY
        return (
            earliest(midnight + timedelta(minutes=self.begin), tz),
            latest(midnight + timedelta(minutes=end), tz),
        )


def hours_of(entries: Iterable[OpenHours]) -> tuple[Hours, ...]:
    """Return the hours that `stations.yaml` gives a station."""
    return tuple(Hours.of(entry.days, entry.from_, entry.to) for entry in entries)


def within(hours: Iterable[Hours], at: int, tz: str, calendar: Holidays) -> bool:
    """Whether ``at`` (ms UTC) is in any of the hours; no hours at all mean always: stations never close."""
    asked = tuple(hours)
    today = wall(at, tz).date()
    return not asked or any(
        begin <= at < end for begin, end in _spans(asked, today - _DAY, today, tz, calendar)
    )


def spans(
    hours: Iterable[Hours], start: int, end: int, tz: str, calendar: Holidays
) -> Iterator[tuple[int, int]]:
    """Yield the spans, in ms UTC, that touch ``start`` to ``end``; they may overlap."""
    first, last = wall(start, tz).date() - _DAY, wall(end, tz).date()
    for begin, stop in _spans(tuple(hours), first, last, tz, calendar):
        if begin < end and stop > start:
            yield begin, stop


def _spans(
    hours: tuple[Hours, ...], first: date, last: date, tz: str, calendar: Holidays
) -> Iterator[tuple[int, int]]:
    for back in range((last - first).days + 1):
        day = first + timedelta(days=back)
        for entry in hours:
            if entry.on(day, calendar):
                yield entry.span(day, tz)


def _words(days: str) -> Iterator[str]:
    for part in days.split(","):
        first, _, last = part.partition("-")
        if not last:
            yield first
            continue
        begin, end = _WEEK.index(first), _WEEK.index(last)
        for n in range(begin, end + 1 if end >= begin else end + 8):
            yield _WEEK[n % 7]


def _minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)
