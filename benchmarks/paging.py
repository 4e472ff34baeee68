"""(i) From smoke on the wire to the first message out, beside the load of every 24-hour station."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.bench import COUNTRY, Bench, Broker, Load, Row
from wire.codec import encode_frame
from wire.topics import Channel, Topics

PART = "i"
TITLE = "reading on the wire to the first message of a P1, all rules on, 12,100 stations"
POINTS = 30
POINT_RATE = 36_000
PAGES, QUICK_PAGES = 100, 3
EVERY_S = 0.37
"""No multiple of a tick or a commit, so that pages fall anywhere between them."""
REGION = "sim"
"""The fleet's own: what a gateway hears of a region before it has claimed it is not judged."""
SETTLES = 1.5
"""Rounds of all stations before the first page: hearing of one for the first time costs more."""
PATIENCE_S = 60.0


class Receiver:
    """Somebody's webhook: notes when a station was first told of (monotonic seconds)."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.told: dict[str, float] = {}
        self._news = threading.Condition()

    def hear(self, body: bytes) -> None:
        """Take one message."""
        now = time.monotonic()
        with self._news:
            for alert in json.loads(body)["alerts"]:
                self.told.setdefault(alert["station_id"], now)
            self._news.notify_all()

    def wait(self, stations: set[str]) -> None:
        """Wait until all were told of; RuntimeError when it takes too long."""
        with self._news:
            if not self._news.wait_for(lambda: stations <= self.told.keys(), PATIENCE_S):
                raise RuntimeError(
                    f"{len(stations - self.told.keys())} of {len(stations)} were never told of"
                )


def run(bench: Bench) -> Iterator[Row]:
    """Percentiles of the time between a publish and a webhook's receipt."""
    pages = QUICK_PAGES if bench.quick else PAGES
    stations = bench.stations(COUNTRY)
    settles_s = SETTLES * stations * POINTS / POINT_RATE
    load = Load(stations, POINTS, POINT_RATE / POINTS, duration_s=settles_s + pages * EVERY_S + 10)
    with receiver() as told, bench.broker() as broker:
        reached = {
            "channels": {"desk": {"kind": "webhook", "url": told.url, "secret": "bench"}},
            "on_call": {"people": {"desk": {"name": "desk", "channels": ["desk"]}}, "fallback": "desk"},
        }
        with bench.gateway(broker, further=reached), bench.fleet(broker, load) as fleet:
            fleet.begin()
            time.sleep(settles_s)
            delays = _page(broker, told, pages)
    for rank in (50, 95, 99):
        aim = "< 1,000" if rank == 99 else ""  # noqa: PLR2004 - the one that is promised
        yield Row(PART, f"smoke to webhook, p{rank}", float(np.percentile(delays, rank)), "ms", aim)


def _page(broker: Broker, told: Receiver, pages: int) -> list[float]:
    """Let one station after the other report smoke; the delays in ms."""
    address = urlsplit(broker.url)
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(str(address.hostname), address.port or 1883)
    client.loop_start()
    sent: dict[str, float] = {}
    for number in range(pages):
        station_id = f"smoke-{number:03d}"
        now = time.time_ns() // 1_000_000  # noqa: TID251 - what a station's clock would say
        reading = {"device": "lounge", "ts": now, "smoke_alarm": "alarm"}
        frame = encode_frame(
            station_id=station_id, frame_class="alarm", sent=now, readings={"environment": [reading]}
        )
        sent[station_id] = time.monotonic()
        client.publish(Topics().of(REGION, station_id, Channel.TELEMETRY), frame)
        time.sleep(EVERY_S)
    told.wait(set(sent))
    client.loop_stop()
    client.disconnect()
    return [(told.told[station_id] - at) * 1_000 for station_id, at in sent.items()]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A webhook on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Hear, then answer."""
            heard.hear(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library calls it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, name="webhook")
        thread.start()
        try:
            yield heard
        finally:
            server.shutdown()
            thread.join()
