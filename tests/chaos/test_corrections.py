"""A correction is undone by nothing: not by copies of its frame, not by a kill."""

import httpx
from ulid import ULID

from tests.chaos.gatehouse import Gatehouse
from tests.chaos.peer import Peer, frame, now_ms
from tests.support.waiting import until_sync

STATION_ID = "louxing-01"
COUNTED = (10, 99, 12)


def correct(house: Gatehouse, stream: str, seq: int, value: int) -> None:
    body = {
        "station_id": STATION_ID,
        "domain": "occupancy",
        "stream": stream,
        "seq": seq,
        "index": 0,
        "field": "people_in_total",
        "value": value,
        "reason": "counted by hand",
        "by": "li",
    }
    answer = httpx.post(f"{house.http}/api/v1/readings/corrections", json=body, timeout=30)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    assert answer.json()["carried_out"]


def last_said(house: Gatehouse) -> object:
    [device] = house.ask(f"/stations/{STATION_ID}").json()["devices"]
    return device["reading"]["people_in_total"]


def copies_counted(house: Gatehouse) -> int:
    return int(house.completeness(STATION_ID)["duplicate"])


def test_a_correction_outlives_copies_of_its_frame_and_a_kill(house: Gatehouse, peer: Peer) -> None:
    stream, now = str(ULID()), now_ms()
    frames = [
        frame(
            STATION_ID,
            stream,
            seq,
            {"occupancy": [{"device": "front-door", "ts": now - 3_000 + seq, "people_in_total": count}]},
        )
        for seq, count in enumerate(COUNTED, 1)
    ]
    for payload in frames:
        peer.send(STATION_ID, payload)
    peer.wait_for_acks(STATION_ID, stream, 3)
    correct(house, stream, 2, 11)
    correct(house, stream, 3, 13)
    assert (house.counted(STATION_ID), last_said(house)) == ([10, 11, 13], 13)
    for _ in range(2):
        copies = copies_counted(house)  # a kill may take the count of copies that were not yet committed
        for payload in frames:
            peer.send(STATION_ID, payload, "backlog")
        until_sync(
            lambda copies=copies: copies_counted(house) >= copies + len(frames),  # type: ignore[misc]
            what="the copies counted",
        )
        assert (house.counted(STATION_ID), last_said(house)) == ([10, 11, 13], 13)
        house.kill()
        house.start()
        until_sync(lambda: house.ask("/readyz").status_code == httpx.codes.OK, what="ready")
