"""What must never reach the agent's disk, its log, or the wire."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.acking_peer import Peer, acking_peer
from tests.integration.agent_process import AgentProcess
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import until_sync

CARD, PHONE, NAME = "6222021234567890", "13800138000", "Zhang San"


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[tuple[Mosquitto, Peer]]:
    with Mosquitto(tmp_path / "broker") as broker, acking_peer(broker.port) as connected:
        yield broker, connected


def test_it_lets_no_credential_touch_disk_log_or_wire(tmp_path: Path, peer: tuple[Mosquitto, Peer]) -> None:
    broker, gateway = peer
    box = tmp_path / "box"
    box.mkdir()
    fifo = box / "door.fifo"
    os.mkfifo(fifo)
    devices = [{"device": "door", "driver": "jsonl", "path": str(fifo), "every": "50ms"}]
    lines = [
        {"domain": "access", "event": "granted", "credential": {"kind": "card", "id": CARD}},
        {"domain": "access", "event": "granted", "name": NAME, "phone": PHONE},
        {"domain": "access", "event": "granted", "subject_ref": PHONE},
        {"domain": "access", "event": PHONE},
        {"domain": "access", "event": "granted", "credential": {"kind": PHONE, "id": CARD}},
    ]
    with AgentProcess(box, broker.url, devices=devices) as agent:
        with fifo.open("w") as door:
            door.write("".join(json.dumps(line) + "\n" for line in lines) + NAME + "\n")
        until_sync(lambda: sum("access" in frame["readings"] for _, frame in gateway.frames), what="events")
        assert agent.stop() == 0
    passed = [reading for _, frame in gateway.frames for reading in frame["readings"].get("access", [])]
    assert [set(reading) - {"device", "ts", "event"} for reading in passed] == [
        {"credential_kind", "subject_ref"},
        set(),
    ]
    kept = [file for file in box.rglob("*") if file.is_file()]
    assert any(file.name == "outbox.db" for file in kept)
    for secret in (CARD, PHONE, NAME):
        assert secret not in str(gateway.frames)
        assert all(secret.encode() not in file.read_bytes() for file in kept), secret
