"""The desk that tests of the life of alerts work at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.alerting.response.desk import Desk, desk


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Desk]:
    """A desk over an empty state."""
    made = desk(tmp_path)
    yield made
    made.state.close()
