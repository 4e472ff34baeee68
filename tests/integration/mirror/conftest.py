"""A real InfluxDB and a mirror that does not wait long."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.mirror.house import House, settings_for
from tests.support.influx import Influx


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Influx]:
    with Influx(tmp_path / "influx") as server:
        yield server


@pytest.fixture
def house(tmp_path: Path, server: Influx, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr("gateway.timeseries.mirror.mirror.LONGEST_PAUSE_S", 0.2)
    monkeypatch.setattr("gateway.timeseries.mirror.mirror.FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr("gateway.timeseries.mirror.mirror.IDLE_S", 0.05)
    house = House(tmp_path / "data", server, settings_for(server))
    yield house
    house.close()
