"""statistic: a figure over a window of time, if need be against what is usual."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

import numpy as np

from catalogue.kinds.statistic import Figure
from catalogue.kinds.statistic import Statistic as Spec
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.counted import LONG_MS, QUARTER_MS, dial_of_field, epochs_of, stretch_of
from gateway.alerting.detection.kinds.figured import Figured, known
from gateway.alerting.detection.kinds.folding import NEEDS, fold
from gateway.alerting.detection.kinds.hearing import MINUTE_MS, Candidates
from gateway.alerting.detection.kinds.kind import Active
from gateway.alerting.detection.learned import Usual, needed
from gateway.alerting.detection.moment import covers_ms
from gateway.alerting.detection.rings import Floats, Samples
from gateway.alerting.detection.rows import Bools, Column, Ints
from gateway.alerting.detection.standing import Field
from gateway.alerting.detection.view import View
from gateway.alerting.detection.windows import Course, Growth
from gateway.domain.alerts import Judgement
from gateway.domain.local_time import earliest, wall

DAY_MS = 86_400_000
LONGEST_DAY_MS = 26 * 3_600_000
"""A day on which clocks are put back, and the quarter after it in which it is judged."""
DAILY_COVERS_MS = DAY_MS - 1
"""To the next closing and no further: that has to be heard before a second day counts."""
PRESENCE: tuple[Field, ...] = (("occupancy", "zone_occupied"), ("occupancy", "cubicle_occupied"))


class _Book(NamedTuple):
    """Figures that can be worked out of the same cells: a field, its stretches, what is measured from."""

    of: Field
    stretch: int
    away_from: float | None
    counts: bool
    roles: frozenset[str]


class _Span(NamedTuple):
    """A window: its end (ms), and how many stretches up to there."""

    end: int
    stretches: int


class Statistic(Figured):
    """Windows of gauges and counters, judged at instants or once a day."""

    def __init__(self, plan: Plan) -> None:
        spec = cast("Spec", plan.variants.rules[0].spec)
        self._plain = {name: one for name, one in spec.figures.items() if isinstance(one, Figure)}
        self._ratios = {name: one for name, one in spec.figures.items() if not isinstance(one, Figure)}
        self._between = _between(plan, self._plain.values())
        self._learned = spec.learned
        self._usual = Usual(needed(spec.learned))
        self._closed: dict[str, int] = {}
        self._books = self._opened(plan)
        asked = any(one.unless_present for one in self._plain.values())
        self._present = {
            of: Course(QUARTER_MS, LONGEST_DAY_MS, covers_ms(of), frozenset({"max"}))
            for of in PRESENCE
            if asked
        }
        fields = frozenset({book.of for book in self._books} | set(self._present))
        step = min(MINUTE_MS, *(book.stretch for book in self._books))
        super().__init__(plan, fields, QUARTER_MS if self._between else step)

    def _opened(self, plan: Plan) -> dict[_Book, Course | Growth]:
        """Return the cells that the figures need, one set for those of the same field and stretches."""
        asked: dict[_Book, list[Figure]] = {}
        for one in self._plain.values():
            asked.setdefault(_book(plan, one), []).append(one)
        return {book: _cells(book, figures) for book, figures in asked.items()}

    # -- what is said ----------------------------------------------------------------------------------

    def note(self, of: Field, column: Column, inside: Bools, samples: Samples) -> None:
        """Take what was said into the cells of its stretch."""
        for book, cells in self._books.items():
            if book.of != of:
                continue
            kept = _served(self.plan, book, samples)
            if isinstance(cells, Growth):
                cells.take(_chosen(samples, kept), epochs_of(column, inside)[kept])
            else:
                cells.take(_measured_from(_chosen(samples, kept), book.away_from))
        if of in self._present:
            self._present[of].take(samples)

    def fill(self, of: Field, samples: Samples) -> None:
        """Let counters know how far they had got meanwhile; the time that gauges held is booked already."""
        for book, cells in self._books.items():
            if book.of == of and isinstance(cells, Growth):
                cells.fill(_chosen(samples, _served(self.plan, book, samples)))

    # -- figures ---------------------------------------------------------------------------------------

    def figures(self, who: Candidates, now: int) -> dict[str, Floats]:
        """Work the figures out as of an instant."""
        spans = {
            name: _Span(now, max(1, cast("int", one.window) // _book(self.plan, one).stretch))
            for name, one in self._plain.items()
        }
        return self._all(who, spans)

    def _all(self, who: Candidates, spans: Mapping[str, _Span]) -> dict[str, Floats]:
        figures = {name: self._figure(one, who, spans[name]) for name, one in self._plain.items()}
        for name, ratio in self._ratios.items():
            with np.errstate(invalid="ignore", divide="ignore"):
                value = figures[ratio.of] / figures[ratio.per]
            figures[name] = np.where(np.isfinite(value), value, np.nan)
        return figures

    def _figure(self, one: Figure, who: Candidates, span: _Span) -> Floats:
        book, places = _book(self.plan, one), self.plan.places
        cells = self._books[book]
        if "." not in one.field and len(who.series):
            return self._of_series(one, cells, who.series, span)
        series = cells.series[np.isin(places.station[cells.series], who.stations)]
        values = self._of_series(one, cells, series, span)
        return _across(one.across, values, places.station[series], len(places.stations))[who.stations]

    def _of_series(self, one: Figure, cells: Course | Growth, series: Ints, span: _Span) -> Floats:
        values = np.full(len(series), np.nan)
        followed = cells.among(len(self.plan.places))[series]
        series = series[followed]
        if not len(series):
            return values
        left_out = self._presence(series, span) if one.unless_present else None
        values[followed] = fold(one, cells, cells.rows(series), *span, left_out)
        return values

    def _presence(self, series: Ints, span: _Span) -> Bools:
        """Return in which quarters anybody was at the station of each series."""
        stations = self.plan.places.station
        here = np.zeros((len(self.plan.places.stations), span.stretches), np.bool_)
        for course in self._present.values():
            rows = course.rows(course.series)
            (highest,) = course.ring.read(rows, (span.end - 1) // QUARTER_MS, span.stretches, "max")
            np.logical_or.at(here, stations[course.series], highest > 0)
        return here[stations[series]]

    # -- once a day ------------------------------------------------------------------------------------

    def judge(self, view: View, now: int, active: Active) -> Iterator[Judgement]:
        """Judge at an instant; what is asked once a day, for the stations whose day has just closed."""
        if self._between is None:
            yield from super().judge(view, now, active)
            return
        self.heard.candidates()
        places = self.plan.places
        for tz in dict.fromkeys(map(places.tz, places.stations)):
            begin, end = _last_closed(now - QUARTER_MS, tz, *self._between)
            before = self._closed.setdefault(tz, end)
            if end > before:
                self._closed[tz] = end
                yield from self._close_day(view, now, tz, (begin, end))

    def _close_day(self, view: View, now: int, tz: str, within: tuple[int, int]) -> Iterator[Judgement]:
        begin, end = within
        who = self._followed(tz, begin)
        if not len(who.stations):
            return
        span = _Span(end, (end - begin) // QUARTER_MS)
        figures = self._all(who, dict.fromkeys(self._plain, span))
        frame = view.frame_before(now - 1)
        for place in range(len(who.stations)):
            at = self.moment(view, who, place, frame, now)
            at.ts = end
            at.figures = known(figures, place)
            key = self.plan.key(at)
            at.learned = {
                name: self._usual.value(key, one, end, at.figures) for name, one in self._learned.items()
            }
            yield self.plan.judge(at, covers=DAILY_COVERS_MS)
            self._usual.note(key, end, at.figures)

    def _followed(self, tz: str, since: int) -> Candidates:
        """Return whoever in a time zone was heard since a time."""
        places = self.plan.places
        there = np.array([places.tz(station) == tz for station in places.stations], np.bool_)
        heard = np.zeros(len(places), np.bool_)
        for cells in self._books.values():
            heard[cells.series[cells.ts[: len(cells.series)] >= since]] = True
        heard &= there[places.station]
        if self.plan.rule.per != "device":
            return Candidates(np.empty(0, np.int64), np.unique(places.station[heard]))
        return self.heard.served(np.flatnonzero(heard))

    # -- remembering -----------------------------------------------------------------------------------

    def remembered(self) -> dict[str, Any]:
        """Return cells, presence, closings and what is usual."""
        return {
            "books": [cells.save() for cells in self._books.values()],
            "present": [course.save() for course in self._present.values()],
            "closed": self._closed,
            "usual": self._usual.past,
        }

    def recall(self, saved: dict[str, Any]) -> None:
        """Take up what `remembered` returned."""
        for cells, one in zip(self._books.values(), saved["books"], strict=True):
            cells.restore(one)
        for course, one in zip(self._present.values(), saved["present"], strict=True):
            course.restore(one)
        self._closed, self._usual.past = dict(saved["closed"]), dict(saved["usual"])


def _book(plan: Plan, one: Figure) -> _Book:
    domain, dot, name = one.field.partition(".")
    of = (domain, name) if dot else (plan.domain, one.field)
    long = one.between is not None or cast("int", one.window) > LONG_MS
    counts = "increase" in {one.fn, one.take}
    roles = frozenset(one.roles or ())
    if not dot and all(subject.roles for subject in plan.rule.subjects):
        roles = frozenset(role for subject in plan.rule.subjects for role in subject.roles or ())
    return _Book(
        of, QUARTER_MS if long else stretch_of(cast("int", one.window)), one.away_from, counts, roles
    )


def _served(plan: Plan, book: _Book, samples: Samples) -> Bools:
    """Say which samples are of devices that a figure is about."""
    return plan.places.with_role(book.of[0], book.roles)[samples.series]


def _chosen(samples: Samples, kept: Bools) -> Samples:
    return samples if kept.all() else Samples(samples.series[kept], samples.ts[kept], samples.values[kept])


def _cells(book: _Book, figures: list[Figure]) -> Course | Growth:
    longest = max(LONGEST_DAY_MS if one.between else cast("int", one.window) for one in figures)
    if book.counts:
        return Growth(book.stretch, longest, covers_ms(book.of), dial_of_field(book.of))
    channels = frozenset().union(*(NEEDS[one.take or one.fn] for one in figures))
    return Course(book.stretch, longest, covers_ms(book.of), channels)


def _measured_from(samples: Samples, origin: float | None) -> Samples:
    return samples if origin is None else samples._replace(values=np.abs(samples.values - origin))


def _across(how: str, values: Floats, stations: Ints, size: int) -> Floats:
    """Bring the figures of devices together by station; a sum needs all of them, the others any."""
    unknown = np.isnan(values)
    if how == "sum":
        total = np.bincount(stations, weights=np.nan_to_num(values), minlength=size).astype(np.float64)
        total[np.bincount(stations, weights=unknown, minlength=size) > 0] = np.nan
        total[np.bincount(stations, minlength=size) == 0] = np.nan
        return total
    stations, values = stations[~unknown], values[~unknown]
    if how == "mean":
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.bincount(stations, weights=values, minlength=size) / np.bincount(
                stations, minlength=size
            )
    neutral = -np.inf if how == "max" else np.inf
    extreme = np.full(size, neutral)
    (np.maximum if how == "max" else np.minimum).at(extreme, stations, values)
    return np.where(np.isfinite(extreme), extreme, np.nan)


def _between(plan: Plan, figures: Iterable[Figure]) -> tuple[str, str] | None:
    """Return the stretch of the day that all figures of a daily rule are about."""
    asked = {one.between for one in figures}
    if asked == {None}:
        return None
    if len(asked) > 1:
        raise ValueError(f"{plan.rule.id}: all its figures must be about the same part of the day")
    return next(iter(asked))


def _last_closed(now: int, tz: str, begins: str, ends: str) -> tuple[int, int]:
    """Return begin and end (ms) of the last such part of a local day that was over by ``now``."""
    today = datetime.combine(wall(now, tz).date(), datetime.min.time())
    for days in (1, 0, -1, -2):
        end = earliest(today + timedelta(days=days, minutes=_minutes(ends)), tz)
        if end <= now:
            back = 1 if _minutes(begins) >= _minutes(ends) else 0
            begin = earliest(today + timedelta(days=days - back, minutes=_minutes(begins)), tz)
            return begin, end
    raise AssertionError("a part of the day ends once in two days")


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
