"""The built-in rules and what folders of rule files change, as a catalogue, or every fault with its line."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from catalogue.catalogue import Catalogue, Override
from catalogue.checking import Known, complaints
from catalogue.conditions import AlertOpen
from catalogue.documents import CatalogueError, Loc
from catalogue.drafting import Draft
from catalogue.durations import UNIT_MS
from catalogue.model import Rule
from catalogue.walking import walk

BUILT_IN = Path(__file__).parent / "rules"


def load(folders: Sequence[Path] = ()) -> Catalogue:
    """Read the built-in rules and then those of each folder; later files win. `RuleFile` says what they hold.

    Raises:
        CatalogueError: a folder is missing or anything in a file is wrong; it names every fault found.
    """
    draft = _built_in().copy()
    for folder in folders:
        draft.add_folder(folder)
    _check(draft, {name for name, rule in draft.rules.items() if _built_in().rules.get(name) is not rule})
    kept = {name: rule for name, rule in draft.rules.items() if name not in draft.off}
    return Catalogue(kept, draft.circumstances, draft.overrides, draft.off)


@cache
def _built_in() -> Draft:
    draft = Draft()
    draft.add_folder(BUILT_IN)
    _check(draft, draft.rules.keys())
    return draft


def _check(draft: Draft, new: Collection[str]) -> None:
    """Look at everything that needs the whole catalogue; CatalogueError with all faults, if any."""
    known = Known({name for table, name in draft.places if table == "rules"}, draft.circumstances)
    for name in new:
        for loc, what in complaints(draft.rules[name], known):
            draft.blame("rules", name, loc, f"{name}: {what}")
    for table, name, loc, rule_id in _named_from_outside(draft):
        if rule_id not in known.rules:
            draft.blame(table, name, loc, f"there is no rule {rule_id}")
    for name, overrides in draft.overrides.items():
        if name in draft.rules:
            _check_overrides(draft, draft.rules[name], overrides)
    _check_who_asks(draft)
    if draft.faults:
        raise CatalogueError(draft.faults)


def _named_from_outside(draft: Draft) -> Iterator[tuple[str, str, Loc, str]]:
    """Rules that circumstances, parameters and `off` name: table, entry, place in it, rule."""
    for name, one in draft.circumstances.items():
        for key, ids in (("rules", one.rules), ("lifted_after", one.lifted_after)):
            yield from (("circumstances", name, (key, at), rule_id) for at, rule_id in enumerate(ids))
    yield from (("parameters", name, (), name) for name in draft.overrides)
    yield from (("off", name, (), name) for name in draft.off)


def _check_overrides(draft: Draft, rule: Rule, overrides: Mapping[str, Override]) -> None:
    for name, override in overrides.items():
        if name not in rule.parameters:
            there = ", ".join(rule.parameters) or "none"
            draft.blame("parameters", rule.id, (name,), f"{rule.id} has no parameter {name}; it has {there}")
            continue
        numbers = (override.value or 0, *override.profiles.values(), *override.stations.values())
        if rule.parameters[name].unit in UNIT_MS and min(numbers) < 0:
            draft.blame("parameters", rule.id, (name,), f"{rule.id}: {name} is a time and cannot be negative")


def _check_who_asks(draft: Draft) -> None:
    """Rules that ask for alerts of others are judged after them: not in a circle, nor of one that is off."""
    asks = {
        name: {one for _, part in walk(rule) if isinstance(part, AlertOpen) for one in part.alert}
        for name, rule in draft.rules.items()
    }
    for name in asks.keys() - draft.off.keys():
        for gone in asks[name] & draft.off.keys():
            what = f"{name} asks for alerts of {gone}; switch it off too, or replace it"
            draft.blame("off", gone, (), what)
    try:
        TopologicalSorter(asks).prepare()
    except CycleError as error:
        circle = error.args[1]
        draft.blame("rules", circle[0], (), f"rules ask for each other: {' -> '.join(circle)}")
