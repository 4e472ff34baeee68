"""One real InfluxDB with two fleets: Louxing with faults, and a healthy one with a station of each kind."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from simulators.archetypes import ARCHETYPES
from simulators.faults import Fault, make_fault
from simulators.towns import LOUXING
from tests.integration.dashboards.published import publish
from tests.support.influx import Influx
from tests.support.lived_mirror import DAY_MS, HOUR_MS, Lived, create, live
from tests.support.panels import Ask, asker
from tests.support.told_mirror import tell
from tests.support.troubled import Happened

END_MS = 1_795_334_400_000
"""2026-11-22T08:00:00Z, a Sunday afternoon in Louxing."""
HOURS = int(os.environ.get("SIMULATED_HOURS", "1"))
"""Of readings; a week has 168. What the gateway tells of itself covers a month in any case."""
FAULTS = {
    "louxing-01": ((90, "F19"), (54, "F03"), (0.8, "F06")),
    "louxing-02": ((82, "F13"), (40, "F15"), (0.7, "F02")),
    "louxing-03": ((19, "F17"), (6, "F18"), (0.7, "F20")),
    "louxing-04": ((133.8, "F01"),),
    "louxing-05": ((100, "F10"), (28, "F14"), (0.7, "F05")),
    "louxing-08": ((60, "F09"), (0.4, "F09")),
    "louxing-10": ((80, "F04"), (25, "F11")),
    "louxing-11": ((20, "F12"), (0.7, "F07")),
    "louxing-17": ((50, "F16"), (0.4, "F08")),
}
"""What breaks, and how many hours before the end: all twenty of the simulator in a week; in an hour a propped
door, a burst hose, carbon monoxide, a forced door, a dead link, refusals, a mains outage."""
ONE_OF_EACH = tuple(next(site for site in LOUXING if site.archetype == kind) for kind in ARCHETYPES)


def befalling(start_ms: int) -> dict[str, tuple[Fault, ...]]:
    """Return by station what breaks after a time."""
    found = {
        station_id: tuple(
            make_fault(name, begins)
            for hours, name in told
            if (begins := END_MS - int(hours * HOUR_MS)) > start_ms
        )
        for station_id, told in FAULTS.items()
    }
    return {station_id: faults for station_id, faults in found.items() if faults}


@dataclass(frozen=True)
class Fleet:
    """A database of the server, what was lived through in it, and what befell stations."""

    ask: Ask
    lived: Lived
    happened: Happened


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    with Influx(tmp_path_factory.mktemp("influx")) as server:
        yield server


@pytest.fixture(scope="session")
def louxing(influx: Influx, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """All 37 stations, some of them in trouble; two months were published."""
    lived = Lived(LOUXING, END_MS - HOURS * HOUR_MS, END_MS)
    create(influx)
    happened = live(influx, tmp_path_factory.mktemp("louxing"), lived, befalling(lived.start_ms))
    tell(influx, replace(lived, start_ms=END_MS - 31 * DAY_MS), happened)
    publish(influx, tmp_path_factory.mktemp("published") / "state", LOUXING, END_MS)
    return Fleet(asker(influx.port), lived, happened)


@pytest.fixture(scope="session")
def healthy(influx: Influx, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """One station of each kind, and nothing wrong with any."""
    lived = Lived(ONE_OF_EACH, END_MS - 2 * HOUR_MS, END_MS)
    create(influx, "healthy")
    happened = live(influx, tmp_path_factory.mktemp("healthy"), lived, {}, database="healthy")
    tell(influx, replace(lived, start_ms=END_MS - 31 * DAY_MS), database="healthy")
    return Fleet(asker(influx.port, "healthy"), lived, happened)
