"""Thousands of stations fall silent together: real frames, all rules, real alerts, on virtual time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalogue.loading import load
from gateway.alerting.detection.engine import Engine, Facts
from gateway.alerting.response.surroundings import GATEWAY, StationFacts
from gateway.domain.registry import Registry
from gateway.ingest.decoding import Arrived
from gateway.state.alert_rows import AlertState
from gateway.state.births import Happening, JournalRow
from tests.unit.alerting.response.desk import MINUTE, SECOND, Desk, desk
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

    desk: Desk
    engine: Engine
    intake: Intake
    names: list[str]
    seq: int = 0
    session: int = 0

    @classmethod
    def of(cls, folder: Path) -> "Town":
        """Open with all rules over an empty state."""
        catalogue, intake = load(), Intake()
        facts = Facts(intake.series.known, intake.sources, Registry(), catalogue.parameter)
        engine = Engine(catalogue.rules.values(), facts)
        graph = tuple(catalogue.circumstances.values())
        names = [f"station-{number:04d}" for number in range(STATIONS)]
        return cls(desk(folder, rules=catalogue.rules, graph=graph), engine, intake, names)

    @property
    def now(self) -> int:
        """The desk's clock."""
        return self.desk.now

    def speak(self, ms: int) -> None:
        """Let every station report every half minute for so long."""
        for _ in range(ms // EVERY):
            self.seq += 1
            arrived = [self._frame(name, number) for number, name in enumerate(self.names)]
            batch = self.intake.take(arrived)
            assert batch is not None
            self.desk.stations = dict.fromkeys(self.names, StationFacts(REGION, heard=self.now))
            self.desk.apply(*self.engine.take(batch))
            self.pass_time(EVERY)

    def happens(self, kind: Happening) -> None:
        """Let the same happen to every station within ten seconds."""
        self.session += kind is Happening.BIRTH
        said = {"session": self.session, "state": "lost" if kind is Happening.WILL else "online"}
        for begin in range(0, WITHIN, SECOND):
            some = self.names[begin * STATIONS // WITHIN : (begin + SECOND) * STATIONS // WITHIN]
            rows = [JournalRow(self.now, kind, name, said) for name in some]
            self.desk.apply(*self.engine.advance(self.now, rows))
            self.pass_time(SECOND)

    def pass_time(self, ms: int) -> None:
        """Let time pass in silence."""
        for _ in range(0, ms, SECOND):
            self.desk.pass_time(SECOND)
            self.desk.apply(*self.engine.advance(self.now))

    def remembered(self) -> int:
        """How many conditions the engine follows at all."""
        return len(self.engine.open_alerts()) + len(self.engine.pending())

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
    made = Town.of(tmp_path)
    yield made
    made.desk.state.close()


@pytest.mark.timeout(300)
def test_a_country_that_falls_silent_and_comes_back_is_one_alert(town: Town) -> None:
    town.happens(Happening.BIRTH)
    town.speak(2 * MINUTE)
    assert (town.engine.open_alerts(), town.desk.state.notifications.page(10)) == ({}, [])
    town.happens(Happening.WILL)
    town.pass_time(3 * MINUTE)
    assert {key.rule for key in town.engine.open_alerts()} == {"AG-01", "AG-17"}
    [outage] = [row for row in town.desk.state.alerts.page(20_000) if row.station_id == GATEWAY]
    town.desk.alerts.acknowledge(outage.alert_id, "Li", "calling the network", town.now)
    town.pass_time(3 * MINUTE)
    town.happens(Happening.BIRTH)
    town.speak(8 * MINUTE)
    assert town.remembered() == 0, "what was pending or open is forgotten when it is over"
    platform = [row for row in town.desk.state.alerts.page(20_000) if row.station_id == GATEWAY]
    assert [(row.rule, row.state) for row in platform] == [("AG-17", AlertState.RESOLVED)]
    assert town.desk.state.alerts.open_counts() == {}
    messages = [row for row in town.desk.state.notifications.page(20_000) if row.channel != "console"]
    assert 1 <= len(messages) <= 5
