"""A station as bare MQTT: says what a test tells it to, and keeps what it hears."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.waiting import until_sync
from wire.topics import Channel, Topics

TOPICS = Topics()


class StationPeer:
    """``with StationPeer(port, "louxing-07") as station:`` is connected and hears everything meant for it."""

    def __init__(
        self,
        port: int,
        station_id: str,
        region: str = "louxing",
        *,
        user: tuple[str, str] | None = None,
        ca: Path | None = None,
        also: Sequence[str] = (),
    ) -> None:
        self.station_id, self.region = station_id, region
        self.heard: list[tuple[str, Any]] = []
        self._port = port
        self._subscribed = 0
        down = [
            TOPICS.of(region, station_id, channel)
            for channel in (Channel.ACK, Channel.CONFIG, Channel.COMMAND)
        ]
        self._filters = [*down, TOPICS.claim(region), *also]
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"{region}-{station_id}")
        if user is not None:
            self.client.username_pw_set(*user)
        if ca is not None:
            self.client.tls_set(ca_certs=str(ca))
        self.client.on_message = self._hear
        self.client.on_connect = lambda client, *_: client.subscribe([(topic, 1) for topic in self._filters])
        self.client.on_subscribe = self._count

    def say(self, channel: Channel, payload: bytes, *, retain: bool = False) -> None:
        """Publish one message at QoS 1."""
        self.publish(TOPICS.of(self.region, self.station_id, channel), payload, retain=retain)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish anywhere, and wait until the broker has it."""
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def on(self, channel: str) -> list[Any]:
        """What was heard on topics that end so, in order."""
        return [said for topic, said in list(self.heard) if topic.endswith(channel)]

    def acknowledged(self, stream: str) -> set[int]:
        """Every number acknowledged so far."""
        ranges = [pair for ack in self.on("/ack") if ack["stream"] == stream for pair in ack["received"]]
        return {seq for lo, hi in ranges for seq in range(lo, hi + 1)}

    def __enter__(self) -> Self:
        self.client.connect("127.0.0.1", self._port)
        self.client.loop_start()
        until_sync(lambda: self._subscribed, what=f"the subscriptions of {self.station_id}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _hear(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.heard.append((message.topic, json.loads(message.payload) if message.payload else None))

    def _count(self, *_rest: object) -> None:
        self._subscribed += 1
