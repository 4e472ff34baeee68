"""Bare MQTT clients that only count what they receive: what the gateway's CPU is compared with."""

import asyncio
import json
import signal
import sys

import paho.mqtt.client as paho
import uvloop
from gmqtt import Client
from gmqtt.mqtt.constants import MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

FILTERS = ("stations/+/+/telemetry", "stations/+/+/backlog")
_QOS = 0


class Count:
    """How many messages came, and their bytes."""

    def __init__(self) -> None:
        self.frames = self.bytes = 0

    def add(self, payload: bytes | bytearray) -> None:
        """Count one message."""
        self.frames += 1
        self.bytes += len(payload)


async def receive_with_gmqtt(host: str, port: int, count: Count) -> None:
    """Until SIGTERM, on uvloop, MQTT 3.1.1."""
    client = Client("bare-gmqtt")

    def take(_client: Client, _topic: str, payload: bytes, _qos: int, _properties: object) -> int:
        count.add(payload)
        return 0

    client.on_message = take
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    await client.connect(host, port, version=MQTTv311)
    for one in FILTERS:
        client.subscribe(one, qos=_QOS)
    print("ready", flush=True)
    await over.wait()
    await client.disconnect()


def receive_with_paho(host: str, port: int, count: Count) -> None:
    """Until SIGTERM."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bare-paho")
    client.on_message = lambda _client, _data, message: count.add(message.payload)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: client.disconnect())
    client.connect(host, port)
    client.subscribe([(one, _QOS) for one in FILTERS])
    client.loop_forever()


def main(kind: str, host: str, port: str) -> None:
    """Count until told to stop, then print the counts as JSON."""
    count = Count()
    if kind == "gmqtt":
        uvloop.run(receive_with_gmqtt(host, int(port), count))
    else:
        receive_with_paho(host, int(port), count)
    print(json.dumps({"frames": count.frames, "bytes": count.bytes}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
