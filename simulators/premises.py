"""The premises of one station: everything physical in it, worked out block by block in the order of cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.appliances import Dispenser, Fridge, HotTank
from simulators.fittings import Fittings
from simulators.footfall import CounterErrors, Footfall
from simulators.grid import STEP_S
from simulators.plan import Fact
from simulators.plumbing import Plumbing
from simulators.room import Room
from simulators.senses import Senses
from simulators.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from simulators.archetypes import Archetype
    from simulators.faults import Fault
    from simulators.grid import Block
    from simulators.plan import Passage, Plan
    from simulators.series import Series

_SCREEN_HOURS = (6.0, 23.0)
_SCREEN_SHARE = 0.25
_WARMING = ("base", "lights", "fridge", "dispenser", "microwave-1", "phones")
_FAN_W = 40.0


class Premises:
    """Room, appliances, pipes, wires, door and sensors of one station."""

    def __init__(self, archetype: Archetype, start_ms: int, rng: Generator) -> None:
        self._of, self._rng = archetype, rng
        self._room, self._room_c = Room(archetype, 21.0), 21.0
        self._fridge, self._dispenser, self._tank = Fridge(), Dispenser(archetype), HotTank(archetype)
        self._plumbing = Plumbing(float(rng.uniform(50, 900)))
        self._wiring = Wiring(archetype, float(rng.uniform(2_000, 40_000)))
        self._senses, self._fittings = Senses(archetype), Fittings(archetype, start_ms, rng)
        self._footfall = Footfall(int(rng.integers(500, 40_000)))

    def work_out(
        self, block: Block, plan: Plan, passages: list[Passage], faults: Sequence[Fault], noise: float
    ) -> None:
        """Fill the block: demand of people and faults, physics, what sensors see, faults' signs."""
        self._demand(block, plan)
        for fault in faults:
            fault.demand(block)
        self._physics(block)
        self._sense(block, plan, passages, faults, noise)
        for fault in faults:
            fault.signs(block)

    def _demand(self, block: Block, plan: Plan) -> None:
        for draw in plan.draws:
            block.add(block.water(draw.name), draw.start_ms, draw.end_ms, draw.rate)
        for load in plan.loads:
            block.add(block.load(load.name), load.start_ms, load.end_ms, load.rate)
        if "extractor" in block.watts:
            block.watts["extractor"] = np.minimum(block.watts["extractor"], _FAN_W * self._of.toilets)
        for span in plan.taken:
            series = block.values.setdefault((span.name, "taken"), block.zeros())
            block.add(series, span.start_ms, span.end_ms, span.rate)
        screen = (block.hours >= _SCREEN_HOURS[0]) & (block.hours < _SCREEN_HOURS[1])
        share = (1 - _SCREEN_SHARE) + screen * _SCREEN_SHARE * 24 / (_SCREEN_HOURS[1] - _SCREEN_HOURS[0])
        block.load("base")[:] = self._of.base_w * share

    def _physics(self, block: Block) -> None:
        self._senses.light(block)
        self._fridge.advance(block, self._room_c)
        self._dispenser.advance(block)
        if self._of.tank_l:
            self._tank.advance(block, self._room_c)
        warming = sum((block.watts[name] for name in _WARMING if name in block.watts), block.zeros())
        self._room.advance(block, warming)
        self._room_c = float(block.values["lounge", "air_temp_celsius"][-1])
        self._plumbing.advance(block)
        self._wiring.advance(block, self._rng)

    def _sense(
        self, block: Block, plan: Plan, passages: list[Passage], faults: Sequence[Fault], noise: float
    ) -> None:
        errors = CounterErrors().scaled(noise)
        for fault in faults:
            errors = fault.count(errors)
        self._footfall.advance(block, passages, errors, self._rng)
        self._senses.see(block, self._rng)
        self._fittings.steady(block)
        self._fittings.door(block, plan.openings, block.events)
        self._fittings.appliances(block, plan.taken)
        self._fittings.climate(block)
        self._fittings.supplies(block)
        self._fittings.mains(block)


def consumption(block: Block) -> list[Fact]:
    """What the block took of water and energy, by source, for the truth log."""
    facts = [
        Fact(
            block.end_ms,
            "water",
            {"since": block.start_ms, "source": tap, "litres": _total(flow, STEP_S / 60)},
        )
        for tap, flow in sorted(block.litres_per_min.items())
        if flow.any()
    ]
    facts += [
        Fact(
            block.end_ms,
            "energy",
            {"since": block.start_ms, "load": load, "wh": _total(watts, STEP_S / 3600)},
        )
        for load, watts in sorted(block.watts.items())
        if watts.any()
    ]
    return facts


def _total(series: Series, per_step: float) -> float:
    return round(float(series.sum()) * per_step, 4)
