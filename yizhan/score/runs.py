"""Which stories are played for a score, one after the other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby, product
from typing import Any

from catalogue.loading import load
from simulators.archetypes import ARCHETYPES
from simulators.scenarios import BREAKDOWNS, WEATHERS, Scenario, quiet
from simulators.scenarios.quiet import SAME_DAYS
from yizhan.score.judging import Heard, Judged, judge
from yizhan.score.oracle import ORACLES
from yizhan.score.play import Gatehouse
from yizhan.score.tally import Tally

Play = Callable[..., Iterator[Any]]
DAYS_IN_A_ROW = 4
"""Quiet days are lived through in stretches: some rules need to know the day before."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be played: so many stories of each fault, so many quiet station-days."""

    faults: tuple[str, ...]
    runs: int
    quiet_days: int
    seed: int
    archetype: str | None = None

    @property
    def command(self) -> str:
        """How to ask for the same again."""
        names = "all" if self.faults == tuple(BREAKDOWNS) else ",".join(self.faults) or "none"
        only = f" --archetype {self.archetype}" if self.archetype else ""
        return (
            f"yizhan score --faults {names} --runs {self.runs} --quiet-days {self.quiet_days} "
            f"--seed {self.seed}{only}"
        )

    def stories(self) -> Iterator[Scenario]:
        """Tell the stories of the faults; a fault that cannot happen at the one kind wanted is left out."""
        for name, number in product(self.faults, range(self.runs)):
            if self.archetype is None or self.archetype in BREAKDOWNS[name].archetypes:
                yield BREAKDOWNS[name].tell(self.seed + number, self.archetype)

    def quiet(self) -> Iterator[list[Scenario]]:
        """Tell quiet days, every kind of station in every weather; those of the same days together."""
        kinds = [self.archetype] if self.archetype else list(ARCHETYPES)
        stretch = min(DAYS_IN_A_ROW, max(1, self.quiet_days // (len(kinds) * len(WEATHERS))))
        seeds = -(-self.quiet_days // (stretch * len(kinds) * len(WEATHERS)))
        for _, together in groupby(range(self.seed, self.seed + seeds), lambda seed: seed // SAME_DAYS):
            places = list(product(together, kinds))
            for weather in WEATHERS:
                yield [quiet(weather, kind, seed, stretch) for seed, kind in places]


def score(wanted: Wanted, tell: Callable[[str], None], jobs: int = 1) -> Tally:
    """Play everything that is wanted, in so many processes; `tell` hears a line after every story."""
    tally = Tally()
    with ExitStack() as undo:
        in_turn: Play = map if jobs == 1 else undo.enter_context(ProcessPoolExecutor(jobs)).map
        faults, towns = in_turn(play_fault, wanted.stories()), in_turn(play_quiet, wanted.quiet())
        for story, judged in faults:
            tally.add_fault(story, judged)
            tell(f"{story.name} seed {story.seed} {story.site.archetype}: {_word(judged)}")
        for town in towns:
            for story, heard in town:
                tally.add_quiet(story, heard)
            first, _ = town[0]
            tell(f"{first.name} from seed {first.seed}: {len(town)} stations, {first.days:.0f} days")
    return tally


def play_fault(story: Scenario) -> tuple[Scenario, Judged]:
    """Play one story of a fault, and judge it."""
    (heard,) = Gatehouse([story], load()).play()
    return story, judge(story.faults[0], ORACLES[story.name], heard)


def play_quiet(town: list[Scenario]) -> list[tuple[Scenario, Heard]]:
    """Play quiet days that begin and end together."""
    return list(zip(town, Gatehouse(town, load()).play(), strict=True))


def _word(judged: Judged) -> str:
    return "good" if judged.good else "not good"
