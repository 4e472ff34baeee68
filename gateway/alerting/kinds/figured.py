"""Kinds that judge figures over windows: at instants of received time, for all stations at once.

Every step of received time in which something the rule sees was heard is judged once, when it is over, with
all that was received by then: so what is said does not depend on batches. Only where a level can hold, by
figures and own fields compared as whole columns, does a reading ever become an object.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any

import numpy as np

from catalogue.conditions import HasRole
from gateway.alerting.judging import Plan
from gateway.alerting.kinds.kind import Active
from gateway.alerting.kinds.occurring import frame_before
from gateway.alerting.kinds.possible import Possible
from gateway.alerting.kinds.threshold import Judged, fields_asked
from gateway.alerting.moment import Moment, measure_of, moment_of
from gateway.alerting.rows import Bools, Column, Ints, Rows, ordered_by
from gateway.alerting.standing import Field
from gateway.alerting.view import View
from gateway.alerting.windows import NEVER, Floats, Samples
from gateway.domain.alerts import Judgement

MINUTE_MS = 60_000


@dataclass
class Last:
    """The newest value of one own field of every series."""

    ts: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    values: Floats = field(default_factory=lambda: np.empty(0))

    def take(self, samples: Samples, size: int) -> None:
        """Take values, by series and order of receipt."""
        more = size - len(self.ts)
        if more > 0:
            self.ts = np.concatenate([self.ts, np.full(more, NEVER)])
            self.values = np.concatenate([self.values, np.full(more, np.nan)])
        self.ts[samples.series], self.values[samples.series] = samples.ts, samples.values

    def fresh(self, series: Ints, now: int, hold: int) -> Floats:
        """Return the values of some series, NaN for those too old."""
        values = np.full(len(series), np.nan)
        known = series < len(self.ts)
        known[known] = self.ts[series[known]] >= now - hold
        values[known] = self.values[series[known]]
        return values


def _is_number(of: Field) -> bool:
    """Whether values of a field can be compared as numbers, flags among them."""
    measure = measure_of(of)
    return measure is not None and measure.type in {"int", "float", "bool"}


def samples_of(column: Column, inside: Bools) -> Samples:
    """Return the live values of a column where ``inside``, by series; flags as 0 and 1, words as NaN."""
    chosen = np.flatnonzero(inside & column.known & ~column.late)
    series = column.series[chosen]
    order = ordered_by(series)
    chosen = chosen[order]
    words = column.values.dtype == np.object_
    values = np.full(len(chosen), np.nan) if words else column.values[chosen].astype(np.float64)
    return Samples(series[order], column.ts[chosen], values)


class Instants:
    """Cuts batches at multiples of ``step`` ms of receipt."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.open: int | None = None

    def cut(self, view: View, columns: Sequence[Column]) -> Iterator[tuple[int, list[Bools], int | None]]:
        """Yield (stretch, which values of each column were received in it, when to judge it).

        The last is None while the stretch may go on with the next batch; one left open by the batch before
        comes first, with nothing new in it if need be.
        """
        stretches = [column.received // self.step for column in columns]
        there = {int(one) for stretch in stretches for one in np.unique(stretch)}
        if self.open is not None:
            there.add(self.open)
        for one in sorted(there):
            over = (one + 1) * self.step
            closed = over <= view.clock
            self.open = None if closed else one
            yield one, [stretch == one for stretch in stretches], over if closed else None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who may be judged at an instant: series (per device) or, per station, none; and their stations."""

    series: Ints
    stations: Ints


class Heard:
    """Who said something the rule sees since the last instant, and their own fields."""

    def __init__(self, plan: Plan, judged: Sequence[Judged], also: frozenset[Field] = frozenset()) -> None:
        self._plan = plan
        self._judged = judged
        self._per_device = plan.rule.per == "device"
        own = {(one.domain, name) for one in judged for name in one.names}
        self.fields = frozenset(own | also)
        self.own = {name: Last() for one in judged for name in one.names}
        self.numeric = frozenset(name for domain, name in own if _is_number((domain, name)))
        self._said: set[int] = set()

    def take(self, of: Field, samples: Samples, size: int) -> None:
        """Take what was said of one field."""
        if of[1] in self.numeric and any(of[0] == one.domain and of[1] in one.names for one in self._judged):
            self.own[of[1]].take(samples, size)
        if self._per_device and of[0] != self._judged[0].domain:
            return
        groups = samples.series if self._per_device else self._plan.places.station[samples.series]
        self._said.update(np.unique(groups).tolist())

    def candidates(self) -> Candidates:
        """Return who was heard, and forget it."""
        numbers = np.array(sorted(self._said), np.int64)
        self._said = set()
        return self.served(numbers) if self._per_device else Candidates(np.empty(0, np.int64), numbers)

    def served(self, series: Ints) -> Candidates:
        """Return those of some series that are there for what the rule is about."""
        places, domain = self._plan.places, self._judged[0].domain
        masks = [places.with_role(domain, frozenset(one.roles or ())) for one in self._plan.rule.subjects]
        series = series[reduce(np.logical_or, masks)[series]]
        return Candidates(series, places.station[series])

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"own": {name: (last.ts, last.values) for name, last in self.own.items()}, "said": self._said}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        for name, (ts, values) in saved["own"].items():
            if name in self.own:
                self.own[name] = Last(ts, values)
        self._said = set(saved["said"])


class Figured(ABC):
    """One rule of figures; a kind says which fields they are of, and works them out."""

    def __init__(self, plan: Plan, fields: frozenset[Field], step: int) -> None:
        self.plan = plan
        domains = dict.fromkeys(one.name.partition(".")[0] for one in plan.rule.subjects)
        self.judged = [Judged(plan, domain) for domain in domains if domain != "station"]
        self.heard = Heard(plan, self.judged, fields)
        self.instants = Instants(step)
        subjects = [name for one in self.judged for name in one.subjects]
        self._subject = subjects[0] if len(subjects) == 1 else None
        self._possible = Possible(plan, self._subject)
        self._covers = step + max((one.covers for one in self.judged), default=MINUTE_MS)
        self.reads = fields_asked(plan.rule) | fields

    @abstractmethod
    def note(self, of: Field, column: Column, inside: Bools, samples: Samples) -> None:
        """Take what was said of a field in one stretch."""

    @abstractmethod
    def figures(self, who: Candidates, now: int) -> dict[str, Floats]:
        """Return each figure for each candidate, NaN where it is unknown."""

    @abstractmethod
    def remembered(self) -> dict[str, Any]:
        """Return what the kind itself remembers."""

    @abstractmethod
    def recall(self, saved: dict[str, Any]) -> None:
        """Take up what `remembered` returned."""

    # -- judging ---------------------------------------------------------------------------------------

    def take(self, view: View, active: Active) -> Iterator[Judgement]:
        """Judge what own fields alone make hold at once, the rest when its stretch is over."""
        there = [(of, view.column(of)) for of in sorted(self.heard.fields)]
        columns = [(of, column) for of, column in there if column is not None]
        at_once = self._at_once(view)
        for stretch, inside, over in self.instants.cut(view, [column for _, column in columns]):
            for rows, row in at_once:
                if int(rows.received[row]) // self.instants.step == stretch:
                    yield from self._hit(view, rows, row, active)
            for (of, column), mask in zip(columns, inside, strict=True):
                samples = samples_of(column, mask)
                if len(samples.series):
                    self.heard.take(of, samples, len(self.plan.places))
                    self.note(of, column, mask, samples)
            if over is not None:
                yield from self.judge(view, over, active)

    def advance(self, now: int, view: View) -> Iterator[Judgement]:
        """Nothing is due but the end of a stretch, which `take` sees."""
        del now, view
        return iter(())

    def save(self) -> object:
        """Return everything remembered."""
        return {"heard": self.heard.save(), "open": self.instants.open, "own": self.remembered()}

    def restore(self, saved: Any) -> None:  # noqa: ANN401 - plain data
        """Take up what `save` returned."""
        self.heard.restore(saved["heard"])
        self.instants.open = saved["open"]
        self.recall(saved["own"])

    def judge(self, view: View, now: int, active: Active) -> Iterator[Judgement]:
        """Judge whoever was heard in the stretch that ends at an instant."""
        who = self.heard.candidates()
        if not len(who.stations):
            return
        figures = self.figures(who, now)
        columns = {**figures, **self._own(who, now)}
        chosen = self._possible.where(who.stations, columns, partial(self._with_role, who=who))
        frame = frame_before(view, now - 1)
        for place in np.flatnonzero(chosen | self._active(who, active)).tolist():
            at = self.moment(view, who, place, frame, now)
            at.figures = known(figures, place)
            yield self.plan.judge(at, covers=self._covers)

    def _own(self, who: Candidates, now: int) -> dict[str, Floats]:
        """Return the own fields of candidates that are devices."""
        if not len(who.series):
            return {}
        fresh = {name: last.fresh(who.series, now, self._covers) for name, last in self.heard.own.items()}
        return {name: values for name, values in fresh.items() if name in self.heard.numeric}

    def _active(self, who: Candidates, active: Active) -> Bools:
        places, device = self.plan.places, bool(len(who.series))
        domain = self.judged[0].domain if self.judged else "station"
        numbers = {
            places.find(key.station_id, domain, key.device)
            if device
            else places.station_number(key.station_id)
            for key in active.keys
        }
        return np.isin(who.series if device else who.stations, [one for one in numbers if one is not None])

    def _with_role(self, asked: HasRole, who: Candidates) -> Bools:
        if not len(who.series):
            return np.ones(len(who.stations), np.bool_)
        return self.plan.places.with_role(self.judged[0].domain, frozenset(asked.has_role))[who.series]

    def moment(self, view: View, who: Candidates, place: int, frame: int, now: int) -> Moment:
        """Return the moment of one candidate at an instant; ``frame`` is the last received by then."""
        places = self.plan.places
        station_id = places.stations[int(who.stations[place])]
        number = int(who.series[place]) if len(who.series) else None
        device = "" if number is None else places.series[number].device
        domain = self.judged[0].domain if self.judged else "station"
        return Moment(view, station_id, device, domain, number, frame, now, now, subject=self._subject)

    # -- at once ---------------------------------------------------------------------------------------

    def _at_once(self, view: View) -> list[tuple[Rows, int]]:
        """Return the readings that fulfil a level whatever the figures are."""
        found = []
        for judged in self.judged if self.plan.rule.per == "device" else ():
            rows = view.readings(judged.domain)
            chosen = None if rows is None else judged.chosen(rows)
            if rows is None or chosen is None or not len(chosen):
                continue
            unknown = np.full(len(chosen), np.nan)
            known = dict.fromkeys(self.plan.rule.spec.figures_named, unknown)
            known |= {
                name: self._spread(rows, chosen, name) for name in judged.names if name in self.heard.numeric
            }
            stations = self.plan.places.station[rows.series[chosen]]
            roles = partial(self._with_role, who=Candidates(rows.series[chosen], stations))
            hits = self._possible.where(stations, known, roles)
            found += [(rows, row) for row in chosen[hits].tolist()]
        found.sort(key=lambda one: (int(one[0].received[one[1]]), int(one[0].frame[one[1]])))
        return found

    def _spread(self, rows: Rows, chosen: Ints, name: str) -> Floats:
        values = np.full(len(rows), np.nan)
        column = rows.column(name)
        if column is not None:
            values[column.rows[column.known]] = column.values[column.known].astype(np.float64)
        return values[chosen]

    def _hit(self, view: View, rows: Rows, row: int, active: Active) -> Iterator[Judgement]:
        judged = next(one for one in self.judged if one.domain == rows.domain)
        at = moment_of(view, rows, row, judged.names, judged.subject_at(rows, row))
        late = judged.is_late(rows, row)
        if late or self.plan.key(at) not in active.keys:
            yield self.plan.judge(at, covers=self._covers, late=late)


def known(figures: Mapping[str, Floats], place: int) -> dict[str, float | None]:
    """Return the figures of one candidate, None for unknown ones."""
    values = {name: float(column[place]) for name, column in figures.items()}
    return {name: None if np.isnan(value) else value for name, value in values.items()}
