"""Which stories are played for a score, one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, product

from simulators.archetypes import ARCHETYPES
from simulators.scenarios import BREAKDOWNS, WEATHERS, Scenario, quiet
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

    def quiet(self) -> Iterator[Scenario]:
        """Tell quiet days, every kind of station in every weather in turn."""
        kinds = [self.archetype] if self.archetype else list(ARCHETYPES)
        left = self.quiet_days
        stretch = min(DAYS_IN_A_ROW, max(1, left // (len(kinds) * len(WEATHERS))))
        for seed in count(self.seed):
            for weather, kind in product(WEATHERS, kinds):
                if left <= 0:
                    return
                yield quiet(weather, kind, seed, min(stretch, left))
                left -= stretch


def score(wanted: Wanted, tell: Callable[[str], None]) -> Tally:
    """Play everything that is wanted; `tell` hears a line after every story."""
    tally = Tally()
    for story in wanted.stories():
        judged = judge(story.faults[0], ORACLES[story.name], Gatehouse(story).play())
        tally.add_fault(story, judged)
        tell(
            f"{story.name} seed {story.seed} {story.site.archetype}: {'good' if judged.good else 'not good'}"
        )
    for story in wanted.quiet():
        tally.add_quiet(story, Gatehouse(story).play())
        tell(f"{story.name} seed {story.seed} {story.site.archetype}: {story.days:.0f} days")
    return tally
