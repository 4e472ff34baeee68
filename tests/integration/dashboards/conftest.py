"""One real InfluxDB with two fleets: Louxing with faults, and a healthy one with a station of each kind."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from simulators.archetypes import ARCHETYPES
from simulators.towns import LOUXING
from tests.support.influx import Influx
from tests.support.lived_mirror import DAY_MS, HOUR_MS, Lived, create, live
from tests.support.panels import Ask, asker
from tests.support.told_mirror import tell

END_MS = 1_795_334_400_000
"""2026-11-22T08:00:00Z, a Sunday afternoon in Louxing."""
HOURS = int(os.environ.get("SIMULATED_HOURS", "1"))
"""Of readings; a week has 168. What the gateway tells of itself covers a month in any case."""
FAULTS = {
    "louxing-01": "F06@10",
    "louxing-02": "F02@20",
    "louxing-03": "F20@25",
    "louxing-05": "F05@20",
    "louxing-06": "F08@30",
    "louxing-11": "F07@15",
}
"""A propped door, a burst hose, carbon monoxide, a forced door, a mains outage, refusals."""
ONE_OF_EACH = tuple(next(site for site in LOUXING if site.archetype == kind) for kind in ARCHETYPES)


@dataclass(frozen=True)
class Fleet:
    """A database of the server, and what was lived through in it."""

    ask: Ask
    lived: Lived


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    with Influx(tmp_path_factory.mktemp("influx")) as server:
        yield server


@pytest.fixture(scope="session")
def louxing(influx: Influx, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """All 37 stations, some of them in trouble."""
    lived = Lived(LOUXING, END_MS - HOURS * HOUR_MS, END_MS)
    create(influx)
    tell(influx, replace(lived, start_ms=END_MS - 31 * DAY_MS))
    live(influx, tmp_path_factory.mktemp("louxing"), lived, FAULTS)
    return Fleet(asker(influx.port), lived)


@pytest.fixture(scope="session")
def healthy(influx: Influx, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """One station of each kind, and nothing wrong with any."""
    lived = Lived(ONE_OF_EACH, END_MS - 2 * HOUR_MS, END_MS)
    create(influx, "healthy")
    tell(influx, replace(lived, start_ms=END_MS - 31 * DAY_MS), healthy=True, database="healthy")
    live(influx, tmp_path_factory.mktemp("healthy"), lived, {}, database="healthy")
    return Fleet(asker(influx.port, "healthy"), lived)
