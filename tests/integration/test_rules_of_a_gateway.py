"""Rules of one's own on a gateway as a process: taken up while it runs, and played over what it stored."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.integration.station_peer import StationPeer
from tests.integration.test_gateway_cli import ended
from tests.integration.test_gateway_session import birth, frame, now
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.processes import Running
from tests.support.waiting import until_sync
from wire.topics import Channel

OWN = """\
rules:
  ZZ-01:
    name: {zh: 试, en: Test}
    kind: threshold
    subject: water.water_flow_l_per_min
    parameters: {high: {value: %s, unit: L/min, source: own}}
    with: {}
    levels: [{if: {value: true, above: {param: high}}, severity: P2}]
    first_action: {zh: 看, en: Look}
    reason: {zh: 试, en: Test}
    source: own
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


class House:
    """A gateway with a folder of rules, and one station."""

    def __init__(self, path: Path, broker: Mosquitto) -> None:
        self.rules, self.url = path / "rules", f"http://127.0.0.1:{free_port()}"
        self.rules.mkdir()
        self.config = path / "gateway.yaml"
        self.config.write_text(
            f"data_dir: {path / 'data'}\nbroker: {{url: '{broker.url}'}}\n"
            f"http: {{port: {self.url.rpartition(':')[2]}}}\nrules: {{dir: {self.rules}}}\n"
            "ingest: {tick_ms: 10, commit_ms: 20}\n"
        )
        self._port, self._seq = broker.port, 0

    def write(self, high: str) -> None:
        (self.rules / "own.yaml").write_text(OWN % high)

    def running(self) -> Running:
        return Running("gateway", "run", "--config", str(self.config))

    def flows(self, litres: float) -> None:
        """Let the station's tap run."""
        self._seq += 1
        reading = {"device": "main", "ts": now(), "water_flow_l_per_min": litres}
        with StationPeer(self._port, "louxing-07") as peer:
            if self._seq == 1:
                peer.say(Channel.STATUS, birth(1))
            peer.say(Channel.TELEMETRY, frame(self._seq, readings={"water": [reading]}))

    def stored(self) -> bool:
        """Whether the gateway has a reading of the tap."""
        answer = httpx.get(f"{self.url}/api/v1/stations/louxing-07/readings/water")
        return answer.status_code == 200 and bool(answer.json()["items"])

    def fired(self) -> list[str]:
        """The devices at which the rule has an alert."""
        answer = httpx.get(f"{self.url}/api/v1/alerts", params={"rule": "ZZ-01"})
        return [item["device"] for item in answer.json()["items"]]

    def high(self) -> float:
        """What the gateway says the limit is."""
        parameters = httpx.get(f"{self.url}/api/v1/rules/ZZ-01").json()["parameters"]
        return float(parameters["high"]["value"])


@pytest.fixture
def house(tmp_path: Path, broker: Mosquitto) -> House:
    return House(tmp_path, broker)


def test_a_changed_rule_is_taken_up_and_a_wrong_one_refused_while_it_runs(house: House) -> None:
    house.write("50")
    with house.running() as gateway:
        gateway.wait_for("^ready ", seconds=40)
        house.flows(30)
        until_sync(house.stored, what="the reading")
        house.write("a lot")
        os.kill(gateway.pid, signal.SIGHUP)
        gateway.wait_for(r"own\.yaml:6.*rules_refused")
        assert (house.high(), house.fired()) == (50, [])
        house.write("20")
        os.kill(gateway.pid, signal.SIGHUP)
        gateway.wait_for("ZZ-01.*rules_reloaded")
        assert house.high() == 20
        until_sync(lambda: house.fired() == ["main"], what="the alert by the new limit")
        assert gateway.stop() == 0, gateway.output


def test_history_is_judged_by_other_rules_beside_a_gateway_and_without_one(
    house: House, tmp_path: Path
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    (others / "own.yaml").write_text(OWN % "20")
    house.write("50")
    today = datetime.fromtimestamp(now() / 1000, UTC)
    span = [f"{today + timedelta(days=days):%Y-%m-%dT00:00:00Z}" for days in (-1, 2)]
    command = (
        "replay",
        "--config",
        str(house.config),
        "--rules",
        str(others),
        "--from",
        span[0],
        "--to",
        span[1],
    )
    with house.running() as gateway:
        gateway.wait_for("^ready ", seconds=40)
        house.flows(30)
        until_sync(house.stored, what="the reading")
        beside = ended(*command)
        assert gateway.stop() == 0, gateway.output
    alone = ended(*command)
    for code, said, complaint in (beside, alone):
        assert code == 0, complaint
        lines = [line for line in said.splitlines() if " ZZ-01 " in line]
        assert len(lines) == 1, said
        assert "P2 ZZ-01 louxing-07 main still open not live" in lines[0]
        assert said.splitlines()[-1] == "1 frames judged"


def test_it_says_what_is_wrong_with_the_rules_or_the_time(house: House) -> None:
    house.write("a lot")
    span = ("--from", "2026-11-20T00:00:00Z", "--to", "2026-11-21T00:00:00Z")
    rules = ("--config", str(house.config), "--rules", str(house.rules))
    code, _, complaint = ended("replay", *rules, *span)
    assert (code, "own.yaml:6" in complaint) == (2, True), complaint
    code, _, complaint = ended("replay", *rules, "--from", "yesterday", "--to", "today")
    assert (code, "--from, --to" in complaint) == (2, True), complaint
