"""`kill -9` of agents, broker and gateway at random instants, over a link that is cut and repeats itself."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.rig import Rig, Station
from tests.support.waiting import until_sync

STATIONS = 3
DRAIN_S = 240.0


def faults(rig: Rig, chance: random.Random) -> list[Callable[[], None]]:
    """What can happen: one of them dies and comes back, all do, or the link is cut."""

    def kill_agent() -> None:
        program = chance.choice(rig.stations).program
        program.kill()
        program.start()

    def kill_gateway() -> None:
        rig.gateway.kill()
        time.sleep(chance.uniform(0, 1))
        rig.gateway.start()

    def kill_broker() -> None:
        rig.broker.kill()
        time.sleep(chance.uniform(0, 1))
        rig.broker.start()

    def kill_all() -> None:
        programs = [rig.gateway, *(station.program for station in rig.stations)]
        for program in programs:
            program.kill()
        rig.broker.restart()
        for program in programs:
            program.start()

    def cut_link() -> None:
        rig.link.cut()
        time.sleep(chance.uniform(0.5, 2))
        rig.link.heal()
        rig.link.duplicate_every = 5

    return [kill_agent, kill_agent, kill_gateway, kill_gateway, kill_broker, kill_all, cut_link]


def torment(rig: Rig, frames: int, kills: int, seed: int) -> None:
    """Let things happen, spread over the making of so many frames."""
    chance = random.Random(seed)
    rig.link.duplicate_every = 5
    done = 0
    while done < kills or sum(station.frames() for station in rig.stations) < frames:
        share = sum(station.frames() for station in rig.stations) / frames
        if done < kills and share >= done / kills:
            chance.choice(faults(rig, chance))()
            done += 1
        time.sleep(chance.uniform(0, 0.5))


def balanced(rig: Rig, station: Station) -> None:
    """Every reading once, every frame counted once, nothing left over."""
    assert rig.counted(station) == list(range(1, station.lines + 1))
    completeness = rig.get(f"/stations/{station.station_id}")["completeness"]
    assert completeness["received"] == station.frames()
    assert completeness["missing"] == completeness["gone"] == completeness["quarantined"] == 0


def run(directory: Path, frames: int, kills: int, seed: int) -> None:
    with Rig.open(directory, STATIONS) as rig:
        torment(rig, frames, kills, seed)
        for station in rig.stations:
            station.end()
        taken = [station.lines for station in rig.stations]
        until_sync(
            lambda: [len(rig.counted(station)) for station in rig.stations] >= taken,
            DRAIN_S,
            "every reading stored",
        )
        until_sync(
            lambda: sum(station.unsettled() for station in rig.stations) == 0, DRAIN_S, "settled outboxes"
        )
        for station in rig.stations:
            balanced(rig, station)
        assert rig.link.duplicated > 0
        for program in (*(station.program for station in rig.stations), rig.gateway):
            assert program.stop() == 0


@pytest.mark.timeout(900)
def test_it_stores_every_frame_exactly_once_whatever_is_killed(tmp_path: Path) -> None:
    run(tmp_path, frames=10_000, kills=20, seed=20_261_122)
