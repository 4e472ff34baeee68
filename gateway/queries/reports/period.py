"""The time a report is about: a day, a calendar month or a year, in the clock of each station."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from gateway.domain.local_time import earliest

_WRITTEN = re.compile("([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_FIRST_YEAR, _LAST_YEAR = 2020, 2199


@dataclass(frozen=True, slots=True)
class Period:
    """From ``first`` to before ``after``, local days; ``text`` is how it is asked for (see `parse`)."""

    text: str
    first: date
    after: date

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read a period; ValueError says how to write one."""
        found = _WRITTEN.fullmatch(text)
        try:
            if found is None or not _FIRST_YEAR <= int(found[1]) <= _LAST_YEAR:
                raise ValueError  # noqa: TRY301 - one sentence says it all
            year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
            first = date(year, month, day)
        except ValueError:
            raise ValueError("write a period like 2026, 2026-11 or 2026-11-20") from None
        if found[3]:
            return cls(text, first, first + timedelta(days=1))
        return cls(text, first, _month_after(first) if found[2] else date(year + 1, 1, 1))

    @property
    def unit(self) -> str:
        """Return what it is: `day`, `month` or `year`."""
        return ("year", "month", "day")[self.text.count("-")]

    def span(self, tz: str) -> tuple[int, int]:
        """Return when it begins and ends (ms UTC) where the clock shows the time of ``tz``."""
        return begin_of(self.first, tz), begin_of(self.after, tz)

    def months(self) -> Iterator["Period"]:
        """Yield the calendar months it touches."""
        first = self.first.replace(day=1)
        while first < self.after:
            yield Period(f"{first:%Y-%m}", first, _month_after(first))
            first = _month_after(first)

    def days(self) -> Iterator[date]:
        """Yield its days."""
        for n in range((self.after - self.first).days):
            yield self.first + timedelta(days=n)


def begin_of(day: date, tz: str) -> int:
    """Return the first moment of a local day, in ms UTC."""
    return earliest(datetime.combine(day, time()), tz)


def _month_after(first: date) -> date:
    return first + timedelta(days=calendar.monthrange(first.year, first.month)[1])
