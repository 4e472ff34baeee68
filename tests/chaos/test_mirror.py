"""A gateway that is killed while it mirrors, and an InfluxDB that is killed while it is written to."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.timeseries.mirror.arranging import arrange
from gateway.timeseries.mirror.server import Influx as Client
from gateway.timeseries.mirror.settings import InfluxSettings
from tests.chaos.box import Box
from tests.chaos.gatehouse import Gatehouse
from tests.support.influx import Influx
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import until_sync

STATION_ID = "louxing-01"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Influx]:
    with Influx(tmp_path / "influx") as server:
        with Client(InfluxSettings.model_validate({"url": server.url})) as client:
            arrange(client)
        yield server


@pytest.fixture
def mirrored(tmp_path: Path, server: Influx) -> Iterator[Gatehouse]:
    with Mosquitto(tmp_path / "broker") as broker:
        house = Gatehouse.make(tmp_path, broker, tmp_path / "gateway")
        told = json.loads(house.settings.read_text()) | {"mirror": {"influxdb": {"url": server.url}}}
        house.settings.write_text(json.dumps(told))
        try:
            house.start()
            yield house
        finally:
            house.kill()


def passed(server: Influx) -> list[int]:
    """Return every count of the door that the mirror has."""
    rows = server.query(f"SELECT people_in_total FROM occupancy WHERE station = '{STATION_ID}'")  # noqa: S608 - names of ours
    return sorted(row["people_in_total"] for row in rows)


def count_people(box: Box, first: int, last: int) -> None:
    """Let people pass the door."""
    with box.door.open("a") as door:
        door.writelines(f'{{"domain":"occupancy","people_in_total":{n}}}\n' for n in range(first, last + 1))


@pytest.mark.timeout(300)
def test_both_sides_count_the_same_after_kills(mirrored: Gatehouse, server: Influx, tmp_path: Path) -> None:
    box = Box.make(tmp_path / STATION_ID, tmp_path / "door.jsonl", STATION_ID, mirrored.broker.url)

    try:
        box.program.start()
        count_people(box, 1, 100)
        until_sync(lambda: passed(server), 60, "the first of them")
        mirrored.kill()
        count_people(box, 101, 200)
        mirrored.start()
        until_sync(lambda: len(passed(server)) > 100, 180, "some of the second hundred")
        server.kill()
        count_people(box, 201, 300)
        until_sync(lambda: mirrored.counted(STATION_ID) == list(range(1, 301)), 60, "all of them stored")
        assert mirrored.ask("/readyz").status_code == 200, "a gateway works without its mirror"
        until_sync(lambda: "unreachable" in mirrored.ask("/readyz").json()["mirror"], 30, "it being told")
        server.start()
        until_sync(lambda: passed(server) == list(range(1, 301)), 120, "both sides counting the same")
        until_sync(lambda: mirrored.ask("/readyz").json()["mirror"] == "ok", 90, "all being well")
        assert server.query("SELECT count(store_up) FROM gateway")[0]["count"] >= 1
        assert mirrored.stop() == 0
    finally:
        box.program.kill()
