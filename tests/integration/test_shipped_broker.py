"""deploy/mosquitto as it is shipped, under a real mosquitto: who may say and hear what, and what it keeps."""

import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.certificates import Certificates
from tests.support.mosquitto import EXECUTABLE
from tests.support.ports import free_port, is_open
from tests.support.processes import ROOT
from tests.support.waiting import until_sync

SHIPPED = ROOT / "deploy" / "mosquitto"
STATIONS = "- {station_id: louxing-07, region: louxing}\n- {station_id: shuangfeng-01, region: shuangfeng}\n"
USERS = ("gateway", "fleet", "louxing-07", "shuangfeng-01")


@dataclass
class Deployed:
    """The ports of a running broker, and the authority its stations trust."""

    local: int
    public: int
    ca: Path


@dataclass
class Client:
    """A connected user and what it heard."""

    client: mqtt.Client
    heard: "queue.Queue[tuple[str, bytes]]" = field(default_factory=queue.Queue)

    def say(self, topic: str, payload: bytes = b"x", *, qos: int = 1) -> None:
        self.client.publish(topic, payload, qos=qos).wait_for_publish(5)

    def try_to_say(self, topic: str) -> None:
        """Say what the broker refuses: it takes the message and drops it, or drops us with it."""
        attempt = self.client.publish(topic, b"refused", qos=1)
        until_sync(lambda: attempt.is_published() or not self.client.is_connected(), what="a refusal")

    def next(self) -> tuple[str, bytes]:
        return self.heard.get(timeout=5)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    directory = tmp_path_factory.mktemp("etc")
    certificates = Certificates.make(directory / "certs")
    broker = Deployed(free_port(), free_port(), certificates.ca)
    (directory / "stations.yaml").write_text(STATIONS)
    (directory / "acl").write_text(make_acl(directory / "stations.yaml").stdout)
    passwords = directory / "passwords"
    passwords.write_text("".join(f"{name}:{name}-password\n" for name in USERS))
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)  # noqa: S607 - Debian's own
    settings = (SHIPPED / "mosquitto.conf").read_text()
    settings = settings.replace("/etc/mosquitto/", f"{directory}/").replace(
        "/var/lib/mosquitto/", f"{directory}/"
    )
    settings = settings.replace("listener 1883", f"listener {broker.local}")
    settings = settings.replace("listener 8883", f"listener {broker.public} 127.0.0.1")
    (directory / "mosquitto.conf").write_text("user root\n" + settings)
    process = subprocess.Popen([EXECUTABLE, "-c", str(directory / "mosquitto.conf")])
    until_sync(lambda: is_open(broker.local) or process.poll() is not None, what="the broker")
    yield broker
    process.kill()
    process.wait()


@pytest.fixture
def connect(deployed: Deployed) -> Iterator["Connect"]:
    connector = Connect(deployed)
    yield connector
    connector.close()


class Connect:
    """Connects users: the gateway on the local listener, everybody else over TLS."""

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed
        self.clients: list[Client] = []

    def __call__(self, user: str, *, password: str | None = None) -> Client:
        made = Client(mqtt.Client(CallbackAPIVersion.VERSION2, client_id=user))
        made.client.on_message = lambda _c, _d, m: made.heard.put((m.topic, bytes(m.payload)))
        made.client.username_pw_set(user, password or f"{user}-password")
        if user != "gateway":
            made.client.tls_set(ca_certs=str(self.deployed.ca))
        port = self.deployed.local if user == "gateway" else self.deployed.public
        made.client.connect("127.0.0.1", port)
        made.client.loop_start()
        self.clients.append(made)
        return made

    def ready(self, user: str, *filters: str) -> Client:
        made = self(user)
        subscribed: list[int] = []
        made.client.on_subscribe = lambda *_rest: subscribed.append(1)
        until_sync(made.client.is_connected, what=f"{user} connecting")
        for topic in filters:
            made.client.subscribe(topic, qos=1)
        until_sync(lambda: len(subscribed) == len(filters), what="the subscriptions")
        return made

    def close(self) -> None:
        for made in self.clients:
            made.client.disconnect()
            made.client.loop_stop()


def make_acl(stations: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SHIPPED / "make_acl.py"), str(stations)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize("channel", ["telemetry", "backlog", "status", "result"])
def test_it_lets_a_station_speak_on_its_own_four_channels(connect: Connect, channel: str) -> None:
    gateway = connect.ready("gateway", "stations/#")
    connect.ready("louxing-07").say(f"stations/louxing/louxing-07/{channel}")
    assert gateway.next() == (f"stations/louxing/louxing-07/{channel}", b"x")


@pytest.mark.parametrize(
    "topic",
    [
        "stations/shuangfeng/shuangfeng-01/telemetry",
        "stations/louxing/louxing-08/telemetry",
        "stations/shuangfeng/louxing-07/telemetry",
        "stations/louxing/louxing-07/ack",
        "stations/louxing/louxing-07/command",
        "gateways/louxing",
    ],
)
def test_it_drops_what_a_station_says_elsewhere(connect: Connect, topic: str) -> None:
    gateway = connect.ready("gateway", "stations/#", "gateways/#")
    connect.ready("louxing-07").try_to_say(topic)
    connect.ready("shuangfeng-01").say("stations/shuangfeng/shuangfeng-01/telemetry", b"next")
    assert gateway.next() == ("stations/shuangfeng/shuangfeng-01/telemetry", b"next")


def test_it_lets_a_station_hear_its_own_three_channels_and_its_claim_and_nothing_else(
    connect: Connect,
) -> None:
    station = connect.ready("louxing-07", "#")
    gateway = connect.ready("gateway")
    neighbour = connect.ready("shuangfeng-01")
    neighbour.say("stations/shuangfeng/shuangfeng-01/telemetry")
    own = [f"stations/louxing/louxing-07/{channel}" for channel in ("ack", "config", "command")]
    for topic in ["stations/shuangfeng/shuangfeng-01/ack", "gateways/shuangfeng", *own, "gateways/louxing"]:
        gateway.say(topic)
    assert [station.next()[0] for _ in range(4)] == [*own, "gateways/louxing"]
    assert station.heard.empty()


def test_it_gives_the_load_generator_region_sim_only(connect: Connect) -> None:
    gateway = connect.ready("gateway", "stations/#")
    connect.ready("fleet").try_to_say("stations/louxing/louxing-07/telemetry")
    connect.ready("fleet").say("stations/sim/sim-00001/telemetry")
    assert gateway.next()[0] == "stations/sim/sim-00001/telemetry"


def test_it_refuses_a_wrong_password(connect: Connect) -> None:
    refused: list[str] = []
    made = connect("louxing-07", password="guessed")
    made.client.on_connect = lambda _c, _d, _f, reason, _p: refused.append(str(reason))
    until_sync(lambda: refused, what="an answer")
    assert refused[0] == "Not authorized"


def test_it_keeps_everything_for_a_gateway_that_pauses(connect: Connect) -> None:
    """20,000 frames of 1 KB, twenty times the default limit of messages."""
    gateway = connect.ready("gateway", "stations/sim/+/telemetry")
    fleet = connect.ready("fleet")
    resumed = threading.Event()

    def hear(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        resumed.wait(30)
        gateway.heard.put((message.topic, b""))

    gateway.client.on_message = hear
    for _ in range(19_999):
        fleet.client.publish("stations/sim/sim-00001/telemetry", bytes(1024), qos=0)
    fleet.say("stations/sim/sim-00001/telemetry", bytes(1024))
    resumed.set()
    until_sync(lambda: gateway.heard.qsize() == 20_000, seconds=30, what="all frames")


def test_it_says_which_station_it_cannot_list(tmp_path: Path) -> None:
    stations = tmp_path / "stations.yaml"
    for text, complaint in [
        ("- {station_id: louxing-07}\n", "entry 1 needs station_id and region"),
        ("- {station_id: gateway, region: louxing}\n", "the user gateway exists already"),
        ("- {station_id: 'a\\nuser b', region: louxing}\n", "station_id"),
    ]:
        stations.write_text(text)
        done = make_acl(stations)
        assert done.returncode == 1
        assert re.search(complaint, done.stderr), done.stderr
        assert "Traceback" not in done.stderr
