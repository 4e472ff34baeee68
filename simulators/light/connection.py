"""One MQTT session shared by many light stations."""

import queue
from collections.abc import Iterable

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulators.light.station import Outgoing

KEEPALIVE_S = 30


class Connection:
    """A session from CONNECT to its first failure; ``failed`` then, and a new one has to be made.

    Nothing is published before ``up``, so the client never holds messages of an earlier session.
    """

    def __init__(self, host: str, port: int, client_id: str, topics: Iterable[str]) -> None:
        """Connect in the background; raises OSError when nobody listens."""
        self.incoming: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self.up = False
        self.failed = False
        self._topics = [(topic, 1) for topic in topics]
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False
        )
        self._client.max_inflight_messages_set(0)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.connect(host, port, KEEPALIVE_S)
        self._client.loop_start()

    def publish(self, message: Outgoing) -> None:
        """Hand one message to the broker, QoS 1."""
        self._client.publish(message.topic, message.payload, qos=1, retain=message.retain)

    def close(self, last: Iterable[Outgoing] = ()) -> None:
        """Say the last words, wait at most 5 s until the broker has them, and leave."""
        if self.up:
            said = [self._client.publish(m.topic, m.payload, qos=1, retain=m.retain) for m in last]
            for one in said[-1:]:
                one.wait_for_publish(5)
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            self.failed = True
        else:
            client.subscribe(self._topics)

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _data: object,
        _mid: int,
        _reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self.up = True

    def _on_disconnect(self, *_details: object) -> None:
        self.up = False
        self.failed = True

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.incoming.put((message.topic, bytes(message.payload)))
