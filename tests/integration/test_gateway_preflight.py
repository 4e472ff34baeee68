"""The preflight against real brokers: loud where messages would be dropped, silent as shipped."""

import asyncio
import math
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from deploy.mosquitto.make_acl import accounts, for_mosquitto
from gateway.app import Gateway
from gateway.config import Settings
from gateway.ingest.preflight import BrokerLimits as Limits
from gateway.ingest.preflight import Finding, judge, measure
from gateway.ingest.preflight import examine as examine_as
from gateway.ingest.subscriber import BrokerSettings
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.processes import ROOT, Running
from tests.support.waiting import until
from wire.topics import Topics

STATIONS = "- {station_id: louxing-07, region: louxing}\n"
TOPIC = Topics().preflight("01K0Q0A1B2C3D4E5F6G7H8J9KM")
LIMITS = re.compile(r"^(?:max_|message_size_limit).*$", re.MULTILINE)


def shipped() -> tuple[str, ...]:
    return tuple(LIMITS.findall((ROOT / "deploy" / "mosquitto" / "mosquitto.conf").read_text()))


def as_gateway(broker: Mosquitto, word: str = "gateway-password") -> BrokerSettings:
    return BrokerSettings(url=broker.url, username="gateway", password=SecretStr(word))


def examine(broker: Mosquitto, settings: BrokerSettings, stations: int = 100) -> Finding:
    return examine_as(broker.url, settings, TOPIC, "preflight", stations)


@pytest.fixture
def by_default(tmp_path: Path) -> Iterator[Mosquitto]:
    """A mosquitto as Debian sets it up: 1,000 messages and no more for a slow reader."""
    with Mosquitto(tmp_path / "default", lines=()) as broker:
        yield broker


@pytest.fixture
def as_shipped(tmp_path: Path) -> Iterator[Mosquitto]:
    """A mosquitto with the limits and the access list of deploy/mosquitto."""
    stations = tmp_path / "stations.yaml"
    stations.write_text(STATIONS)
    users = {name: f"{name}-password" for name in ("gateway", "louxing-07")}
    acl = for_mosquitto(accounts(stations))
    with Mosquitto(tmp_path / "shipped", users=users, acl=acl, lines=shipped()) as broker:
        yield broker


def test_it_finds_that_mosquitto_drops_messages_by_default(by_default: Mosquitto) -> None:
    limits = measure(by_default.url, BrokerSettings(url=by_default.url), TOPIC, "preflight")
    assert limits.drops
    assert 1_000 <= limits.arrived < limits.sent
    assert limits.carries_largest
    assert 0 < judge(limits, 100).stall_s < math.inf


def test_it_is_silent_about_the_broker_as_shipped(as_shipped: Mosquitto) -> None:
    assert len(shipped()) >= 4
    finding = examine(as_shipped, as_gateway(as_shipped))
    assert finding == Finding(math.inf), finding.text


def test_it_finds_that_the_largest_frame_is_not_carried(tmp_path: Path) -> None:
    limits = ("max_queued_messages 0", "message_size_limit 262143")
    with Mosquitto(tmp_path, lines=limits) as broker:
        [complaint] = examine(broker, BrokerSettings(url=broker.url)).complaints
    assert "262144 bytes" in complaint


def test_it_says_when_it_could_not_look(as_shipped: Mosquitto) -> None:
    nobody = f"mqtt://127.0.0.1:{free_port()}"
    refused = examine(as_shipped, as_gateway(as_shipped, "guessed"))
    station = BrokerSettings(
        url=as_shipped.url, username="louxing-07", password=SecretStr("louxing-07-password")
    )
    for finding, reason in [
        (examine_as(nobody, BrokerSettings(url=nobody), TOPIC, "preflight", 1), "cannot connect"),
        (refused, "code 5"),
        (examine(as_shipped, station), "access list"),
    ]:
        assert reason in (finding.unmeasured or ""), finding
        assert (finding.complaints, math.isnan(finding.stall_s)) == ((), True)


def test_it_gives_up_on_a_broker_that_does_not_answer(
    by_default: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.ingest.preflight.DEADLINE_S", 0.5)
    by_default.pause()
    assert "in time" in (examine(by_default, BrokerSettings(url=by_default.url)).unmeasured or "")
    by_default.resume()


def test_it_reckons_the_pause_from_the_size_of_the_fleet() -> None:
    limits = Limits(sent=4_000, arrived=2_000, carries_largest=True)
    assert judge(limits, 100).stall_s == 200.0
    assert judge(limits, 12_100).stall_s == pytest.approx(1.65, abs=0.01)
    assert "12100 stations" in judge(limits, 12_100).text


def gateway_settings(tmp_path: Path, broker: BrokerSettings) -> Settings:
    return Settings.model_validate({"data_dir": tmp_path / "data", "broker": broker, "http": {"port": 0}})


async def examined(tmp_path: Path, broker: BrokerSettings) -> tuple[httpx.Response, str]:
    """Start a gateway, wait for its preflight, and return /readyz and /metrics."""
    async with Gateway.open(gateway_settings(tmp_path, broker)) as gateway, asyncio.TaskGroup() as group:
        running = group.create_task(gateway.run())
        await gateway.until_ready()
        async with httpx.AsyncClient(base_url=gateway.http_url) as client:
            await until(lambda: not any(t.get_name() == "ingest-preflight" for t in asyncio.all_tasks()))
            ready, metrics = await client.get("/readyz"), await client.get("/metrics")
        gateway.stop()
        await running
    return ready, metrics.text


async def test_it_warns_at_the_start_and_starts_all_the_same(
    by_default: Mosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ready, metrics = await examined(tmp_path, BrokerSettings(url=by_default.url))
    assert ready.status_code == 200
    assert "max_queued_messages 0" in ready.json()["warning"]
    assert "yizhan_broker_complaints 1.0" in metrics
    assert re.search(r"^yizhan_broker_stall_seconds \d", metrics, re.MULTILINE)
    said = capsys.readouterr()
    assert (said.out + said.err).count("broker_limits") == 1


async def test_it_starts_in_silence_on_the_broker_as_shipped(
    as_shipped: Mosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ready, metrics = await examined(tmp_path, as_gateway(as_shipped))
    told = ready.json()
    assert "max_queued" not in told.pop("warning", "")
    assert told == {"store": "ok", "engine": "ok", "broker": "ok"}
    assert "yizhan_broker_stall_seconds +Inf" in metrics
    assert "yizhan_broker_complaints 0.0" in metrics
    said = capsys.readouterr()
    assert "broker_limits" not in said.out + said.err


async def test_it_leaves_the_embedded_broker_alone(tmp_path: Path) -> None:
    ready, metrics = await examined(tmp_path, BrokerSettings(embedded=True))
    assert ready.status_code == 200
    assert "yizhan_broker_stall_seconds NaN" in metrics


def check_broker(tmp_path: Path, broker: str) -> tuple[int, str]:
    config = tmp_path / "gateway.yaml"
    config.write_text(f"data_dir: {tmp_path / 'data'}\nbroker: {broker}\n")
    with Running("gateway", "check-broker", "--config", str(config), "--stations", "100") as command:
        code = command.wait()
        return code, command.output


def test_its_command_tells_an_operator_the_same(
    by_default: Mosquitto, as_shipped: Mosquitto, tmp_path: Path
) -> None:
    code, said = check_broker(tmp_path, f'{{url: "{by_default.url}"}}')
    assert (code, "bridges a pause of about" in said, "Traceback" in said) == (1, True, False), said
    secret = "username: gateway, password: gateway-password"
    assert check_broker(tmp_path, f'{{url: "{as_shipped.url}", {secret}}}') == (0, "ok")
    code, said = check_broker(tmp_path, "{embedded: true}")
    assert (code, "embedded" in said) == (1, True)
