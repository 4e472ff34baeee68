"""Frames that come again, a whole day of them, change no stored value and no total."""

import random
from typing import Any

from ulid import ULID

from tests.chaos.gatehouse import Gatehouse
from tests.chaos.peer import Peer, frame, now_ms
from tests.support.waiting import until_sync

STATION_ID, SIMPLE_ID = "louxing-01", "louxing-02"
MINUTE_MS = 60_000
MINUTES = 24 * 60


def day(stream: str, now: int) -> list[bytes]:
    """Return a frame a minute of a day that ends now."""
    frames = []
    for n in range(1, MINUTES + 1):
        ts = now - (MINUTES - n) * MINUTE_MS
        readings = {
            "occupancy": [{"device": "front-door", "ts": ts, "people_in_total": n // 3}],
            "power": [{"device": "main.l1", "ts": ts, "power_active_w": 500.0 + n % 7, "voltage_v": 230.1}],
            "water": [{"device": "main", "ts": ts, "water_volume_m3_total": n / 1000}],
        }
        frames.append(frame(STATION_ID, stream, n, readings, sent=now, oldest=n))
    return frames


def simple(now: int) -> list[bytes]:
    """Return frames of hardware without an outbox: no numbers, only bytes."""
    frames = []
    for n in range(100):
        reading = {"device": "main", "ts": now - n * MINUTE_MS, "water_volume_m3_total": 1.0 - n / 1000}
        text = frame(SIMPLE_ID, "", 1, {"water": [reading]}, sent=now)
        frames.append(text.replace(b'"stream": "", "seq": 1, "oldest": 1, "gone": [], ', b""))
    return frames


def everything(house: Gatehouse) -> dict[str, Any]:
    """Return every value and total anybody can ask for, but for the count of copies."""
    answers: dict[str, Any] = {}
    for station_id, domains in ((STATION_ID, ("occupancy", "power", "water")), (SIMPLE_ID, ("water",))):
        for domain in domains:
            path = f"/stations/{station_id}/readings/{domain}"
            answers[path] = house.items(path)
            answers[path + " hours"] = house.items(path, every="1h", fn="max")
        totals = f"/stations/{station_id}/readings/water"
        answers[totals + " increase"] = house.items(totals, every="1d", fn="increase", tz="Asia/Shanghai")
        detail = house.ask(f"/stations/{station_id}").json()
        answers[station_id] = [detail["people_inside_count"], detail["completeness"] | {"duplicate": 0}]
    return answers


def test_it_takes_a_day_of_frames_again_and_nothing_changes(house: Gatehouse, peer: Peer) -> None:
    now, stream, chance = now_ms(), str(ULID()), random.Random(5)
    frames, bare = day(stream, now), simple(now)
    for payload in frames:
        peer.send(STATION_ID, payload, "backlog")
    for payload in bare:
        peer.send(SIMPLE_ID, payload)
    peer.wait_for_acks(STATION_ID, stream, MINUTES)
    until_sync(lambda: house.completeness(SIMPLE_ID)["received"] == len(bare), what="the bare frames stored")
    before = everything(house)
    assert len(before[f"/stations/{STATION_ID}/readings/power"]) == MINUTES
    for again in (1, 2):
        chance.shuffle(frames)
        for payload in frames:
            peer.send(STATION_ID, payload, "backlog")
        for payload in bare:
            peer.send(SIMPLE_ID, payload)
        for station_id, copies in ((STATION_ID, len(frames)), (SIMPLE_ID, len(bare))):
            until_sync(
                lambda station_id=station_id, copies=copies: (  # type: ignore[misc]
                    house.completeness(station_id)["duplicate"] == copies * again  # noqa: B023 - used at once
                ),
                what=f"every copy of {station_id} counted, for the {again}. time",
            )
        assert everything(house) == before
        # The second time the gateway knows of the frames only what its disk knows.
        assert house.stop() == 0
        house.start()
        until_sync(lambda: house.ask("/readyz").status_code == 200, what="ready")
        assert everything(house) == before
    house.kill()
    assert len(house.stored()) == len(frames) + len(bare)
