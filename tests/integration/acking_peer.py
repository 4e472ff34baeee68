"""The least a gateway must do for an agent: read its frames and acknowledge them."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from wire.ranges import Ranges

GATEWAY = "01K0PZ6Q9V3W8S4D2N7X5C1BFB"
NOW = 1_800_000_000_000


@dataclass
class Peer:
    """Everything a station published, and what to answer it.

    ``acknowledge`` says which frames are taken; ``silent`` stops all acks.
    """

    client: paho.Client
    station: str = "stations/louxing/louxing-07"
    credit: int = 64
    silent: bool = False
    now: int = NOW
    acknowledge: Callable[[dict[str, Any]], bool] = lambda _frame: True
    frames: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    received: dict[str, Ranges] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def lines(self) -> list[Any]:
        """Return the distinct readings of domain water in the order of their first arrival."""
        with self.lock:
            seen: dict[tuple[str, int], list[Any]] = {}
            for _, frame in self.frames:
                seen.setdefault((frame["stream"], frame["seq"]), frame["readings"].get("water", []))
        return [reading["water_volume_m3_total"] for readings in seen.values() for reading in readings]

    def births(self) -> list[dict[str, Any]]:
        """Return the births so far."""
        with self.lock:
            return [status for status in self.statuses if status["state"] == "online"]

    def send(self, channel: str, message: dict[str, Any], *, retain: bool = False) -> None:
        """Publish to the station as the gateway."""
        content = {"v": 1, "gateway": GATEWAY} | message
        self.client.publish(f"{self.station}/{channel}", json.dumps(content), qos=1, retain=retain)

    def ack(self, stream: str, received: Ranges, gateway: str = GATEWAY) -> None:
        """Publish one ack."""
        content = {"v": 1, "gateway": gateway, "stream": stream, "received": received.to_lists()[-64:]}
        content |= {"credit": self.credit, "now": self.now}
        self.client.publish(f"{self.station}/ack", json.dumps(content))

    def subscribe(self, *_about: object) -> None:
        """Hear the station, also after the broker came back."""
        self.client.subscribe(
            [(f"{self.station}/{channel}", 1) for channel in ("telemetry", "backlog", "status", "result")]
        )

    def on_message(self, message: paho.MQTTMessage) -> None:
        """Note what came; acknowledge frames one by one."""
        channel = message.topic.rsplit("/", 1)[1]
        content = json.loads(message.payload)
        with self.lock:
            if channel == "status":
                self.statuses.append(content)
            elif channel == "result":
                self.results.append(content)
            else:
                self.frames.append((channel, content))
        if channel in {"telemetry", "backlog"} and not self.silent and self.acknowledge(content):
            received = self.received.setdefault(content["stream"], Ranges())
            received.add(content["seq"])
            self.ack(content["stream"], received)


@contextmanager
def acking_peer(port: int, *, station: str = "stations/louxing/louxing-07", now: int = NOW) -> Iterator[Peer]:
    """Connect a peer that answers the station louxing-07 until the block ends."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="peer")
    peer = Peer(client, station=station, now=now)
    ready = threading.Event()
    client.on_message = lambda _client, _data, message: peer.on_message(message)
    client.on_connect = peer.subscribe
    client.on_subscribe = lambda *_: ready.set()
    client.reconnect_delay_set(1, 1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert ready.wait(10)
    try:
        yield peer
    finally:
        client.disconnect()
        client.loop_stop()
