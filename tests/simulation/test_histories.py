"""Any history of faults ends with every frame stored exactly once (contract, section 4)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.readings import BROKEN, NEWER
from tests.simulation.world import MOMENTS, World
from wire.measures import FrameClass

Step = Callable[[World, int], object]


def _weather(world: World, n: int) -> None:
    world.link.loss, world.link.repeat = (0.0, 0.1, 0.5, 0.9)[n % 4], (0.0, 0.3)[n % 2]
    world.link.longest_s = (0.05, 1.0, 5.0)[n % 3]


def _kill_box_amid(world: World, n: int) -> None:
    world.box.disk.kill_in, world.box.disk.kill_after = 1 + n // 2, bool(n % 2)


def _fill_disk(world: World, n: int) -> None:
    if n % 2:
        world.box.disk.clear()
    else:
        world.box.disk.fill()


STEPS: dict[str, Step] = {
    "take": lambda world, n: world.take(1 + n * n // 3),
    "take events": lambda world, n: world.take(1 + n, FrameClass.EVENT),
    "take alarms": lambda world, n: world.take(1 + n // 3, FrameClass.ALARM),
    "take broken": lambda world, _: world.take(1, kind=BROKEN),
    "take newer": lambda world, _: world.take(1, kind=NEWER),
    "wait": lambda world, n: world.pass_time((0.01, 0.1, 0.5, 1, 3, 10, 30, 100, 600, 3_000)[n]),
    "weather": _weather,
    "cut": lambda world, n: world.cut(n * n * 5.0),
    "kill broker": lambda world, _: world.kill_broker(),
    "kill box": lambda world, n: world.box.kill(world.now, back_after_s=n * 3.0),
    "kill box amid": _kill_box_amid,
    "power cut": lambda world, _: world.power_cut(),
    "fill disk": _fill_disk,
    "no room for a moment": lambda world, n: setattr(world.box.disk, "refuse_in", 1 + n // 2),
    "save disk": lambda world, _: world.save_disk(),
    "restore disk": lambda world, _: world.restore_disk(),
    "clone": lambda world, _: world.clone() if len(world.boxes) < 3 else None,
    "kill gateway": lambda world, n: world.gateway.kill(world.now, back_after_s=n * 5.0),
    "kill gateway amid": lambda world, n: setattr(world.gateway, "kill_at", MOMENTS[n % 4]),
    "fill store": lambda world, n: setattr(world.gateway, "full", n % 2 == 0),
    "update gateway": lambda world, _: setattr(world.gateway, "knows_newer", True),
    "save stores": lambda world, _: world.save_stores(),
    "restore stores": lambda world, _: world.restore_stores(),
    "second gateway": lambda world, _: world.add_gateway() if len(world.gateways) < 3 else None,
    "take over": lambda world, _: world.replace_gateway() if len(world.gateways) < 3 else None,
}
# Readings and time have to happen often for the rest to matter.
OFTEN = ["take", "take", "take", "take events", "wait", "wait", "wait", "wait", "weather"]

steps = st.tuples(st.sampled_from([*OFTEN, *STEPS]), st.integers(0, 9))
scripts = st.lists(steps, min_size=1, max_size=30)
long_scripts = st.lists(steps, min_size=20, max_size=100)


def play(world: World, script: list[tuple[str, int]]) -> None:
    world.pass_time(3.0)
    for name, n in script:
        STEPS[name](world, n)
        world.pass_time(0.05)
    world.heal()
    world.check()


@given(st.integers(0, 2**32), scripts, st.sampled_from([1, 4, 64]))
def test_it_stores_every_frame_exactly_once_whatever_fails(
    seed: int, script: list[tuple[str, int]], credit: int
) -> None:
    play(World(seed, credit=credit), script)


@given(st.integers(0, 2**32), scripts)
def test_it_accounts_for_every_frame_when_a_small_outbox_drops_some(
    seed: int, script: list[tuple[str, int]]
) -> None:
    play(World(seed, tight=True), script)


@pytest.mark.soak
@given(
    seed=st.integers(0, 2**32), script=long_scripts, credit=st.sampled_from([1, 4, 64]), tight=st.booleans()
)
def test_it_accounts_for_every_frame_over_long_histories(
    seed: int, script: list[tuple[str, int]], credit: int, *, tight: bool
) -> None:
    play(World(seed, tight=tight, credit=credit), script)
