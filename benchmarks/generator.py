"""(g) What the load generator costs beside the client libraries: `docs/decisions/fleet-generator.md`."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import gmqtt
import orjson
import paho.mqtt.client as paho
import uvloop
from gmqtt.mqtt.constants import MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.bench import Bench, Load, Row
from benchmarks.metering import Meter, wait_s
from benchmarks.programs import Program, python
from simulators.load.shape import readings_of

PART = "g"
TITLE = "publishing 30 points a frame at QoS 1, 8,000 frames/s offered, no gateway"
POINTS = 30
RATE = 8_000.0
_TICK_S = 0.01
_STATIONS = 1_000
_WARM_UP_S = 1.0


def run(bench: Bench) -> Iterator[Row]:
    """CPU a frame of our generator, of paho and of gmqtt."""
    seconds = bench.seconds(15, 3)
    with bench.broker() as broker:
        load = Load(_STATIONS, POINTS, RATE, duration_s=seconds + 5)
        with bench.fleet(broker, load) as fleet:
            fleet.begin()
            meter = Meter({"fleet": fleet})
            wait_s(seconds)
            meter.stop()
        ours = meter.cpu_s("fleet") / (RATE * meter.seconds) * 1e6
        yield Row(PART, "simulate fleet", ours, "µs/frame")
        address = urlsplit(broker.url)
        for kind in ("paho", "gmqtt"):
            command = python("benchmarks.generator", kind, str(address.hostname), str(address.port))
            with bench.program(kind, *command, str(seconds)) as publisher:
                cost = _read_cost(publisher, seconds)
            yield Row(PART, f"{kind} with orjson", cost, "µs/frame")
            yield Row(PART, f"{kind} : simulate fleet", cost / ours, "×")


def _read_cost(publisher: Program, seconds: float) -> float:
    found = publisher.wait_for(r"^([0-9]+) frames, ([0-9.]+) s of CPU$", seconds + 30)
    return float(found[2]) / int(found[1]) * 1e6


class _Frames:
    """Frames of the generator's shape, encoded one by one as a program without patching would."""

    def __init__(self) -> None:
        self.made = 0
        self._readings: dict[str, list[dict[str, object]]] = {}
        for reading in readings_of(POINTS):
            values = {one.field: one.low / 10**one.decimals for one in reading.series}
            self._readings.setdefault(reading.domain, []).append(
                {"device": reading.device, "ts": 0, **values}
            )
        self._frame = {"v": 1, "stream": "01K0PZ6Q9V3W8S4D2N7X5C1BFA", "gone": [], "class": "sample"}

    def next(self, now_ms: int) -> tuple[str, bytes]:
        """Topic and payload."""
        seq, station = divmod(self.made, _STATIONS)
        self.made += 1
        name = f"fleet-{station:05d}"
        for readings in self._readings.values():
            for reading in readings:
                reading["ts"] = now_ms
        numbers = {"station_id": name, "seq": seq + 1, "oldest": seq + 1, "sent": now_ms}
        payload = orjson.dumps({**self._frame, **numbers, "readings": self._readings})
        return f"stations/sim/{name}/telemetry", payload


def _publish_at_rate(
    publish: Callable[..., Any], sleep: Callable[[float], Any], seconds: float
) -> Iterator[Any]:
    """Publish what is due at every tick; yields what ``sleep`` gives, at last prints frames and CPU."""
    frames, start = _Frames(), time.monotonic()
    cpu_s, counted = time.process_time(), 0
    while (elapsed := time.monotonic() - start) < seconds + _WARM_UP_S:
        if elapsed < _WARM_UP_S:
            cpu_s, counted = time.process_time(), frames.made
        for _ in range(int(elapsed * RATE) - frames.made):
            topic, payload = frames.next(int(elapsed * 1000))
            publish(topic, payload, qos=1)
        yield sleep(_TICK_S)
    print(f"{frames.made - counted} frames, {time.process_time() - cpu_s} s of CPU", flush=True)


def _with_paho(host: str, port: int, seconds: float) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="paho-publisher")
    client.max_inflight_messages_set(0)
    client.connect(host, port)
    client.loop_start()
    for _ in _publish_at_rate(client.publish, time.sleep, seconds):
        pass
    client.disconnect()


async def _with_gmqtt(host: str, port: int, seconds: float) -> None:
    client = gmqtt.Client("gmqtt-publisher")
    await client.connect(host, port, version=MQTTv311)
    for pause in _publish_at_rate(client.publish, asyncio.sleep, seconds):
        await pause
    await client.disconnect()


def main(kind: str, host: str, port: str, seconds: str) -> None:
    """Publish for some seconds and print what it took."""
    if kind == "paho":
        _with_paho(host, int(port), float(seconds))
    else:
        uvloop.run(_with_gmqtt(host, int(port), float(seconds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
