"""What other rules would have done in a time that is stored, beside what was done."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from catalogue.catalogue import Catalogue
from gateway.alerting.detection.backtest import Fired, run
from gateway.alerting.detection.detection import engine_of
from gateway.alerting.detection.recovery import History
from gateway.domain.alerts import Key
from gateway.domain.holidays import Holidays
from gateway.domain.registry import Registry
from gateway.queries.alerts import AlertList, AlertView
from gateway.queries.rota import OnCall
from gateway.state.alert_rows import AlertState


@dataclass(frozen=True, slots=True)
class Would:
    """An alert other rules make: who would have been called first, and whether it was there live."""

    fired: Fired
    region: str | None
    name: Mapping[str, str]
    told: str | None
    was_live: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of it; ``until`` (ms of receipt) is the end that was asked for, unless cut short.

    ``missed`` are alerts there were live and that these rules do not make; ``off`` the rules that failed.
    """

    would: Sequence[Would]
    missed: Sequence[AlertView]
    until: int
    frames: int
    off: Mapping[str, str]


@dataclass(frozen=True)
class Backtest:
    """Judges stored frames again; synchronous and long, call it off the event loop, one at a time."""

    history: History
    registry: Registry
    calendar: Holidays
    alerts: AlertList
    on_call: OnCall

    def judge(
        self,
        catalogue: Catalogue,
        start: int,
        end: int,
        regions: frozenset[str] | None = None,
        enough: Callable[[], bool] = lambda: False,
    ) -> Judged:
        """Judge what was received in ``start <= received < end`` (ms) by the rules of a catalogue.

        ``enough`` ends it early. duckdb.Error or StoreClosedError when the store fails.
        """
        engine = engine_of(catalogue, self.history, self.registry, self.calendar)
        result = run(engine, self.history, start, end, enough)
        live, fired = _by_key(self.alerts.between(start, result.judged_until, regions)), result.fired()
        made = [self._would(catalogue, one, live[one.first.key]) for one in fired]
        openings: dict[Key, list[int]] = defaultdict(list)
        for one in fired:
            openings[one.first.key].append(one.first.opened)
        return Judged(
            would=[would for would in made if regions is None or would.region in regions],
            missed=[
                view
                for key, views in live.items()
                for view in views
                if view.opened >= start and not any(_held(view, at) for at in openings[key])
            ],
            until=result.judged_until,
            frames=result.frames,
            off=result.off,
        )

    def _would(self, catalogue: Catalogue, fired: Fired, live: Iterable[AlertView]) -> Would:
        key = fired.first.key
        region = self.alerts.region_of(key.station_id)
        return Would(
            fired=fired,
            region=region,
            name=catalogue.rules[key.rule].name.model_dump() if key.rule in catalogue.rules else {},
            told=self.on_call.first_called(fired.first.received, region, fired.worst),
            was_live=any(_held(view, fired.first.opened) for view in live),
        )


def _by_key(views: Iterable[AlertView]) -> dict[Key, list[AlertView]]:
    found: dict[Key, list[AlertView]] = defaultdict(list)
    for view in views:
        found[Key(view.rule, view.station_id, view.device)].append(view)
    return found


def _held(view: AlertView, at: int) -> bool:
    """Whether an alert was open at a time: an episode that came back is counted into it."""
    return view.opened <= at and (view.state != AlertState.RESOLVED or at <= view.changed)
