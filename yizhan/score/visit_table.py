"""How good the figures of visits are, as a page: Markdown, the same on the terminal and in docs/reference."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from statistics import median

from simulators.archetypes import ARCHETYPES
from yizhan.score.visit_cases import CASES, Compared, compare

INSIDE = 0.95
"""So many station-months have the truth in their band at least."""
HALF_WIDTH, OF_VISITS = 0.10, 12.0
"""Half the band is less than this share of the figure, in the middle, at so many visits a day."""
HEAD = f"""# How good the figures of visits are

Made by `{{command}}` on {{day}}; do not edit.
Each line is so many station-months of the simulation: who really came is known, and held against the figure
with its band that counter, doors and presence sensors lead to. Numbers were chosen on seeds below 1000.

- *Inside*: the truth lies in the band; {INSIDE:.0%} are wanted.
- *Half the band*: a share of the figure, in the middle; at {OF_VISITS:.0f} visits a day
  under {HALF_WIDTH:.0%} is wanted.
- *Off by*: the figure against the truth, in the middle and at worst.
"""
BUSY: Sequence[tuple[str, float | None]] = (
    ("urban_kiosk", OF_VISITS),
    *((archetype, None) for archetype in ARCHETYPES),
)
"""Kinds of stations, and how many come in a day; None draws it between quiet and busy."""


def play(cases: Iterable[str], seeds: Iterable[int]) -> Iterator[Compared]:
    """Compare every case at every kind of station."""
    for seed, case, (archetype, visits) in product(seeds, cases, BUSY):
        yield compare(case, archetype, seed, visits)


def page(found: Sequence[Compared], command: str, day: str) -> str:
    """The whole page; `command` is what made it, `day` when."""
    return "\n".join([HEAD.format(command=command, day=day), *table(found)]) + "\n"


def table(found: Sequence[Compared]) -> Iterator[str]:
    """The tables, line by line."""
    yield from _lines("what is wrong", {case: [one for one in found if one.case == case] for case in CASES})
    yield from _lines(
        "station", {kind: [one for one in found if one.archetype == kind] for kind in ARCHETYPES}
    )
    yield from _lines("all", {"every station-month": found})
    outside = [one for one in found if not one.is_inside]
    if outside:
        yield "## Outside the band\n"
        yield from map(_sentence, outside)


def missed(found: Sequence[Compared]) -> Iterator[str]:
    """Say what falls short of what is wanted."""
    inside = sum(one.is_inside for one in found) / len(found)
    if inside < INSIDE:
        yield f"the truth is in the band of {inside:.1%} of the station-months, {INSIDE:.0%} are wanted"
    half = _half([one for one in found if one.visits_per_day == OF_VISITS])
    if half >= HALF_WIDTH:
        yield f"half the band is {half:.1%} at {OF_VISITS:.0f} visits a day, wanted: under {HALF_WIDTH:.0%}"


def _lines(title: str, groups: dict[str, Sequence[Compared]]) -> Iterator[str]:
    yield f"| {title} | months | inside | half the band | at {OF_VISITS:.0f} a day | off by | at worst |"
    yield "|---|---|---|---|---|---|---|"
    for name, group in groups.items():
        if group:
            yield f"| {name} | {len(group)} | {' | '.join(_figures(group))} |"
    yield ""


def _figures(group: Sequence[Compared]) -> Iterator[str]:
    off = [(one.visits - one.truth) / max(1, one.truth) for one in group]
    at_twelve = [one for one in group if one.visits_per_day == OF_VISITS]
    yield f"{sum(one.is_inside for one in group) / len(group):.1%}"
    yield f"±{_half(group):.1%}"
    yield f"±{_half(at_twelve):.1%}" if at_twelve else ""
    yield f"{median(off):+.1%}"
    yield f"{max(off, key=abs):+.1%}"


def _half(group: Sequence[Compared]) -> float:
    return median(one.half_width for one in group)


def _sentence(one: Compared) -> str:
    return (
        f"- {one.case}, {one.archetype}, {one.visits_per_day:g} a day, seed {one.seed}: {one.truth} came, "
        f"{one.visits} told ({one.low} to {one.high}, {one.method})"
    )
