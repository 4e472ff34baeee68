"""A station in the test's own hands: publishes whatever bytes it is told to, and hears acknowledgements."""

import json
import threading
import time
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.waiting import until_sync
from wire.ranges import Ranges

REGION = "louxing"


def now_ms() -> int:
    """Read the clock: stations of these tests send at the real time."""
    return time.time_ns() // 1_000_000  # noqa: TID251 - the far end of a real gateway


def frame(
    station_id: str, stream: str, seq: int, readings: dict[str, list[dict[str, Any]]], **header: object
) -> bytes:
    """Return a frame as a right station would send it, but for what ``header`` says otherwise."""
    content = {
        "v": 1,
        "station_id": station_id,
        "stream": stream,
        "seq": seq,
        "oldest": 1,
        "gone": [],
        "class": "sample",
        "sent": now_ms(),
        "readings": readings,
    }
    return json.dumps(content | header).encode()


def people(count: int, **reading: object) -> dict[str, list[dict[str, Any]]]:
    """Return readings of a people counter."""
    content = {"device": "front-door", "ts": now_ms(), "people_in_total": count}
    return {"occupancy": [content | reading]}


class Peer:
    """One MQTT connection that may speak for any station; ``acks`` by (station, stream)."""

    def __init__(self, port: int) -> None:
        self.acks: dict[tuple[str, str], Ranges] = {}
        self.credits: list[int] = []
        self._lock = threading.Lock()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "peer")
        self._client.max_queued_messages_set(0)
        self._client.max_inflight_messages_set(1_000)
        self._client.on_message = self._hear
        self._client.on_connect = self._subscribe
        self._client.connect("127.0.0.1", port)

    def send(self, station_id: str, payload: bytes, channel: str = "telemetry") -> None:
        """Publish one payload on a station's topic."""
        self._client.publish(f"stations/{REGION}/{station_id}/{channel}", payload, qos=1)

    def acked(self, station_id: str, stream: str) -> Ranges:
        """Return what was acknowledged to a station of one stream."""
        with self._lock:
            return self.acks.get((station_id, stream), Ranges()).copy()

    def wait_for_acks(self, station_id: str, stream: str, last: int, seconds: float = 30.0) -> None:
        """Return once every frame up to ``last`` is acknowledged."""
        until_sync(
            lambda: self.acked(station_id, stream) == Ranges([(1, last)]),
            seconds,
            f"acks of {station_id} up to {last}; acknowledged {self.acked(station_id, stream)}",
        )

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe("stations/+/+/ack", qos=1)

    def _hear(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        station_id = message.topic.split("/")[2]
        ack = json.loads(message.payload)
        with self._lock:
            received = self.acks.setdefault((station_id, ack["stream"]), Ranges())
            received.update((lo, hi) for lo, hi in ack["received"])
            self.credits.append(ack["credit"])

    def __enter__(self) -> Self:
        self._client.loop_start()
        until_sync(self._client.is_connected, what="the peer's connection")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
