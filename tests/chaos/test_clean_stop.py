"""SIGTERM: what arrived is finished and acknowledged, goodbye is said, and the next start repairs nothing."""

import json
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from ulid import ULID

from tests.chaos.box import SETTLES_S, Box
from tests.chaos.gatehouse import Gatehouse
from tests.chaos.peer import Peer, frame, people
from tests.support.waiting import until_sync

STATION_ID = "louxing-01"
SECONDS = 10.0


def test_a_gateway_stopped_amid_frames_has_acknowledged_all_it_stored(house: Gatehouse, peer: Peer) -> None:
    stream, stopped = str(ULID()), threading.Event()

    def talk() -> None:
        seq = 0
        while not stopped.wait(0.002):
            seq += 1
            peer.send(STATION_ID, frame(STATION_ID, stream, seq, people(seq)))

    talker = threading.Thread(target=talk, name="talker")
    talker.start()
    try:
        until_sync(lambda: peer.acked(STATION_ID, stream).count() > 500, what="frames streaming in")
        began = time.monotonic()
        assert house.stop() == 0
        assert time.monotonic() - began < SECONDS
    finally:
        stopped.set()
        talker.join()
    stored = {seq for _, _, seq in house.stored()}
    until_sync(lambda: peer.acked(STATION_ID, stream).count() >= len(stored), what="the last acks arriving")
    acked = {seq for lo, hi in peer.acked(STATION_ID, stream) for seq in range(lo, hi + 1)}
    assert acked == stored
    assert not list(house.data_dir.glob("*.wal"))
    began = time.monotonic()
    house.start()
    assert time.monotonic() - began < SECONDS
    assert house.completeness(STATION_ID)["received"] == len(stored)


@pytest.mark.timeout(300)
def test_a_station_stopped_says_goodbye_and_leaves_nothing_to_repair(
    house: Gatehouse, tmp_path: Path
) -> None:
    statuses: list[dict[str, object]] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, "watcher")
    client.on_message = lambda *message: statuses.append(json.loads(message[2].payload))
    client.connect("127.0.0.1", house.broker.port)
    client.subscribe("stations/+/+/status", qos=1)
    client.loop_start()
    box = Box.make(tmp_path / STATION_ID, tmp_path / "door.jsonl", STATION_ID, house.broker.url)
    try:
        box.program.start()
        with box.door.open("a") as door:
            door.writelines(f'{{"domain":"occupancy","people_in_total":{n}}}\n' for n in range(1, 2_001))
        until_sync(lambda: house.ask(f"/stations/{STATION_ID}").is_success, 30, "the station heard")
        until_sync(lambda: len(house.counted(STATION_ID)) == 2_000, 30, "every reading stored")
        began = time.monotonic()
        assert box.program.stop() == 0
        assert time.monotonic() - began < SECONDS
        until_sync(lambda: statuses and statuses[-1]["state"] == "stopped", what="the goodbye")
        until_sync(lambda: house.ask(f"/stations/{STATION_ID}").json()["state"] == "offline", what="offline")
        box.program.start()
        until_sync(lambda: box.unsettled() == 0, SETTLES_S, "a settled outbox")
        assert statuses[-1]["state"] == "online"
        assert house.counted(STATION_ID) == list(range(1, 2_001))
        assert house.completeness(STATION_ID)["missing"] == 0
    finally:
        box.program.kill()
        client.disconnect()
        client.loop_stop()
