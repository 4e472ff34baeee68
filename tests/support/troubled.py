"""Stations in trouble: their real link, the engine that judges what comes over it, and somebody who answers.

Nothing of an alert is made up: frames are late, doubled or missing as the link has it, rules are those of the
catalogue, and the journal is written by the gateway's own life of alerts.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Self

from catalogue.loading import load
from gateway.alerting.response.deciding import Policy
from gateway.alerting.response.emergency import Emergency
from gateway.alerting.response.life import Alerts
from gateway.alerting.response.settings import AlertSettings, days, nobody_on_call
from gateway.alerting.response.surroundings import StationFacts, Surroundings
from gateway.domain.alerts import Transition
from gateway.domain.holidays import Holidays
from gateway.ingest.decoding import Arrived
from gateway.state.alert_rows import AlertRow, AlertState, Verdict
from gateway.state.alerts import AlertFilter
from gateway.state.database import State
from simulators.faults import Fault
from simulators.scenarios import Scenario
from simulators.towns import Site
from wire.topics import Channel
from yizhan.score.play import Gatehouse

Faults = Mapping[str, Sequence[Fault]]
"""What befalls stations, by id."""
MINUTE_MS = 60_000
TAKEN_MS, CLOSED_MS = 4 * MINUTE_MS, 50 * MINUTE_MS
"""So long after it was announced an alert is taken, and after its last change closed with a verdict."""
ANSWERER = "li"
_MANY = 10_000


@dataclass(frozen=True)
class Happened:
    """What befell stations since a time (ms): alerts, and when the link of a station was down, by its id."""

    since_ms: int
    alerts: Sequence[AlertRow] = ()
    silences: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)

    def silent_ms(self, station_id: str, ms: int) -> int:
        """Return how long a station has been silent at a moment."""
        return max(
            (ms - cut for cut, back in self.silences.get(station_id, ()) if cut <= ms < back), default=0
        )

    def open_at(self, station_id: str, ms: int) -> Counter[str]:
        """Return how many alerts of each severity are open at a moment."""
        there = self._by_station.get(station_id, ())
        return Counter(row.severity for row in there if row.received <= ms < (row.resolved or ms + 1))

    @cached_property
    def _by_station(self) -> dict[str, list[AlertRow]]:
        found: dict[str, list[AlertRow]] = {}
        for row in self.alerts:
            found.setdefault(row.station_id, []).append(row)
        return found


def stories_of(sites: Sequence[Site], start_ms: int, end_ms: int, faults: Faults) -> list[Scenario]:
    """Return the stations that have faults as stories of that time."""
    return [
        Scenario("trouble", 1, site, "louxing", start_ms, end_ms, tuple(faults[site.station_id]))
        for site in sites
        if site.station_id in faults
    ]


class Watched(Gatehouse):
    """A gateway that judges stations; ``keep`` is given their frames as they come, an hour at a time."""

    def __init__(self, stories: Sequence[Scenario], keep: Callable[[Sequence[Arrived]], None]) -> None:
        super().__init__(stories, load())
        self._keep = keep

    def transitions(self) -> list[Transition]:
        """Live through it and return what was judged, in order of receipt."""
        return self._judged()

    def _take(self, arrived: Sequence[Arrived], now: int) -> list[Transition]:
        self._keep([one for one in arrived if one.address.channel is not Channel.STATUS])
        return super()._take(arrived, now)


class Answered:
    """The alerts of some stations, and somebody on duty who takes and closes what he is told of."""

    def __init__(self, state: State, stories: Sequence[Scenario], start_ms: int) -> None:
        self.state, self._now = state, start_ms
        self._sites = {story.site.station_id: story.site for story in stories}
        on_call, catalogue = nobody_on_call(), load()
        circumstances = tuple(catalogue.circumstances.values())
        surroundings = Surroundings(catalogue.rules.get, self._station, circumstances)
        plan = days(on_call, AlertSettings())
        policy = Policy(surroundings, on_call, on_call.rota(Holidays()), plan, start_ms)
        self._alerts = Alerts(state, policy, AlertSettings(), Emergency(policy, lambda _now: ()))

    @classmethod
    @contextmanager
    def of(cls, folder: Path, stories: Sequence[Scenario], start_ms: int) -> Iterator[Self]:
        """Open the alerts' database in a folder."""
        with State.open(folder, start_ms, reserve_bytes=0) as state:
            yield cls(state, stories, start_ms)

    def hear(self, transitions: Sequence[Transition], until_ms: int) -> None:
        """Let transitions happen, and time pass."""
        for at_ms, together in groupby(transitions, key=attrgetter("received")):
            self._pass_time(at_ms)
            self._alerts.apply(list(together), 0, at_ms)
        self._pass_time(until_ms)

    def all(self) -> list[AlertRow]:
        """Return every alert there was."""
        return self.state.alerts.page(_MANY)

    def _pass_time(self, until_ms: int) -> None:
        while self._now + MINUTE_MS <= until_ms:
            self._now += MINUTE_MS
            while self._alerts.tend(self._now):
                pass
            for row in self.state.alerts.page(_MANY, wanted=AlertFilter(since=self._now - CLOSED_MS)):
                self._answer(row)

    def _answer(self, row: AlertRow) -> None:
        about, now = row.alert_id, self._now
        if row.state is AlertState.FIRING and row.announced and now - row.announced >= TAKEN_MS:
            self._alerts.acknowledge(about, ANSWERER, "", now)
        elif row.state is AlertState.RESOLVED and row.verdict is None and now - row.changed >= TAKEN_MS:
            verdict = Verdict.FALSE if row.rule.startswith("OC") else Verdict.REAL
            self._alerts.resolve(about, ANSWERER, "", verdict, now)

    def _station(self, station_id: str) -> StationFacts:
        site = self._sites[station_id]
        return StationFacts(site.region, site.tz)
