"""Maintenance windows: once, or again and again by an RRULE (RFC 5545) in local time.

A window begins and ends by the clock on the wall: one from 22:00 to 06:00 is over at 06:00 also in the
night when clocks are changed. The rule says on which days, the first beginning says at what time of day.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice

from dateutil.rrule import rrule, rrulestr

from gateway.domain.local_time import earliest, latest, wall

LONGEST = timedelta(days=31)
RULES_RUN_FOR = timedelta(days=20 * 366)
"""A rule is followed for so long at most: one that never comes true must not be searched for ever."""
_PARTS = re.compile("[A-Z]+=[^=;]+(?:;[A-Z]+=[^=;]+)*")
_ALWAYS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYDAY"}
_OF_MONTHS = _ALWAYS | {"BYMONTHDAY", "BYSETPOS"}
_FIT: Mapping[str, set[str]] = {
    "DAILY": _ALWAYS,
    "WEEKLY": _ALWAYS,
    "MONTHLY": _OF_MONTHS,
    "YEARLY": _OF_MONTHS | {"BYYEARDAY", "BYWEEKNO"},
}
"""What may stand in a rule. A 30 February asked for day by day is searched for until the year 9999."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a window is about: a station, one of its devices, a region; None for any."""

    station_id: str | None = None
    region: str | None = None
    device: str | None = None

    def covers(self, station_id: str, region: str | None, device: str) -> bool:
        """Whether a device (`""` for the station itself) is in it. Of a device alone, only that device."""
        return (
            self.station_id in {None, station_id}
            and self.region in {None, region}
            and self.device in {None, device}
        )


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When: ``begins`` on the wall, for ``lasts``; once without ``rule``. ``tz`` None: the station's own."""

    begins: datetime
    lasts: timedelta
    rule: str | None = None
    tz: str | None = None

    def __post_init__(self) -> None:
        if self.begins.tzinfo is not None:
            raise ValueError("begins is local time: leave out the offset, and name the zone in tz")
        if not timedelta() < self.lasts <= LONGEST:
            raise ValueError(f"a window lasts longer than nothing and at most {LONGEST.days} days")
        if self.rule is not None:
            check_rule(self.rule, self.begins)

    def covers(self, at: int, station_tz: str) -> bool:
        """Whether a window is open at ``at`` (ms UTC)."""
        return any(begin <= at < end for begin, end in self.between(at, at + 1, station_tz))

    def between(self, start: int, end: int, station_tz: str) -> Iterator[tuple[int, int]]:
        """Yield the windows (ms UTC, the end not in it) that touch ``start`` to ``end``, in their order."""
        tz = self.tz or station_tz
        day, last = (wall(start, tz) - self.lasts).date() - timedelta(days=1), wall(end, tz).date()
        while day <= last:
            for begins in _beginnings(self.rule, self.begins, day):
                window = earliest(begins, tz), latest(begins + self.lasts, tz)
                if window[0] < end and window[1] > start:
                    yield window
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Planned work: what it is about, when, why, and who said so. ``created`` in ms UTC."""

    id: str
    scope: Scope
    when: Recurrence
    reason: str
    by: str
    created: int

    def covers(self, station_id: str, region: str | None, device: str, at: int, station_tz: str) -> bool:
        """Whether a device is being worked on at ``at``."""
        return self.scope.covers(station_id, region, device) and self.when.covers(at, station_tz)


def check_rule(rule: str, begins: datetime) -> None:
    """Raise ValueError, saying what to write, for an RRULE that is none or that never comes true."""
    if not _PARTS.fullmatch(rule):
        raise ValueError("rule: write an RRULE like FREQ=WEEKLY;BYDAY=TU or FREQ=MONTHLY;BYDAY=3TU")
    parts = _parts(rule)
    freq = parts.get("FREQ", "")
    if freq not in _FIT:
        raise ValueError(
            f"rule: FREQ is one of {', '.join(_FIT)}; the time of day is that of the first window"
        )
    for name in parts.keys() - _FIT[freq]:
        raise ValueError(f"rule: {name} does not go with FREQ={freq}; leave it out")
    try:
        first = _parsed(rule, begins).after(begins, inc=True)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"rule: {error}") from None
    if first is None:
        raise ValueError("rule: it never comes true in 20 years")


def in_force(
    windows: Iterable[Maintenance], station_id: str, region: str | None, device: str, at: int, station_tz: str
) -> Maintenance | None:
    """Return the first window in which a device is being worked on at ``at``, if any."""
    return next((w for w in windows if w.covers(station_id, region, device, at, station_tz)), None)


def next_windows(when: Recurrence, now: int, station_tz: str, limit: int = 5) -> list[tuple[int, int]]:
    """Return the window open now and those to come, at most ``limit``, in ms UTC."""
    found: list[tuple[int, int]] = []
    begins: datetime | None = wall(now, when.tz or station_tz) - when.lasts - timedelta(days=1)
    tz = when.tz or station_tz
    while begins is not None and len(found) < limit:
        begins = _next_beginning(when, begins)
        if begins is not None:
            window = earliest(begins, tz), latest(begins + when.lasts, tz)
            if window[1] > now:
                found.append(window)
    return found


def _next_beginning(when: Recurrence, after: datetime) -> datetime | None:
    if when.rule is None:
        return when.begins if when.begins > after else None
    return _parsed(when.rule, when.begins).after(after)


@lru_cache(maxsize=8_192)
def _beginnings(rule: str | None, begins: datetime, day: date) -> tuple[datetime, ...]:
    if rule is None:
        return (begins,) if begins.date() == day else ()
    midnight = datetime.combine(day, time())
    found = _parsed(rule, begins).between(midnight, midnight + timedelta(days=1), inc=True)
    return tuple(moment for moment in found if moment.date() == day)


@lru_cache(maxsize=256)
def _parsed(rule: str, begins: datetime) -> rrule:
    parts = _parts(rule)
    count, until = parts.pop("COUNT", None), parts.pop("UNTIL", None)
    horizon = begins + RULES_RUN_FOR
    last = horizon if until is None else min(_until(until), horizon)
    _positive("INTERVAL", parts.get("INTERVAL", "1"))
    endless = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=begins)
    assert isinstance(endless, rrule)  # noqa: S101 - one line is never a set of rules
    bounded = endless.replace(until=last)
    if count is not None:
        counted = list(islice(bounded, _positive("COUNT", count)))
        bounded = endless.replace(until=counted[-1] if counted else begins - timedelta(days=1))
    return bounded


def _parts(rule: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in rule.split(";"))


def _positive(name: str, number: str) -> int:
    if not number.isdecimal() or int(number) < 1:
        raise ValueError(f"{name} is a whole number from 1")
    return int(number)


def _until(text: str) -> datetime:
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        until = None
    if until is None or until.tzinfo is not None:
        raise ValueError("UNTIL is local time, like 20271231T235959 or 20271231")
    return until if "T" in text else until + timedelta(days=1, microseconds=-1)
