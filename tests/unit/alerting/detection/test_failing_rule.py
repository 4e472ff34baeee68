"""A rule that raises is switched off with an alert of its own, and the others go on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.alerting.detection.consumer import AlertConsumer
from gateway.alerting.detection.snapshot import SnapshotFile
from gateway.state.alert_rows import AlertRow, AlertState
from tests.unit.alerting.detection.stage import Stage, rule, sample
from tests.unit.alerting.response.desk import MINUTE, Desk, desk
from tests.unit.gateway_ingest.ticks import NOW

ABOVE = {"if": {"value": True, "above": 50}, "severity": "P1"}
BEFORE = rule(id="TS-00", levels=[ABOVE])
BROKEN = rule(
    id="TS-01",
    parameters={"high": {"value": 50, "unit": "ppm", "source": "own"}},
    levels=[{"if": {"value": True, "above": {"param": "high"}}, "severity": "P1"}],
)
AFTER = rule(id="TS-02", subject="environment.air_temp_celsius", levels=[ABOVE])


def nowhere(rule_id: str, name: str, _profile: str | None, station_id: str) -> float:
    """Have a number while the rule is made, and none at any station: it raises when it judges."""
    if station_id:
        raise LookupError(f"{rule_id}: no {name} at {station_id}")
    return 50.0


@dataclass
class House:
    """A consumer of three rules, the middle one broken, and the desk its alerts lie on."""

    stage: Stage
    desk: Desk
    consumer: AlertConsumer

    def hears(self, second: float, co_ppm: float, air_temp_celsius: float) -> None:
        """Let the station's lounge be measured."""
        self.desk.now = NOW + round(second * 1000)
        said = sample(second, "environment", "lounge", co_ppm=co_ppm, air_temp_celsius=air_temp_celsius)
        self.consumer.consume([self.stage.batch(said)])

    def alerts(self, rule_id: str) -> list[AlertRow]:
        """The alerts of a rule."""
        return [row for row in self.desk.state.alerts.page(100) if row.rule == rule_id]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    rules = (BEFORE, BROKEN, AFTER)
    stage, table = Stage(*rules, parameters=nowhere), desk(tmp_path, rules={one.id: one for one in rules})
    consumer = AlertConsumer(
        stage.engine,
        lambda _wanted: stage.fresh(),
        table.alerts,
        SnapshotFile(tmp_path / "engine.snapshot"),
        lambda: table.now,
        table.emergency.hear,
    )
    yield House(stage, table, consumer)
    table.state.close()


def test_a_rule_that_raises_opens_an_alert_that_names_it_and_people_are_told(house: House) -> None:
    house.hears(0, co_ppm=90, air_temp_celsius=20)
    (alert,) = house.alerts("ENG-01")
    assert (alert.severity, alert.state) == ("P2", AlertState.FIRING)
    assert (alert.station_id, alert.device) == ("_gateway", "TS-01")
    assert alert.value == "LookupError: TS-01: no high at louxing-07"
    house.desk.pass_time(MINUTE)
    assert {kind for kind, _, _ in house.desk.told_of(alert)} == {"alert"}


def test_the_other_rules_judge_the_same_frame_and_those_after_it(house: House) -> None:
    house.hears(0, co_ppm=90, air_temp_celsius=60)
    assert [len(house.alerts(one)) for one in ("TS-00", "TS-01", "TS-02")] == [1, 0, 1]
    house.hears(60, co_ppm=10, air_temp_celsius=20)
    assert [house.alerts(one)[0].standing for one in ("TS-00", "TS-02")] == [None, None]


def test_health_says_which_rule_is_off(house: House) -> None:
    assert house.consumer.health == "ok"
    house.hears(0, co_ppm=90, air_temp_celsius=60)
    assert house.consumer.health == "rules off: TS-01; see the log"


def test_it_is_loud_once_and_judges_no_more(house: House) -> None:
    with capture_logs() as logs:
        for minute in range(3):
            house.hears(60 * minute, co_ppm=90, air_temp_celsius=60)
    failures = [entry for entry in logs if entry["event"] == "rule_failed"]
    assert [(entry["rule"], entry["log_level"]) for entry in failures] == [("TS-01", "error")]
    assert [alert.count for alert in house.alerts("ENG-01")] == [1]
