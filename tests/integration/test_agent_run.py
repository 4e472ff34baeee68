"""The agent as a process, against a real broker and a peer that acknowledges."""

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.acking_peer import GATEWAY, Peer, acking_peer
from tests.integration.agent_process import AgentProcess, unsettled
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import until_sync
from wire.codec import Decoded, decode
from wire.frames import Birth

OTHER_GATEWAY = "01K0PZ6Q9V3W8S4D2N7X5C1BFC"
COMMAND = "01K0PZ6Q9V3W8S4D2N7X5C1C01"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def peer(broker: Mosquitto) -> Iterator[Peer]:
    with acking_peer(broker.port) as connected:
        yield connected


def more_frames(peer: Peer) -> None:
    known = len(peer.frames)
    until_sync(lambda: len(peer.frames) > known, what="any frame")


def test_it_delivers_a_line_and_settles_it(tmp_path: Path, broker: Mosquitto, peer: Peer) -> None:
    with AgentProcess(tmp_path, broker.url) as agent:
        until_sync(peer.births, what="a birth")
        agent.write(1.5)
        until_sync(lambda: peer.lines() == [1.5], what="the reading")
        until_sync(lambda: not unsettled(agent), what="the outbox settling")
    assert {lane for lane, frame in peer.frames if "water" in frame["readings"]} == {"telemetry"}


def test_it_speaks_what_the_decoder_takes(tmp_path: Path, broker: Mosquitto, peer: Peer) -> None:
    with AgentProcess(tmp_path, broker.url) as agent:
        agent.write(1, 2, 3)
        until_sync(lambda: len(peer.lines()) == 3, what="the readings")
    for _, frame in peer.frames:
        decoded = decode(json.dumps(frame).encode(), "louxing-07")
        assert isinstance(decoded, Decoded)
        assert not decoded.rejected
        assert not decoded.unknown_fields
    Birth.model_validate_json(json.dumps(peer.births()[0]))


def test_it_sends_what_waited_on_the_backlog_lane(tmp_path: Path, broker: Mosquitto) -> None:
    with AgentProcess(tmp_path, broker.url) as agent:
        broker.kill()
        agent.write(*range(50))
        until_sync(lambda: unsettled(agent) > 0, what="frames on disk")
        broker.start()
        with acking_peer(broker.port) as peer:
            until_sync(lambda: peer.lines() == list(range(50)), 20, "the readings")
            until_sync(lambda: not unsettled(agent), 20, "the outbox settling")


def test_it_loses_nothing_when_it_is_killed_again_and_again(
    tmp_path: Path, broker: Mosquitto, peer: Peer
) -> None:
    agent = AgentProcess(tmp_path, broker.url)
    written: list[int] = []
    for kill in range(5):
        agent.start()
        lines = list(range(kill * 200, kill * 200 + 200))
        agent.write(*lines)
        written += lines
        more_frames(peer)
        agent.kill()
    with agent:
        until_sync(lambda: sorted(peer.lines()) == written, 30, "every reading")
        until_sync(lambda: not unsettled(agent), 30, "the outbox settling")
    assert sorted(peer.lines()) == written  # each once: a repeated frame repeats its number


def test_it_says_goodbye_and_exits_0_on_sigterm(tmp_path: Path, broker: Mosquitto, peer: Peer) -> None:
    agent = AgentProcess(tmp_path, broker.url)
    agent.start()
    until_sync(peer.births, what="a birth")
    assert agent.stop() == 0
    until_sync(lambda: peer.statuses[-1]["state"] == "stopped", what="the goodbye")
    assert peer.statuses[-1]["session"] == peer.births()[-1]["session"]
    assert "Traceback" not in agent.log


def test_it_raises_its_session_and_leaves_a_last_will(tmp_path: Path, broker: Mosquitto, peer: Peer) -> None:
    with AgentProcess(tmp_path, broker.url) as agent:
        until_sync(lambda: len(peer.births()) == 1, what="the first birth")
        agent.kill()
        until_sync(lambda: peer.statuses[-1]["state"] == "lost", what="the last will")
        agent.start()
        until_sync(lambda: len(peer.births()) >= 2, what="the second birth")
    first, second = peer.births()[0], peer.births()[-1]
    assert second["session"] > first["session"]
    assert second["boot_id"] == first["boot_id"]
    assert second["streams"][0]["stream"] == first["streams"][0]["stream"]


def test_it_obeys_only_the_gateway_it_heard_first(tmp_path: Path, broker: Mosquitto, peer: Peer) -> None:
    with AgentProcess(tmp_path, broker.url) as agent:
        agent.write(1)
        until_sync(lambda: peer.lines() == [1] and not unsettled(agent), what="the first ack")
        peer.silent = True
        agent.write(2)
        until_sync(lambda: peer.lines() == [1, 2], what="the second reading")
        stream = peer.frames[-1][1]["stream"]
        whole = peer.received[stream].copy()
        whole.add_range(1, peer.frames[-1][1]["seq"])
        peer.ack(stream, whole, gateway=OTHER_GATEWAY)
        peer.send("command", {"id": COMMAND, "name": "birth", "issued": peer.now, "ttl_s": 60})
        until_sync(lambda: peer.results, what="the result of the command after the foreign ack")
        assert unsettled(agent) > 0
        assert "another gateway" in agent.log
        claim = {"v": 1, "gateway": OTHER_GATEWAY, "since": 1, "replaces": [GATEWAY]}
        peer.client.publish("gateways/louxing", json.dumps(claim), qos=1, retain=True)
        until_sync(lambda: OTHER_GATEWAY in agent.log, what="obeying the gateway that took over")
        peer.ack(stream, whole, gateway=OTHER_GATEWAY)
        until_sync(lambda: not unsettled(agent), what="the outbox settling")


def test_it_carries_out_a_command_once_over_restarts(tmp_path: Path, broker: Mosquitto, peer: Peer) -> None:
    def ask(name: str = "birth") -> None:
        known = len(peer.results)
        peer.send("command", {"id": COMMAND, "name": name, "issued": peer.now, "ttl_s": 60})
        until_sync(lambda: len(peer.results) > known, what="a result")

    with AgentProcess(tmp_path, broker.url) as agent:
        until_sync(peer.births, what="a birth")
        ask()
        agent.kill()
        agent.start()
        until_sync(lambda: peer.statuses[-1]["state"] == "online", what="the birth of the second run")
        ask("resend")
    assert peer.results[0] == peer.results[1]
    assert peer.results[0]["state"] == "done"


def test_it_refuses_what_it_does_not_know(tmp_path: Path, broker: Mosquitto, peer: Peer) -> None:
    with AgentProcess(tmp_path, broker.url):
        until_sync(peer.births, what="a birth")
        peer.send("command", {"id": COMMAND, "name": "open_door", "issued": peer.now, "ttl_s": 60})
        peer.send("config", {"version": 3, "settings": {"colour": "red"}}, retain=True)
        until_sync(lambda: len(peer.results) == 2, what="two results")
    by_config = {"config_version" in result: result for result in peer.results}
    assert by_config[False]["state"] == by_config[True]["state"] == "refused"
    assert "open_door" in by_config[False]["reason"]
    assert "colour" in by_config[True]["reason"]
    assert by_config[True]["config_version"] == 3


def test_it_sends_again_what_a_gateway_lost(tmp_path: Path, broker: Mosquitto, peer: Peer) -> None:
    with AgentProcess(tmp_path, broker.url) as agent:
        agent.write(7)
        until_sync(lambda: peer.lines() == [7] and not unsettled(agent), what="the first delivery")
        stream = peer.frames[-1][1]["stream"]
        sent = len(peer.frames)
        asked = {"stream": stream, "ranges": [[1, 1], [5000, 6000]]}
        peer.send(
            "command", {"id": COMMAND, "name": "resend", "args": asked, "issued": peer.now, "ttl_s": 60}
        )
        until_sync(lambda: len(peer.frames) > sent and peer.frames[-1][1]["seq"] == 1, what="the frame again")
        assert peer.frames[-1][0] == "backlog"
        until_sync(lambda: not unsettled(agent), what="the outbox settling again")
    assert peer.results[0]["state"] == "done"
    assert peer.results[0]["gone"] == []  # the running stream has not come that far


def test_it_refuses_to_share_a_data_directory(tmp_path: Path, broker: Mosquitto) -> None:
    with AgentProcess(tmp_path, broker.url) as agent:
        running = psutil.Process(agent.process.pid if agent.process else 0)
        second = psutil.Popen([*running.cmdline()], stderr=-1, text=True)
        _, complaint = second.communicate(timeout=20)
    assert second.returncode == 1
    assert "another agent runs on data_dir" in complaint
    assert "Traceback" not in complaint
