"""`kill -9` of agents, broker and gateway at random instants, over a link that is cut and repeats itself."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.acceptance.rig import Rig, Station
from tests.support.waiting import until_sync

STATIONS = 3
DRAIN_S = 240.0


def kill_agent(rig: Rig, chance: random.Random) -> None:
    program = chance.choice(rig.stations).program
    program.kill()
    program.start()


def kill_gateway(rig: Rig, chance: random.Random) -> None:
    rig.gateway.kill()
    time.sleep(chance.uniform(0, 1))
    rig.gateway.start()


def kill_broker(rig: Rig, chance: random.Random) -> None:
    rig.broker.kill()
    time.sleep(chance.uniform(0, 1))
    rig.broker.start()


def kill_all(rig: Rig, _chance: random.Random) -> None:
    programs = [rig.gateway, *(station.program for station in rig.stations)]
    for program in programs:
        program.kill()
    rig.broker.restart()
    for program in programs:
        program.start()


def cut_link(rig: Rig, chance: random.Random) -> None:
    rig.link.cut()
    time.sleep(chance.uniform(0.5, 2))
    rig.link.heal()
    rig.link.duplicate_every = 5


Fault = Callable[[Rig, random.Random], None]
FAULTS: tuple[Fault, ...] = (
    kill_agent, kill_agent, kill_gateway, kill_gateway, kill_broker, kill_all, cut_link,
)  # fmt: skip
"""What can happen: one of them dies and comes back, all do, or the link is cut."""


def dealt(chance: random.Random) -> Iterator[Fault]:
    """Deal all faults, in any order, and then one at random for ever."""
    yield from chance.sample(FAULTS, len(FAULTS))
    while True:
        yield chance.choice(FAULTS)


class Fate:
    """What happens to a rig, fault by fault; a cut link kills nobody."""

    def __init__(self, rig: Rig, chance: random.Random) -> None:
        self._rig, self._chance = rig, chance
        self._faults = dealt(chance)
        self.happened: Counter[Fault] = Counter()

    def strike(self) -> None:
        """Let the next fault happen."""
        fault = next(self._faults)
        fault(self._rig, self._chance)
        self.happened[fault] += 1

    @property
    def kills(self) -> int:
        """How often somebody died."""
        return self.happened.total() - self.happened[cut_link]


def torment(rig: Rig, frames: int, kills: int, seed: int) -> Fate:
    """Let things happen, spread over the making of so many frames."""
    chance = random.Random(seed)
    fate = Fate(rig, chance)
    rig.link.duplicate_every = 5
    while fate.kills < kills or sum(station.frames() for station in rig.stations) < frames:
        share = sum(station.frames() for station in rig.stations) / frames
        if fate.kills < kills and share >= fate.kills / kills:
            fate.strike()
        time.sleep(chance.uniform(0, 0.5))
    return fate


def balanced(rig: Rig, station: Station) -> None:
    """Every reading once, every frame counted once, nothing left over."""
    assert rig.counted(station) == list(range(1, station.lines + 1))
    completeness = rig.get(f"/stations/{station.station_id}")["completeness"]
    assert completeness["received"] == station.frames()
    assert completeness["missing"] == completeness["gone"] == completeness["quarantined"] == 0


def run(directory: Path, frames: int, kills: int, seed: int) -> None:
    with Rig.open(directory, STATIONS) as rig:
        fate = torment(rig, frames, kills, seed)
        assert fate.happened.total() == kills + fate.happened[cut_link]
        assert set(fate.happened) == set(FAULTS)
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


def test_every_kind_of_fault_happens_before_chance_decides() -> None:
    faults = islice(dealt(random.Random(1)), len(FAULTS))
    assert Counter(faults) == Counter(FAULTS)


@pytest.mark.timeout(900)
def test_it_stores_every_frame_exactly_once_whatever_is_killed(tmp_path: Path) -> None:
    run(tmp_path, frames=10_000, kills=20, seed=20_261_122)
