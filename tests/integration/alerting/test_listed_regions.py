"""A station born in another region than `stations.yaml` says is an alert until one of the two is mended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.config import Settings
from gateway.state.alert_rows import AlertRow
from tests.integration.station_peer import StationPeer
from tests.integration.test_gateway_session import birth, running, settings
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import until
from wire.topics import Channel


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


def listed_in(region: str, tmp_path: Path, broker: Mosquitto) -> Settings:
    stations = tmp_path / "stations.yaml"
    stations.write_text(f"- {{station_id: louxing-07, region: {region}}}\n")
    return settings(tmp_path / "data", {"url": broker.url}, stations={"file": stations})


def found(gateway: Gateway, *, still: bool) -> list[AlertRow]:
    rows = gateway.services.state.alerts.page(10)
    return [row for row in rows if row.rule == "AG-23" and row.is_open is still]


async def test_a_station_in_another_region_is_an_alert_until_the_file_is_mended(
    tmp_path: Path, broker: Mosquitto
) -> None:
    async with running(listed_in("louxing", tmp_path, broker)) as gateway:
        with StationPeer(broker.port, "louxing-07") as station:
            station.say(Channel.STATUS, birth(1))
            await until(lambda: gateway.services.fleet.station("louxing-07").session == 1)
    async with running(listed_in("shuangfeng", tmp_path, broker)) as gateway:
        await until(lambda: found(gateway, still=True), 15, "the alert about its region")
        [alert] = found(gateway, still=True)
        assert (alert.station_id, alert.device, alert.severity) == ("louxing-07", "", "P3")
    async with running(listed_in("louxing", tmp_path, broker)) as gateway:
        await until(lambda: found(gateway, still=False), 15, "the end of the alert")
        assert found(gateway, still=True) == []
