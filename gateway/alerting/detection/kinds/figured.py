"""Kinds that judge figures over windows: at instants of received time, for all stations at once.

Every step of received time in which something the rule sees was heard is judged once, when it is over, with
all that was received by then: so what is said does not depend on batches. Only where a level can hold, by
figures and own fields compared as whole columns, does a reading ever become an object.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from catalogue.conditions import HasRole
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.hearing import MINUTE_MS, Candidates, Heard, Instants, samples_of
from gateway.alerting.detection.kinds.kind import Active
from gateway.alerting.detection.kinds.possible import Possible
from gateway.alerting.detection.kinds.threshold import Judged, fields_asked
from gateway.alerting.detection.moment import Moment, moment_of
from gateway.alerting.detection.rings import Floats, Samples
from gateway.alerting.detection.rows import Bools, Column, Ints, Rows
from gateway.alerting.detection.standing import Field
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Judgement


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
        self._overdue: list[tuple[Field, Samples]] = []
        self._covers = step + max((one.covers for one in self.judged), default=MINUTE_MS)
        self.reads = fields_asked(plan.rule) | fields

    @abstractmethod
    def note(self, of: Field, column: Column, inside: Bools, samples: Samples) -> None:
        """Take what was said of a field in one stretch."""

    def fill(self, of: Field, samples: Samples) -> None:
        """Take what came late, after the stretch it came in: it completes windows and judges nothing."""
        # unless a kind knows how, it stays left out
        del of, samples

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
                if column.late.any():
                    self._overdue.append((of, samples_of(column, mask, late=True)))
            if over is not None:
                self._catch_up()
                yield from self.judge(view, over, active)

    def _catch_up(self) -> None:
        """Fill in what came late, in order of receipt, after all that was live in the same stretch."""
        for of, samples in self._overdue:
            self.fill(of, samples)
        self._overdue.clear()

    def advance(self, now: int, view: View) -> Iterator[Judgement]:
        """Nothing is due but the end of a stretch, which `take` sees."""
        del now, view
        return iter(())

    def save(self) -> object:
        """Return everything remembered."""
        return {
            "heard": self.heard.save(),
            "open": self.instants.open,
            "own": self.remembered(),
            "overdue": [(of, tuple(samples)) for of, samples in self._overdue],
        }

    def restore(self, saved: Any) -> None:  # noqa: ANN401 - plain data
        """Take up what `save` returned."""
        self.heard.restore(saved["heard"])
        self.instants.open = saved["open"]
        self.recall(saved["own"])
        self._overdue = [(tuple(of), Samples(*samples)) for of, samples in saved["overdue"]]

    def judge(self, view: View, now: int, active: Active) -> Iterator[Judgement]:
        """Judge whoever was heard in the stretch that ends at an instant."""
        who = self.heard.candidates()
        if not len(who.stations):
            return
        figures = self.figures(who, now)
        columns = {**figures, **self._own(who, now)}
        chosen = self._possible.where(who.stations, columns, partial(self._with_role, who=who))
        frame = view.frame_before(now - 1)
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
