"""A disk that is full: nothing acknowledged is lost, and all goes on by itself when there is room again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ulid import ULID

from tests.chaos.box import Box
from tests.chaos.gatehouse import Gatehouse
from tests.chaos.peer import Peer, frame, now_ms
from tests.chaos.small_disk import SmallDisk, small_disk
from tests.support.waiting import until_sync

STATION_ID = "louxing-01"
READINGS = 300
"""A frame of this test: so many doors at once, to fill what is left of a disk soon."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", megabytes=160) as disk:
        yield disk


@pytest.fixture
def house(tmp_path: Path, disk: SmallDisk) -> Iterator[Gatehouse]:
    with Gatehouse.open(tmp_path, disk.path / "gateway") as house:
        yield house


class Talker:
    """Sends frame after frame of one stream."""

    def __init__(self, peer: Peer) -> None:
        self.stream = str(ULID())
        self.last = 0
        self._peer = peer

    def say(self, frames: int) -> None:
        """Send so many more."""
        for _ in range(frames):
            self.last += 1
            doors = [
                {"device": f"door-{n}", "ts": now_ms(), "people_in_total": self.last * READINGS + n}
                for n in range(READINGS)
            ]
            self._peer.send(STATION_ID, frame(STATION_ID, self.stream, self.last, {"occupancy": doors}))

    def acked(self) -> int:
        """How many frames were acknowledged."""
        return self._peer.acked(STATION_ID, self.stream).count()

    def wait_for_acks(self) -> None:
        """Return once everything said is acknowledged."""
        self._peer.wait_for_acks(STATION_ID, self.stream, self.last, 60)


def fill_until_it_complains(house: Gatehouse, disk: SmallDisk, talker: Talker) -> None:
    disk.fill()

    def complains() -> bool:
        talker.say(3)
        # roll-ups are refused first, and that too is said; here it is about what stations are told
        return house.ask("/readyz").status_code == 503 and house.metric("yizhan_store_up") == 0

    until_sync(complains, 60, "the gateway saying that its disk is full")


def stored_exactly(house: Gatehouse, talker: Talker) -> bool:
    wanted = [(STATION_ID, talker.stream, seq) for seq in range(1, talker.last + 1)]
    return house.stored() == wanted


def test_a_full_disk_stops_acknowledgements_until_there_is_room_again(
    house: Gatehouse, disk: SmallDisk, peer: Peer
) -> None:
    talker = Talker(peer)
    talker.say(50)
    talker.wait_for_acks()
    fill_until_it_complains(house, disk, talker)
    said = house.ask("/readyz").json()
    assert said["store"] != "ok"
    assert said["broker"] == "ok"
    assert house.ask("/healthz").status_code == 200
    acked = talker.acked()
    assert acked < talker.last
    talker.say(20)
    until_sync(lambda: house.metric("yizhan_frames_total") >= talker.last, what="everything arriving")
    assert talker.acked() == acked
    disk.clear()
    talker.wait_for_acks()
    until_sync(lambda: house.ask("/readyz").status_code == 200, what="the gateway being ready again")
    assert house.metric("yizhan_store_up") == 1
    assert house.runs
    assert house.stop() == 0
    assert stored_exactly(house, talker)


def test_a_gateway_killed_on_a_full_disk_has_everything_it_acknowledged(
    house: Gatehouse, disk: SmallDisk, peer: Peer
) -> None:
    talker = Talker(peer)
    talker.say(50)
    talker.wait_for_acks()
    fill_until_it_complains(house, disk, talker)
    acked = list(peer.acked(STATION_ID, talker.stream))
    house.kill()
    disk.clear()
    house.start()
    assert house.stop() == 0
    stored = {seq for _, _, seq in house.stored()}
    assert all(set(range(lo, hi + 1)) <= stored for lo, hi in acked)


def test_a_station_on_a_full_disk_drops_by_policy_counts_it_and_tells_the_gateway(tmp_path: Path) -> None:
    with small_disk(tmp_path / "card", megabytes=4) as card, Gatehouse.open(tmp_path) as house:
        house.kill()
        house.broker.kill()
        box = Box.make(card.path, tmp_path / "door.jsonl", STATION_ID, house.broker.url)
        box.door.write_text('{"domain":"environment","device":"ceiling","smoke_alarm":"alarm"}\n')
        try:
            box.program.start()
            until_sync(lambda: box.frames() > 0, what="the alarm on disk")
            flood(box.door, 80_000)
            size = box.door.stat().st_size
            until_sync(lambda: box.read_bytes() == size, 120, "everything read")
            assert box.dropped() > 0
            house.broker.start()
            house.start()
            until_sync(lambda: box.unsettled() == 0, 120, "a settled outbox")
            completeness = house.completeness(STATION_ID)
            assert completeness["gone"] >= box.dropped() > 0
            assert completeness["missing"] == completeness["quarantined"] == 0
            assert completeness["received"] + completeness["gone"] == box.numbered()
            assert house.stop() == 0
            house.start()
            assert house.completeness(STATION_ID)["gone"] == completeness["gone"]
            assert house.completeness(STATION_ID)["missing"] == 0
            smoke = house.items(f"/stations/{STATION_ID}/readings/environment", device="ceiling")
            assert [item["smoke_alarm"] for item in smoke] == ["alarm"]
        finally:
            box.program.kill()


def flood(path: Path, lines: int) -> None:
    """Write as many readings at once as no small disk can hold."""
    with path.open("a") as door:
        door.writelines(f'{{"domain":"occupancy","people_in_total":{n}}}\n' for n in range(lines))
