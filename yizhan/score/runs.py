"""Which stories are played for a score, one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, product

from catalogue.loading import load
from simulators.archetypes import ARCHETYPES
from simulators.scenarios import BREAKDOWNS, WEATHERS, Scenario, quiet
from simulators.scenarios.quiet import SAME_DAYS
from yizhan.score.judging import judge
from yizhan.score.oracle import ORACLES
from yizhan.score.play import Gatehouse
from yizhan.score.tally import Tally

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


def score(wanted: Wanted, tell: Callable[[str], None]) -> Tally:
    """Play everything that is wanted; `tell` hears a line after every story."""
    tally, catalogue = Tally(), load()
    for story in wanted.stories():
        (heard,) = Gatehouse([story], catalogue).play()
        judged = judge(story.faults[0], ORACLES[story.name], heard)
        tally.add_fault(story, judged)
        tell(
            f"{story.name} seed {story.seed} {story.site.archetype}: {'good' if judged.good else 'not good'}"
        )
    for town in wanted.quiet():
        for story, heard in zip(town, Gatehouse(town, catalogue).play(), strict=True):
            tally.add_quiet(story, heard)
        tell(f"{town[0].name} from seed {town[0].seed}: {len(town)} stations, {town[0].days:.0f} days")
    return tally
