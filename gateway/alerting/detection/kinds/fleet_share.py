"""fleet_share: how much of the fleet is in trouble at once."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from catalogue.kinds.fleet_share import FleetShare as FleetShareSpec
from gateway.alerting.detection.judging import Plan
from gateway.alerting.detection.kinds.kind import FOREVER, Active
from gateway.alerting.detection.kinds.threshold import field_of, fields_asked
from gateway.alerting.detection.moment import Moment
from gateway.alerting.detection.places import OWN_STATION
from gateway.alerting.detection.rows import Rows
from gateway.alerting.detection.standing import Field
from gateway.alerting.detection.view import View
from gateway.domain.alerts import Judgement

EVERY_MS = 1_000
"""Judged at most so often: when thousands go at once, one answer a second is enough."""


class FleetShare:
    """Remembers what each station answered, and since when."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        spec = cast("FleetShareSpec", plan.variants.rules[0].spec)
        self._window = cast("int", spec.window)
        self._test = plan.tests.of(spec.of)
        self._subjects = frozenset(field_of(one.name) for one in plan.rule.subjects)
        self.reads = fields_asked(plan.rule)
        # what a station answers depends on these and nothing else
        self._asked: frozenset[Field] = frozenset(
            field for field in self.reads if field not in self._subjects and field[0] == "station"
        )
        self._since: dict[str, int | None] = {}
        self._judge_at: int | None = None

    def take(self, view: View, active: Active) -> Iterator[Judgement]:
        """Ask the stations whose fields moved, in order of receipt, and judge once in a while."""
        del active
        turns = [*self._rows(view, self._asked), *self._rows(view, self._subjects)]
        for received, rows, row in sorted(turns, key=lambda turn: (turn[0], int(turn[1].frame[turn[2]]))):
            yield from self.advance(received, view)
            series = view.places.series[int(rows.series[row])]
            if series.domain == "station":
                self._answers(view, series.station_id, rows, row)
            elif self._judge_at is None:
                self._judge_at = received

    def advance(self, now: int, view: View) -> Iterator[Judgement]:
        """Judge what changed a while ago."""
        if self._judge_at is not None and self._judge_at <= now:
            at = self._moment(view, OWN_STATION, self._judge_at)
            at.figures = self._figures(self._judge_at)
            self._judge_at = None
            yield self._plan.judge(at, covers=FOREVER)

    def save(self) -> object:
        """Return the answers and when to judge next."""
        return {"since": self._since, "judge_at": self._judge_at}

    def restore(self, saved: object) -> None:
        """Take up what `save` returned."""
        remembered = cast("dict[str, Any]", saved)
        self._since, self._judge_at = dict(remembered["since"]), remembered["judge_at"]

    def _rows(self, view: View, fields: Iterable[Field]) -> Iterator[tuple[int, Rows, int]]:
        for field in fields:
            column = view.column(field)
            if column is not None:
                for place, row in enumerate(column.rows.tolist()):
                    yield int(column.received[place]), column.of, row

    def _answers(self, view: View, station_id: str, rows: Rows, row: int) -> None:
        at = self._moment(view, station_id, int(rows.received[row]))
        at.frame = int(rows.frame[row])
        answer = self._test.ask(at).truth
        if answer is None:
            return
        known, before = station_id in self._since, self._since.get(station_id)
        if known and answer == (before is not None):
            return
        self._since[station_id] = at.received if answer else None
        self._judge_at = min(self._judge_at or at.received + EVERY_MS, at.received + EVERY_MS)

    def _figures(self, now: int) -> dict[str, float | None]:
        troubled = [since for since in self._since.values() if since is not None]
        fresh = sum(now - since <= self._window for since in troubled)
        known = len(self._since)
        return {
            "stations": float(len(troubled)),
            "share": len(troubled) / known if known else None,
            "fresh": float(fresh),
            "fresh_share": fresh / known if known else None,
        }

    def _moment(self, view: View, station_id: str, at: int) -> Moment:
        return Moment(view, station_id, "", self._plan.domain, None, view.frame_before(at), at, at)
