"""The load generator against a real broker, and a small gateway that acknowledges what it is told to."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.mosquitto import Mosquitto
from tests.support.processes import Running
from tests.support.waiting import until_sync
from wire.codec import decode
from wire.frames import Birth, Goodbye, Result
from wire.topics import Channel, Topics
from wire.verdicts import Decoded

GATEWAY = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
TOPICS = Topics()
Arrival = tuple[Channel, str, Decoded]


class Gateway:
    """Acknowledges every frame by itself, unless ``withhold`` says that this arrival is not acknowledged."""

    def __init__(self, port: int, withhold: Callable[["Gateway", Arrival], bool] = lambda *_: False) -> None:
        self.arrivals: list[Arrival] = []
        self.statuses: list[tuple[str, dict[str, object]]] = []
        self.results: list[dict[str, object]] = []
        self._withhold = withhold
        self._lock = threading.Lock()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="gateway")
        self.client.on_message = lambda _client, _data, message: self._take(
            message.topic, bytes(message.payload)
        )
        self.client.on_connect = lambda client, *_: client.subscribe("stations/sim/#", qos=0)
        self._subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._subscribed.wait(10)

    def _take(self, topic: str, payload: bytes) -> None:
        address = TOPICS.parse(topic)
        assert address is not None
        if address.channel is Channel.STATUS:
            self.statuses.append((address.station_id, json.loads(payload)))
        elif address.channel is Channel.RESULT:
            self.results.append(json.loads(payload))
        elif address.channel in {Channel.TELEMETRY, Channel.BACKLOG}:
            frame = decode(payload, address.station_id)
            assert isinstance(frame, Decoded), frame
            arrival = (address.channel, address.station_id, frame)
            self.arrivals.append(arrival)
            if not self._withhold(self, arrival):
                self.acknowledge(frame)

    def acknowledge(self, frame: Decoded) -> None:
        ack = {"v": 1, "gateway": GATEWAY, "stream": frame.stream, "received": [[frame.seq, frame.seq]]}
        self._say(frame.station_id, Channel.ACK, {**ack, "credit": 64, "now": frame.sent})

    def command(self, station_id: str, name: str, args: dict[str, object]) -> None:
        command = {"v": 1, "gateway": GATEWAY, "id": GATEWAY, "name": name, "args": args, "issued": 1}
        self._say(station_id, Channel.COMMAND, {**command, "ttl_s": 60, "by": [GATEWAY]})

    def _say(self, station_id: str, channel: Channel, message: dict[str, object]) -> None:
        self.client.publish(TOPICS.of("sim", station_id, channel), json.dumps(message))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def numbers(self) -> list[tuple[str, int]]:
        return [(station, frame.seq or 0) for _, station, frame in self.arrivals]

    def births(self, station_id: str) -> list[dict[str, object]]:
        return [
            status for name, status in self.statuses if name == station_id and status["state"] == "online"
        ]


def _asked(fleet: Running) -> dict[str, Any]:
    def told() -> list[str]:
        return [line for line in list(fleet.lines) if line.startswith("{")]

    before = len(told())
    os.kill(fleet.pid, signal.SIGUSR1)
    until_sync(lambda: len(told()) > before, what="a report")
    report: dict[str, Any] = json.loads(told()[-1])
    return report


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def gateway(broker: Mosquitto) -> Iterator[Gateway]:
    running = Gateway(broker.port)
    yield running
    running.close()


def _fleet(broker: Mosquitto, *arguments: str) -> Running:
    return Running("simulate", "fleet", "--broker", broker.url, *arguments)


def _report(fleet: Running) -> dict[str, object]:
    (line,) = [one for one in fleet.lines if one.startswith("{")]
    report: dict[str, object] = json.loads(line)
    return report


def test_it_delivers_every_frame_once_and_reports_it(broker: Mosquitto, gateway: Gateway) -> None:
    shape = ("--stations", "20", "--points", "30", "--every", "0.2", "--frames", "210")
    with _fleet(broker, *shape) as fleet:
        assert fleet.wait(30) == 0, fleet.output
    report = _report(fleet)
    assert (report["sent"], report["acknowledged"], report["resent"]) == (210, 210, 0)
    expected = {(f"fleet-{n % 20 + 1:05d}", n // 20 + 1) for n in range(210)}
    assert sorted(gateway.numbers()) == sorted(expected)
    assert {channel for channel, _, _ in gateway.arrivals} == {Channel.TELEMETRY}
    for _, _, frame in gateway.arrivals:
        assert not frame.rejected
        assert len(frame.readings) == 11
    delays = report["ack_ms"]
    assert isinstance(delays, dict)
    assert 0 < delays["p50"] <= delays["p95"] <= delays["p99"] < 5_000


def test_asked_meanwhile_it_reports_and_counts_delays_anew(broker: Mosquitto, gateway: Gateway) -> None:
    with _fleet(broker, "--stations", "1", "--points", "5", "--every", "3600") as fleet:
        until_sync(lambda: gateway.numbers() == [("fleet-00001", 1)], what="its only frame")
        report: dict[str, Any] = {}

        def is_acknowledged() -> bool:
            report.update(_asked(fleet))
            return bool(report["acknowledged"])

        until_sync(is_acknowledged, what="its acknowledgement")
        assert report["ack_ms"]["p50"] > 0
        assert _asked(fleet)["ack_ms"] == {"p50": 0, "p95": 0, "p99": 0}


def test_it_introduces_every_station_and_says_goodbye(broker: Mosquitto, gateway: Gateway) -> None:
    with _fleet(broker, "--stations", "5", "--points", "5", "--every", "1", "--frames", "5") as fleet:
        assert fleet.wait(30) == 0, fleet.output
    until_sync(lambda: len(gateway.statuses) == 10, what="births and goodbyes")
    for station in range(1, 6):
        birth, goodbye = [status for name, status in gateway.statuses if name == f"fleet-{station:05d}"]
        Birth.model_validate_json(json.dumps(birth))
        Goodbye.model_validate_json(json.dumps(goodbye))
        assert (birth["state"], goodbye["state"]) == ("online", "stopped")
        assert birth["session"] == goodbye["session"]


def test_it_sends_a_frame_again_on_backlog_when_its_acknowledgement_is_lost(broker: Mosquitto) -> None:
    def lose_one(gateway: Gateway, arrival: Arrival) -> bool:
        _, station, frame = arrival
        return gateway.numbers().count((station, 3)) == 1 and (station, frame.seq) == ("fleet-00001", 3)

    gateway = Gateway(broker.port, lose_one)
    shape = ("--stations", "2", "--points", "5", "--every", "0.2", "--frames", "20")
    with _fleet(broker, *shape) as fleet:
        assert fleet.wait(30) == 0, fleet.output
    gateway.close()
    assert _report(fleet)["resent"] == 1
    first, again = [one for one in gateway.arrivals if (one[1], one[2].seq) == ("fleet-00001", 3)]
    assert (first[0], again[0]) == (Channel.TELEMETRY, Channel.BACKLOG)
    assert first[2].readings == again[2].readings
    assert again[2].sent > first[2].sent


def test_it_gives_up_and_says_why_when_nobody_acknowledges(broker: Mosquitto) -> None:
    shape = ("--stations", "2", "--points", "5", "--every", "1", "--frames", "2", "--patience", "1")
    with _fleet(broker, *shape) as fleet:
        assert fleet.wait(30) == 1
    assert _report(fleet)["acknowledged"] == 0
    assert "2 frames are not acknowledged" in fleet.output


def test_it_brings_everything_home_after_the_broker_was_killed(broker: Mosquitto, gateway: Gateway) -> None:
    shape = ("--stations", "10", "--points", "5", "--every", "0.25", "--frames", "160")
    with _fleet(broker, *shape) as fleet:
        until_sync(lambda: len(gateway.arrivals) > 40, what="the first frames")
        broker.restart()
        assert fleet.wait(60) == 0, fleet.output
    assert set(gateway.numbers()) == {(f"fleet-{n % 10 + 1:05d}", n // 10 + 1) for n in range(160)}
    assert Channel.BACKLOG in {channel for channel, _, _ in gateway.arrivals}
    for station in range(1, 11):
        sessions = [birth["session"] for birth in gateway.births(f"fleet-{station:05d}")]
        assert len(set(map(str, sessions))) > 1


def test_it_drains_a_backlog_beside_its_live_frames(broker: Mosquitto, gateway: Gateway) -> None:
    shape = ("--stations", "3", "--points", "5", "--every", "1", "--backlog-hours", "0.01")
    with _fleet(broker, *shape) as fleet:
        assert fleet.wait(30) == 0, fleet.output
    backlog = [
        frame.seq for lane, name, frame in gateway.arrivals if (lane, name) == ("backlog", "fleet-00002")
    ]
    live = [
        frame.seq for lane, name, frame in gateway.arrivals if (lane, name) == ("telemetry", "fleet-00002")
    ]
    assert backlog == list(range(1, 37))
    assert live[:2] == [37, 38]


def test_it_obeys_a_gateway_that_asks_for_frames_again(broker: Mosquitto, gateway: Gateway) -> None:
    with _fleet(broker, "--stations", "1", "--points", "5", "--every", "0.2") as fleet:
        until_sync(lambda: len(gateway.arrivals) > 5, what="the first frames")
        stream = gateway.arrivals[0][2].stream
        gateway.command("fleet-00001", "resend", {"stream": stream, "ranges": [[2, 3]]})
        gateway.command("fleet-00001", "birth", {})
        gateway.command("fleet-00001", "open_door", {})
        until_sync(lambda: len(gateway.results) == 3, what="three results")
        until_sync(lambda: gateway.numbers().count(("fleet-00001", 3)) == 2, what="the frames once more")
        assert fleet.stop() == 0, fleet.output
    for result in gateway.results:
        Result.model_validate_json(json.dumps(result))
    assert [result["state"] for result in gateway.results] == ["done", "done", "refused"]
    assert len(gateway.births("fleet-00001")) == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--stations", "0", "--points", "5", "--every", "1"), "stations must be 1 to 99999, not 0"),
        (("--stations", "1", "--points", "0", "--every", "1"), "points must be 1 to 300"),
        (("--stations", "1", "--points", "5", "--every", "0"), "every must be a number of seconds above 0"),
        (("--stations", "1", "--points", "5", "--every", "1", "--frames", "0"), "frames must be at least 1"),
    ],
)
def test_it_refuses_settings_that_make_no_sense(
    broker: Mosquitto, arguments: tuple[str, ...], complaint: str
) -> None:
    with _fleet(broker, *arguments) as fleet:
        assert fleet.wait(20) == 2
    assert complaint in fleet.output


def test_it_says_that_there_is_no_broker(broker: Mosquitto) -> None:
    broker.stop()
    with _fleet(broker, "--stations", "1", "--points", "5", "--every", "1") as fleet:
        assert fleet.wait(20) == 1
    assert f"no broker at 127.0.0.1:{broker.port}" in fleet.output
    broker.start()


def test_it_is_stored_whole_by_the_real_gateway(broker: Mosquitto, tmp_path: Path) -> None:
    config = tmp_path / "gateway.yaml"
    settings = {"data_dir": str(tmp_path / "data"), "broker": {"url": broker.url}, "http": {"port": 0}}
    config.write_text(json.dumps(settings))
    with Running("gateway", "run", "--config", str(config)) as real:
        url = real.wait_for(r"ready http=(\S+)")[1]
        shape = ("--stations", "10", "--points", "30", "--every", "0.2", "--frames", "105")
        with _fleet(broker, *shape) as fleet:
            assert fleet.wait(40) == 0, fleet.output
        for station, frames in (("fleet-00001", 11), ("fleet-00010", 10)):
            about = httpx.get(f"{url}/api/v1/stations/{station}").json()
            assert about["completeness"] == {
                "received": frames,
                "duplicate": 0,
                "late": 0,
                "missing": 0,
                "gone": 0,
                "quarantined": 0,
            }
            power = httpx.get(f"{url}/api/v1/stations/{station}/readings/power", params={"limit": 1000})
            assert len(power.json()["items"]) == 4 * frames
        assert real.stop() == 0, real.output
