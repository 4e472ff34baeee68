"""A house whose stations are lived in, for reports over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.api_support import NOW, House, open_house
from tests.integration.reports.desk import OCTOBER, REGISTRY, SILENT, STATION
from tests.unit.gateway_reports.lived import DAY


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Open a house that has known two stations since the day before October."""
    with open_house(tmp_path, REGISTRY) as house:
        house.now = OCTOBER - DAY
        for station_id in (STATION, SILENT):
            house.hear(station_id)
        house.now = NOW
        yield house
