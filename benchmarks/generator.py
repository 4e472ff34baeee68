"""(g) What the load generator costs beside the client libraries: `docs/decisions/fleet-generator.md`."""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import gmqtt
import paho.mqtt.client as paho
import uvloop
from gmqtt.mqtt.constants import MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.bench import Bench, Load, Row
from benchmarks.metering import Meter, wait_s
from benchmarks.programs import Program, python
from simulators.load.shape import readings_of

PART = "g"
TITLE = "the load generator beside client libraries that publish 30 points a frame at QoS 1"
POINTS = 30
RATE = 8_000.0
_TICK_S = 0.01
_STATIONS = 1_000


def run(bench: Bench) -> Iterator[Row]:
    """CPU a frame of our generator, paho and gmqtt at one rate, on one connection each."""
    seconds = bench.seconds(15, 3)
    with bench.broker() as broker:
        address = urlsplit(broker.url)
        load = Load(_STATIONS, POINTS, RATE, duration_s=seconds + 5)
        with bench.fleet(broker, load) as fleet:
            fleet.begin()
            ours = _cpu_a_frame(fleet, seconds)
        yield Row(PART, "simulate fleet", ours, "µs/frame")
        for kind in ("paho", "gmqtt"):
            command = python("benchmarks.generator", kind, str(address.hostname), str(address.port))
            with bench.program(kind, *command) as publisher:
                publisher.wait_for("ready")
                cost = _cpu_a_frame(publisher, seconds)
            yield Row(PART, f"{kind}, orjson", cost, "µs/frame")
            yield Row(PART, f"{kind} : simulate fleet", cost / ours, "×")


def _cpu_a_frame(program: Program, seconds: float) -> float:
    meter = Meter({"publisher": program})
    wait_s(seconds)
    meter.stop()
    return meter.cpu_s("publisher") / (RATE * meter.seconds) * 1e6


def _frame(station: int, seq: int, now_ms: int) -> bytes:
    """A frame of the generator's shape, encoded as a program without patching would."""
    import orjson

    readings: dict[str, list[dict[str, object]]] = {}
    for reading in readings_of(POINTS):
        values = {one.field: one.low / 10**one.decimals for one in reading.series}
        readings.setdefault(reading.domain, []).append({"device": reading.device, "ts": now_ms, **values})
    head = {"v": 1, "station_id": f"fleet-{station:05d}", "stream": "01K0PZ6Q9V3W8S4D2N7X5C1BFA", "seq": seq}
    return orjson.dumps(
        {**head, "oldest": seq, "gone": [], "class": "sample", "sent": now_ms, "readings": readings}
    )


def _publish_at_rate(publish: Callable[[str, bytes], object], sleep: Callable[[float], Any]) -> Iterator[Any]:
    """Publish what is due at every tick, for ever; yields what ``sleep`` gives."""
    start, sent = time.monotonic(), 0
    while True:
        elapsed = time.monotonic() - start
        for frame in range(sent, int(elapsed * RATE)):
            station = frame % _STATIONS
            topic = f"stations/sim/fleet-{station:05d}/telemetry"
            publish(topic, _frame(station, frame // _STATIONS + 1, int(elapsed * 1000)))
        sent = max(sent, int(elapsed * RATE))
        yield sleep(_TICK_S)


def _with_paho(host: str, port: int) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="paho-publisher")
    client.max_inflight_messages_set(0)
    client.connect(host, port)
    client.loop_start()
    print("ready", flush=True)
    for _ in _publish_at_rate(lambda topic, payload: client.publish(topic, payload, qos=1), time.sleep):
        pass


async def _with_gmqtt(host: str, port: int) -> None:
    import asyncio

    client = gmqtt.Client("gmqtt-publisher")
    await client.connect(host, port, version=MQTTv311)
    print("ready", flush=True)
    for pause in _publish_at_rate(
        lambda topic, payload: client.publish(topic, payload, qos=1), asyncio.sleep
    ):
        await pause


def main(kind: str, host: str, port: str) -> None:
    """Publish until ended."""
    if kind == "paho":
        _with_paho(host, int(port))
    else:
        uvloop.run(_with_gmqtt(host, int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
