"""Browsers that look at the house of a test module: a station, people on call, and perhaps tokens."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from gateway.domain.registry import Name, Registry, StationSpec
from tests.integration.api_support import TWO_PEOPLE, House, open_house
from tests.integration.console.browser import browser_of, guarded_browser_of

REGISTRY = Registry(
    [StationSpec(station_id="louxing-07", region="louxing", name=Name(zh="港桥驿站", en="Gangqiao <07>"))]
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Open a house that heard two stations in two regions."""
    with open_house(tmp_path, REGISTRY, TWO_PEOPLE) as house:
        house.hear("louxing-07", "louxing")
        house.hear("north-1", "north")
        yield house


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Browse without tokens."""
    async with browser_of(house) as client:
        yield client


@pytest.fixture
async def guarded(house: House, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Browse with tokens."""
    async with guarded_browser_of(house, tmp_path) as client:
        yield client
