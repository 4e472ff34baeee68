"""mosquitto under the very files of deploy/: who may come in, who may say and hear what, what it keeps."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.integration.deploy.layout import DEPLOY, Broker, Layout
from tests.support.waiting import until_sync

ANONYMOUS = {"nobody outside", "nobody inside"}
INSIDE = {"gateway", "fleet", "nobody inside"}


@dataclass
class Client:
    """A user's connection, what it heard, and what became of it."""

    client: mqtt.Client
    heard: "queue.Queue[tuple[str, bytes]]" = field(default_factory=queue.Queue)
    answers: list[str] = field(default_factory=list)

    def say(self, topic: str, payload: bytes = b"x", *, qos: int = 1) -> None:
        self.client.publish(topic, payload, qos=qos).wait_for_publish(5)

    def try_to_say(self, topic: str) -> None:
        """Say what the broker refuses: it takes the message and drops it, or drops us with it."""
        attempt = self.client.publish(topic, b"refused", qos=1)
        until_sync(lambda: attempt.is_published() or not self.client.is_connected(), what="a refusal")

    def next(self) -> tuple[str, bytes]:
        return self.heard.get(timeout=5)


@pytest.fixture(scope="module", params=["container", "debian"])
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    layout = Layout(tmp_path_factory.mktemp("site"))
    with Broker(layout, request.param) as broker:
        yield broker


@pytest.fixture
def connect(deployed: Broker) -> Iterator["Connect"]:
    connector = Connect(deployed)
    yield connector
    connector.close()


class Connect:
    """Connects users: gateway and simulated fleet at the inner door, stations at the public one."""

    def __init__(self, deployed: Broker) -> None:
        self.deployed = deployed
        self.clients: list[Client] = []

    def __call__(
        self, user: str, *, password: str | None = None, tls: bool = True, name: str = "anything"
    ) -> Client:
        made = Client(mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"{user}-{name}"))
        made.client.on_message = lambda _c, _d, m: made.heard.put((m.topic, bytes(m.payload)))
        made.client.on_connect = lambda _c, _d, _f, reason, _p: made.answers.append(str(reason))
        made.client.on_disconnect = lambda *_: made.answers.append("disconnected")
        made.client.reconnect_delay_set(60, 60)
        if user not in ANONYMOUS:
            made.client.username_pw_set(user, password or self.deployed.layout.password(user))
        if tls and not (user in INSIDE and self.deployed.way == "debian"):
            made.client.tls_set(ca_certs=str(self.deployed.layout.ca))
        port = self.deployed.inside if user in INSIDE else self.deployed.public
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


@pytest.mark.parametrize("channel", ["telemetry", "backlog", "status", "result"])
def test_it_lets_a_station_speak_on_its_own_four_channels(connect: Connect, channel: str) -> None:
    gateway = connect.ready("gateway", "stations/#")
    connect.ready("louxing-07").say(f"stations/louxing/louxing-07/{channel}")
    assert gateway.next() == (f"stations/louxing/louxing-07/{channel}", b"x")


@pytest.mark.parametrize(
    "topic",
    [
        "stations/shuangfeng/shuangfeng-01/telemetry",
        "stations/shuangfeng/shuangfeng-01/status",
        "stations/louxing/louxing-08/telemetry",
        "stations/shuangfeng/louxing-07/telemetry",
        "stations/louxing/louxing-07/ack",
        "stations/louxing/louxing-07/config",
        "stations/louxing/louxing-07/command",
        "gateways/louxing",
    ],
)
def test_it_drops_what_a_station_says_elsewhere(connect: Connect, topic: str) -> None:
    neighbour = connect.ready("shuangfeng-01", "stations/#", "gateways/#")
    listener = connect.ready("louxing-07", "stations/#", "gateways/#")
    gateway = connect.ready("gateway", "stations/#", "gateways/#")
    listener.try_to_say(topic)
    neighbour.say("stations/shuangfeng/shuangfeng-01/telemetry", b"next")
    assert gateway.next() == ("stations/shuangfeng/shuangfeng-01/telemetry", b"next")
    assert neighbour.heard.empty()
    assert listener.heard.empty()


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


@pytest.mark.parametrize("user", ["louxing-07", "louxing-99", "gateway", *sorted(ANONYMOUS)])
def test_it_refuses_who_cannot_prove_who_they_are(connect: Connect, user: str) -> None:
    made = connect(user, password="guessed")
    until_sync(lambda: made.answers, what="an answer")
    assert made.answers[0] == "Not authorized"


def test_it_speaks_nothing_but_tls_to_the_outside(connect: Connect) -> None:
    made = connect("louxing-07", tls=False)
    until_sync(lambda: "disconnected" in made.answers, what="the door closing")
    assert not made.client.is_connected()


@pytest.mark.parametrize(
    ("file", "doors"),
    [
        ("mosquitto.conf", {"8883": "tls"}),
        ("container.conf", {"8884": "tls"}),
        ("debian.conf", {"1883 127.0.0.1": "plain"}),
    ],
)
def test_it_has_no_other_doors(file: str, doors: dict[str, str]) -> None:
    _, *listeners = (DEPLOY / "mosquitto" / file).read_text().split("\nlistener ")
    kinds = {each.partition("\n")[0]: "tls" if "\nkeyfile " in each else "plain" for each in listeners}
    assert kinds == doors


def test_it_lets_a_second_box_with_a_stations_password_take_the_place_of_the_first(connect: Connect) -> None:
    first = connect.ready("louxing-07")
    second = connect("louxing-07", name="another")
    until_sync(lambda: "disconnected" in first.answers, what="the first being sent away")
    until_sync(second.client.is_connected, what="the second staying")


def test_it_lets_the_gateway_hold_several_sessions(connect: Connect) -> None:
    first, second = connect("gateway", name="0"), connect("gateway", name="1")
    until_sync(second.client.is_connected, what="the second session")
    first.say("stations/louxing/louxing-07/ack")
    assert [made.answers for made in (first, second)] == [["Success"], ["Success"]]


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
