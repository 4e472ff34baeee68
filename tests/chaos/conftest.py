"""A gateway for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.gatehouse import Gatehouse
from tests.chaos.peer import Peer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Gatehouse]:
    with Gatehouse.open(tmp_path) as house:
        yield house


@pytest.fixture
def peer(house: Gatehouse) -> Iterator[Peer]:
    with Peer(house.broker.port) as peer:
        yield peer
