"""Two gateways on one broker: by mistake only the first stores; told to, the second takes over."""

from pathlib import Path

import pytest

from tests.chaos.box import SETTLES_S, Box
from tests.chaos.gatehouse import Gatehouse
from tests.support.waiting import until_sync

STATION_ID = "louxing-01"


def count_people(box: Box, first: int, last: int) -> None:
    with box.door.open("a") as door:
        door.writelines(f'{{"domain":"occupancy","people_in_total":{n}}}\n' for n in range(first, last + 1))


@pytest.mark.timeout(300)
def test_a_second_gateway_stores_nothing_until_it_is_told_to_take_over(
    house: Gatehouse, tmp_path: Path
) -> None:
    second = Gatehouse.make(tmp_path, house.broker, tmp_path / "second")
    box = Box.make(tmp_path / STATION_ID, tmp_path / "door.jsonl", STATION_ID, house.broker.url)
    try:
        box.program.start()
        count_people(box, 1, 100)
        until_sync(lambda: house.counted(STATION_ID) == list(range(1, 101)), 30, "the first hundred")
        second.start()
        until_sync(lambda: "regions" in second.ask("/readyz").json(), what="the mistake being told")
        assert second.ask("/readyz").status_code == 503
        assert house.ask("/readyz").status_code == 200
        count_people(box, 101, 200)
        until_sync(lambda: house.counted(STATION_ID) == list(range(1, 201)), 30, "the second hundred")
        assert second.ask("/stations").json()["items"] == []
        assert second.stop() == 0
        second.start("--take-over")
        until_sync(lambda: house.ask("/readyz").status_code == 503, what="the first giving way")
        count_people(box, 201, 300)
        until_sync(lambda: set(range(201, 301)) <= set(second.counted(STATION_ID)), 30, "the third hundred")
        until_sync(lambda: box.unsettled() == 0, SETTLES_S, "a settled outbox")
        assert second.ask("/readyz").status_code == 200
        assert house.counted(STATION_ID) == list(range(1, 201))
        assert [one["state"] for one in house.ask("/stations").json()["items"]] == ["unknown"]
    finally:
        box.program.kill()
        second.kill()
