"""The broker and the network that the other tests torment do what they claim."""

import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.certificates import Certificates
from tests.support.mosquitto import Mosquitto
from tests.support.ports import is_open
from tests.support.proxy import Proxy, split_packets
from tests.support.waiting import until_sync


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


class Peer:
    """A bare client that echoes nothing and remembers what came."""

    def __init__(self, port: int, client_id: str, user: str | None = None, ca: Path | None = None) -> None:
        self.received: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        if user:
            self.client.username_pw_set(user, f"{user}-password")
        if ca:
            self.client.tls_set(ca_certs=str(ca))
        self.client.on_message = lambda _client, _data, message: self.received.put(
            (message.topic, bytes(message.payload))
        )
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        until_sync(self.client.is_connected, what="a connection")

    def subscribe(self, topics: str) -> None:
        """Hear what is said on topics from now on: the broker has said that it knows."""
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.subscribe(topics, qos=0)
        assert subscribed.wait(10), "the broker did not answer"

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def peers(broker: Mosquitto) -> Iterator[tuple[Proxy, Peer, Peer]]:
    with Proxy(broker.port) as link:
        near, far = Peer(link.port, "near"), Peer(broker.port, "far")
        far.subscribe("#")
        yield link, near, far
        near.close()
        far.close()


def test_it_carries_messages(peers: tuple[Proxy, Peer, Peer]) -> None:
    _, near, far = peers
    near.client.publish("greeting", b"hello", qos=1).wait_for_publish(5)
    assert far.received.get(timeout=5) == ("greeting", b"hello")


def test_it_repeats_every_second_message(peers: tuple[Proxy, Peer, Peer]) -> None:
    link, near, far = peers
    link.duplicate_every = 2
    for number in range(4):
        near.client.publish("n", str(number).encode(), qos=0)
    until_sync(lambda: far.received.qsize() == 6, what="four messages and two repeats")
    assert link.duplicated == 2


def test_it_cuts_and_heals(peers: tuple[Proxy, Peer, Peer]) -> None:
    link, near, _ = peers
    link.cut()
    until_sync(lambda: not near.client.is_connected(), what="the cut being noticed")
    link.heal()
    until_sync(near.client.is_connected, what="the connection coming back")


def test_it_swallows_what_is_sent_into_a_black_hole(peers: tuple[Proxy, Peer, Peer]) -> None:
    link, near, far = peers
    link.blackhole = True
    lost = near.client.publish("lost", b"", qos=1)
    lost.wait_for_publish(0.3)
    assert not lost.is_published()
    assert far.received.empty()
    assert near.client.is_connected()


def test_it_survives_a_kill_on_the_same_port(broker: Mosquitto) -> None:
    broker.kill()
    assert not is_open(broker.port)
    broker.start()
    assert is_open(broker.port)


def test_it_says_nothing_while_paused(broker: Mosquitto) -> None:
    broker.pause()
    with socket.create_connection(("127.0.0.1", broker.port)) as caller:
        caller.settimeout(0.3)
        caller.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x")
        with pytest.raises(TimeoutError):
            caller.recv(4)
        broker.resume()
        caller.settimeout(5)
        assert caller.recv(4) == b"\x20\x02\x00\x00"


def test_it_checks_passwords_and_certificates(tmp_path: Path) -> None:
    certificates = Certificates.make(tmp_path / "tls")
    with Mosquitto(tmp_path / "b", users={"a": "a-password"}, certificates=certificates) as broker:
        assert broker.url.startswith("mqtts://")
        peer = Peer(broker.port, "a", user="a", ca=certificates.ca)
        peer.close()
        assert peer.client.protocol == mqtt.MQTTv311


def test_it_finds_the_ends_of_packets() -> None:
    whole, rest = split_packets(b"\xc0\x00" + b"\x30\x80\x01" + bytes(128) + b"\x30\x05ab")
    assert [len(packet) for packet in whole] == [2, 131]
    assert rest == b"\x30\x05ab"
