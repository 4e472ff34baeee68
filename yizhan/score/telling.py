"""Who would have been told of what: the real life of alerts and policy, over a database thrown away."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from catalogue.catalogue import Catalogue
from gateway.alerting.response.deciding import Policy
from gateway.alerting.response.emergency import Emergency
from gateway.alerting.response.life import Alerts
from gateway.alerting.response.settings import AlertSettings, days, nobody_on_call
from gateway.alerting.response.surroundings import StationFacts, Surroundings
from gateway.domain.alerts import Transition
from gateway.domain.holidays import Holidays
from gateway.state.alert_rows import Entry
from gateway.state.database import State
from simulators.scenarios import Scenario
from yizhan.score.judging import Told

TEND_MS = 60_000
"""Decisions that were put off are looked at this often; nothing in a story hangs on less."""
_EVERYTHING = 10_000


class People:
    """Everybody who would be told, where nobody acknowledges anything."""

    def __init__(self, state: State, story: Scenario, catalogue: Catalogue, boots: Sequence[int]) -> None:
        self._state, self._story, self._now = state, story, story.start_ms
        self._boots = sorted((story.start_ms, *boots))
        policy = self._policy(catalogue)
        self._alerts = Alerts(state, policy, AlertSettings(), Emergency(policy, lambda _now: ()))

    @classmethod
    @contextmanager
    def of(cls, story: Scenario, catalogue: Catalogue, boots: Sequence[int]) -> Iterator[Self]:
        """Open for one story; `boots` are when the station's box started anew (ms)."""
        with ExitStack() as undo:
            folder = Path(undo.enter_context(TemporaryDirectory(prefix="yizhan-score-")))
            state = undo.enter_context(State.open(folder, story.start_ms, reserve_bytes=0))
            yield cls(state, story, catalogue, boots)

    def hear(self, transitions: Sequence[Transition], until_ms: int) -> None:
        """Let transitions happen in their order, and time pass up to `until_ms`."""
        for at_ms, together in groupby(transitions, key=attrgetter("received")):
            self._pass_time(at_ms)
            self._alerts.apply(list(together), 0, at_ms)
        self._pass_time(until_ms)

    def told(self) -> list[Told]:
        """Everything people were told of for the first time, or as graver than before."""
        told = []
        for row in self._state.alerts.page(_EVERYTHING):
            for entry in self._state.alerts.timeline(row.alert_id):
                if entry.kind is Entry.ANNOUNCED:
                    severity = str(entry.detail.get("severity", row.severity))
                    told.append(Told(row.rule, severity, entry.at, row.retrospective))
        return sorted(told, key=attrgetter("at"))

    def _pass_time(self, until_ms: int) -> None:
        while self._now + TEND_MS <= until_ms:
            if not self._state.alerts.open_counts():
                self._now += (until_ms - self._now) // TEND_MS * TEND_MS
                return
            self._now += TEND_MS
            while self._alerts.tend(self._now):
                pass

    def _policy(self, catalogue: Catalogue) -> Policy:
        on_call, circumstances = nobody_on_call(), tuple(catalogue.circumstances.values())
        surroundings = Surroundings(catalogue.rules.get, self._station, circumstances)
        plan = days(on_call, AlertSettings())
        return Policy(surroundings, on_call, on_call.rota(Holidays()), plan, self._story.start_ms)

    def _station(self, _station_id: str) -> StationFacts:
        site = self._story.site
        booted = max(at for at in self._boots if at <= self._now)
        return StationFacts(site.region, site.tz, booted=booted)
