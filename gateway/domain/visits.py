"""Person-visits (服务人次): one figure with its error band out of what a station's hours amount to.

A person-visit is one person coming in, each of a group, staff left out; it belongs to the hour of entering.
What each hour amounts to is an expectation with its chance (variance) and what may be wrong with all of it
(bias); these add up over any time, so a month is told by the same numbers as its hours. Only whole people are
shown: hours are rounded so that they add up to their days, months and years.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from gateway.domain.local_time import HOUR_MS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SIGMAS = 2.0
"""So many standard deviations of chance lie inside the band: 95 % of a normal distribution."""


class Method(StrEnum):
    """What a figure rests on."""

    COUNTER = "counter"
    GRANTS = "grants"
    PRESENCE = "presence"
    MIXED = "mixed"


METHODS = (Method.COUNTER, Method.GRANTS, Method.PRESENCE)
"""By the number that stands for them in `Reckoned.method`, from 1; 0 is nothing heard."""


@dataclass(frozen=True, slots=True)
class Hours:
    """What was seen of one station in hours running, one row each; seconds are those somebody was heard.

    ``starts`` ms UTC; ``whole_s`` scheduled seconds (0 while closed, not yet there, or to come); ``entries``
    and ``exits`` what counters grew by; ``grants`` to visitors, ``staff`` to staff; ``person_s`` seconds
    spent inside, over all people; ``counted_s``, ``guarded_s``, ``present_s`` how long counters, door
    controllers and presence sensors were heard.
    """

    starts: Ints
    whole_s: Floats
    entries: Floats
    exits: Floats
    counted_s: Floats
    grants: Floats
    staff: Floats
    guarded_s: Floats
    person_s: Floats
    present_s: Floats

    def on_the_wall(self, tz: str) -> tuple[Ints, Ints]:
        """Return the local hours of the day, and the local days counted from the first."""
        return _on_the_wall(int(self.starts[0]), len(self.starts), tz)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What each hour amounts to, as columns; ``method`` numbers `METHODS` from 1; 0: unheard."""

    starts: Ints
    mean: Floats
    variance: Floats
    bias: Floats
    covered_s: Floats
    whole_s: Floats
    method: Ints

    @property
    def is_known(self) -> bool:
        """Whether anything was heard in any of the hours."""
        return bool(self.method.any())


@dataclass(frozen=True, slots=True)
class Figure:
    """Visits from ``start`` (ms) on, between ``low`` and ``high``; None where nothing was ever heard.

    ``method`` is None where all of it is only what is usual at such hours. Covered and scheduled seconds.
    """

    start: int
    visits: int | None
    low: int | None
    high: int | None
    method: Method | None
    covered_s: int
    whole_s: int

    @property
    def completeness(self) -> float | None:
        """The share of the scheduled time that was heard; None where none was scheduled."""
        return None if self.whole_s == 0 else round(self.covered_s / self.whole_s, 4)


@lru_cache(maxsize=64)
def _on_the_wall(start: int, count: int, tz: str) -> tuple[Ints, Ints]:
    zone = ZoneInfo(tz)
    moments = [datetime.fromtimestamp((start + n * HOUR_MS) / 1_000, zone) for n in range(count)]
    days = np.array([moment.toordinal() for moment in moments], np.int64)
    return np.array([moment.hour for moment in moments], np.int64), days - days[0]


def figures(months: Sequence[Reckoned], bounds: Ints) -> list[Figure]:
    """Return one figure from each bound to the next; ``months`` running, each rounded by itself.

    Bounds (ms) ascend and lie on hours, the last one ends; hours outside are left out.
    """
    joined = _joined(months)
    people = np.concatenate([np.zeros(0, np.int64), *map(_whole_people, months)])
    places = np.searchsorted(joined.starts, bounds)
    pairs = zip(places[:-1].tolist(), places[1:].tolist(), bounds.tolist(), strict=False)
    return [_figure(start, joined, people, slice(lo, hi)) for lo, hi, start in pairs]


def _whole_people(month: Reckoned) -> Ints:
    """Round what has come by the end of each hour, and tell it hour by hour."""
    come = np.floor(np.cumsum(month.mean) + 0.5 + 1e-9).astype(np.int64)
    return np.diff(come, prepend=0)


def _figure(start: int, of: Reckoned, people: Ints, hours: slice) -> Figure:
    covered, whole = round(of.covered_s[hours].sum()), round(of.whole_s[hours].sum())
    found = set(of.method[hours].tolist()) - {0}
    if not of.is_known:
        return Figure(start, None, None, None, None, covered, whole)
    mean, visits = float(of.mean[hours].sum()), int(people[hours].sum())
    half = float(np.sqrt(SIGMAS**2 * of.variance[hours].sum() + of.bias[hours].sum() ** 2))
    low, high = max(0, int(np.floor(mean - half))), int(np.ceil(mean + half))
    method = None if not found else METHODS[found.pop() - 1] if len(found) == 1 else Method.MIXED
    return Figure(start, visits, min(low, visits), max(high, visits), method, covered, whole)


def _joined(months: Sequence[Reckoned]) -> Reckoned:
    if len(months) == 1:
        return months[0]
    names = Reckoned.__slots__
    return Reckoned(*(np.concatenate([getattr(month, name) for month in months]) for name in names))


def hours_between(start: int, end: int) -> Ints:
    """Return the starts of the hours (ms) from ``start`` to before ``end``."""
    return np.arange(start, end, HOUR_MS, dtype=np.int64)
