"""Thousands of stations fall silent together: real frames, all rules, real alerts, on virtual time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from catalogue.loading import load
from gateway.alerting.detection.engine import Engine, Facts
from gateway.alerting.response.deciding import Policy
from gateway.alerting.response.emergency import Emergency
from gateway.alerting.response.life import Alerts
from gateway.alerting.response.settings import AlertSettings, days
from gateway.alerting.response.surroundings import GATEWAY, StationFacts, Surroundings
from gateway.domain.holidays import Holidays
from gateway.domain.registry import Registry
from gateway.ingest.decoding import Arrived
from gateway.state.alert_rows import AlertState
from gateway.state.births import Happening, JournalRow
from gateway.state.database import State
from tests.unit.alerting.response.desk import MINUTE, NOON, SECOND, TWO_PEOPLE
from wire.codec import encode_frame
from wire.topics import Address, Channel, Topics
from yizhan.score.intake import Intake
from yizhan.score.naming import ulid_of

STATIONS = 5_000
EVERY = 30 * SECOND
WITHIN = 10 * SECOND
REGION = "louxing"


@dataclass
class Town:
    """All stations, the engine that judges them and the people who are told."""

    state: State
    now: int = NOON
    seq: int = 0
    session: int = 0
    frames: int = 0
    intake: Intake = field(default_factory=Intake)
    heard: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        catalogue = load()
        self.names = [f"station-{number:04d}" for number in range(STATIONS)]
        facts = Facts(self.intake.series.known, self.intake.sources, Registry(), catalogue.parameter)
        self.engine = Engine(catalogue.rules.values(), facts)
        around = Surroundings(catalogue.rules.get, self._facts, tuple(catalogue.circumstances.values()))
        calendar, settings = Holidays(), AlertSettings()
        rota, plan = TWO_PEOPLE.rota(calendar), days(TWO_PEOPLE, settings)
        policy = Policy(around, TWO_PEOPLE, rota, plan, self.now - 60 * MINUTE)
        self.alerts = Alerts(self.state, policy, settings, Emergency(policy, lambda _now: ()))

    def speak(self, ms: int) -> None:
        """Let every station report every half minute for so long."""
        for _ in range(ms // EVERY):
            self.seq += 1
            arrived = [self._frame(name, number) for number, name in enumerate(self.names)]
            batch = self.intake.take(arrived)
            assert batch is not None
            self.frames += STATIONS
            self.heard = {name: one.received for name, one in zip(self.names, arrived, strict=True)}
            self._apply(self.engine.take(batch))
            self.pass_time(EVERY)

    def happens(self, kind: Happening) -> None:
        """Let the same happen to every station within ten seconds."""
        self.session += kind is Happening.BIRTH
        said = {"session": self.session, "state": "lost" if kind is Happening.WILL else "online"}
        for begin in range(0, WITHIN, SECOND):
            some = self.names[begin * STATIONS // WITHIN : (begin + SECOND) * STATIONS // WITHIN]
            rows = [JournalRow(self.now, kind, name, said) for name in some]
            self._apply(self.engine.advance(self.now, rows))
            self.pass_time(SECOND)

    def pass_time(self, ms: int) -> None:
        """Let time pass in silence."""
        for _ in range(0, ms, SECOND):
            self.now += SECOND
            self._apply(self.engine.advance(self.now))
            while self.alerts.tend(self.now):
                pass

    def remembered(self) -> int:
        """How many conditions the engine follows at all."""
        return len(self.engine.open_alerts()) + len(self.engine.pending())

    def _apply(self, transitions: object) -> None:
        self.alerts.apply(list(transitions), self.frames, self.now)  # type: ignore[call-overload]

    def _facts(self, station_id: str) -> StationFacts:
        return StationFacts(REGION, heard=self.heard.get(station_id))

    def _frame(self, name: str, number: int) -> Arrived:
        reading = {"device": "agent", "ts": self.now, "uptime_s": 3_600 + self.seq * EVERY // SECOND}
        topic = Topics().of(REGION, name, Channel.TELEMETRY)
        address = Topics().parse(topic)
        assert isinstance(address, Address)
        payload = encode_frame(
            station_id=name,
            frame_class="sample",
            stream=ulid_of("stream", number),
            seq=self.seq,
            oldest=1,
            sent=self.now,
            readings={"agent": [reading]},
        )
        return Arrived(topic, address, payload, self.now)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with State.open(tmp_path, NOON, reserve_bytes=4_096) as state:
        yield Town(state)


@pytest.mark.timeout(300)
def test_a_country_that_falls_silent_and_comes_back_is_one_alert(town: Town) -> None:
    town.happens(Happening.BIRTH)
    town.speak(2 * MINUTE)
    assert (town.engine.open_alerts(), town.state.notifications.page(10)) == ({}, [])
    town.happens(Happening.WILL)
    town.pass_time(3 * MINUTE)
    assert {key.rule for key in town.engine.open_alerts()} == {"AG-01", "AG-17"}
    [outage] = [row for row in town.state.alerts.page(20_000) if row.station_id == GATEWAY]
    town.alerts.acknowledge(outage.alert_id, "Li", "calling the network", town.now)
    town.pass_time(3 * MINUTE)
    town.happens(Happening.BIRTH)
    town.speak(8 * MINUTE)
    assert town.remembered() == 0, "what was pending or open is forgotten when it is over"
    platform = [row for row in town.state.alerts.page(20_000) if row.station_id == GATEWAY]
    assert [(row.rule, row.state) for row in platform] == [("AG-17", AlertState.RESOLVED)]
    assert town.state.alerts.open_counts() == {}
    messages = [row for row in town.state.notifications.page(20_000) if row.channel != "console"]
    assert 1 <= len(messages) <= 5
