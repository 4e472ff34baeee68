"""Rule files into a catalogue, or every fault in them with its line.

A file is a mapping with any of these keys; the built-in files use the first two.

- ``rules``: add rules, or replace built-in ones of the same id;
- ``circumstances``: likewise;
- ``parameters``: set other numbers: ``{WA-02: {burst: {value: 30, profiles: {...}, stations: {...}}}}``;
- ``off``: switch rules off, each with the reason: ``{WA-21: "the host pays a flat rate"}``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from catalogue.catalogue import Catalogue, Override
from catalogue.checking import Known, complaints
from catalogue.conditions import AlertOpen, Strict
from catalogue.documents import CatalogueError, Document, Fault, Loc, read
from catalogue.durations import UNIT_MS
from catalogue.kinds import KINDS
from catalogue.model import Circumstance, Rule
from catalogue.walking import walk

BUILT_IN = Path(__file__).parent / "rules"


class RuleFile(Strict):
    """The keys of a file; rules and circumstances are read one by one."""

    rules: Mapping[str, Mapping[str, Any]] = {}
    circumstances: Mapping[str, Mapping[str, Any]] = {}
    parameters: Mapping[str, Mapping[str, Override]] = {}
    off: Mapping[str, str] = {}


Place = tuple[Document, Loc]


@dataclass
class _Draft:
    """What has been read so far, and where each thing stood."""

    rules: dict[str, Rule] = field(default_factory=dict)
    circumstances: dict[str, Circumstance] = field(default_factory=dict)
    overrides: dict[str, dict[str, Override]] = field(default_factory=dict)
    off: dict[str, str] = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def blame(self, place: Place, loc: Loc, what: str) -> None:
        document, prefix = place
        self.faults.append(document.fault((*prefix, *loc), what))


def load(folders: Sequence[Path] = ()) -> Catalogue:
    """Read the built-in rules and then those of each folder (``*.yaml``, by name; later files win).

    Raises:
        CatalogueError: a folder is missing or anything in a file is wrong; it names every fault found.
    """
    draft = _Draft()
    for folder in (BUILT_IN, *folders):
        if not folder.is_dir():
            raise CatalogueError(
                [Fault(str(folder), 1, "there is no such folder; make it, or mend rules.dir")]
            )
        seen: dict[tuple[str, str], Document] = {}
        for path in sorted(folder.glob("*.yaml")):
            _take(read(path), draft, seen)
    _check(draft)
    if draft.faults:
        raise CatalogueError(draft.faults)
    kept = {id_: rule for id_, rule in draft.rules.items() if id_ not in draft.off}
    return Catalogue(kept, draft.circumstances, draft.overrides, draft.off)


def _take(document: Document, draft: _Draft, seen: dict[tuple[str, str], Document]) -> None:
    if document.content is None:
        return
    try:
        file = RuleFile.model_validate(document.content)
    except ValidationError as error:
        draft.faults += [
            document.fault(one["loc"], _sentence(one)) for one in error.errors(include_url=False)
        ]
        return
    for table in ("rules", "circumstances", "parameters", "off"):
        for name in getattr(file, table):
            place = document, (table, name)
            if (before := seen.get((table, name))) is not None:
                draft.blame(place, (), f"{name} is already in {before.file}; keep one of the two")
            seen[table, name] = document
            draft.places[table, name] = place
    for name, data in file.rules.items():
        if (rule := _rule(name, data, draft)) is not None:
            draft.rules[name] = rule
    for name, data in file.circumstances.items():
        _circumstance(name, data, draft)
    draft.overrides |= {name: dict(values) for name, values in file.parameters.items()}
    draft.off |= file.off


def _rule(name: str, data: Mapping[str, Any], draft: _Draft) -> Rule | None:
    place = draft.places["rules", name]
    kind = KINDS.get(data.get("kind", ""))
    spec = data.get("with", {})
    before = len(draft.faults)
    if kind is not None:
        try:
            spec = kind.model_validate(spec)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                draft.blame(place, ("with", *one["loc"]), f"{name}: with.{_sentence(one)}")
            spec = kind.model_construct()
    try:
        rule = Rule.model_validate({**data, "id": name, "with": spec})
    except ValidationError as error:
        for one in error.errors(include_url=False):
            if kind is not None or one["loc"][:1] != ("with",):
                draft.blame(place, one["loc"], f"{name}: {_sentence(one)}")
        return None
    return rule if len(draft.faults) == before else None


def _circumstance(name: str, data: Mapping[str, Any], draft: _Draft) -> None:
    try:
        draft.circumstances[name] = Circumstance.model_validate({**data, "id": name})
    except ValidationError as error:
        for one in error.errors(include_url=False):
            draft.blame(draft.places["circumstances", name], one["loc"], f"{name}: {_sentence(one)}")


def _check(draft: _Draft) -> None:
    """Look at everything that needs the whole catalogue; rules that could not be read are known by name."""
    known = Known({name for table, name in draft.places if table == "rules"}, draft.circumstances)
    for name, rule in draft.rules.items():
        for loc, what in complaints(rule, known):
            draft.blame(draft.places["rules", name], loc, f"{name}: {what}")
    for table, name, loc, rule_id in _named_from_outside(draft):
        if rule_id not in known.rules:
            draft.blame(draft.places[table, name], loc, f"there is no rule {rule_id}")
    for name, overrides in draft.overrides.items():
        if name in draft.rules:
            _check_overrides(draft, draft.rules[name], overrides)
    _check_order(draft)
    _check_off(draft)


def _check_off(draft: _Draft) -> None:
    """Nobody may ask for the alerts of a rule that is switched off."""
    for name, rule in draft.rules.items():
        for gone in {one for part in _asked(rule) for one in part.alert} & draft.off.keys():
            if name not in draft.off:
                what = f"{name} asks for alerts of {gone}; switch it off too, or replace it"
                draft.blame(draft.places["off", gone], (), what)


def _named_from_outside(draft: _Draft) -> Iterator[tuple[str, str, Loc, str]]:
    """Rules that circumstances, parameters and `off` name: table, entry, place in it, rule."""
    for name, one in draft.circumstances.items():
        for key, ids in (("rules", one.rules), ("lifted_after", one.lifted_after)):
            yield from (("circumstances", name, (key, at), rule_id) for at, rule_id in enumerate(ids))
    yield from (("parameters", name, (), name) for name in draft.overrides)
    yield from (("off", name, (), name) for name in draft.off)


def _check_overrides(draft: _Draft, rule: Rule, overrides: Mapping[str, Override]) -> None:
    place = draft.places["parameters", rule.id]
    for name, override in overrides.items():
        if name not in rule.parameters:
            there = ", ".join(rule.parameters) or "none"
            draft.blame(place, (name,), f"{rule.id} has no parameter {name}; it has {there}")
            continue
        numbers = (override.value or 0, *override.profiles.values(), *override.stations.values())
        if rule.parameters[name].unit in UNIT_MS and min(numbers) < 0:
            draft.blame(place, (name,), f"{rule.id}: {name} is a time and cannot be negative")


def _check_order(draft: _Draft) -> None:
    """Rules that ask for alerts of others are judged after them, so none may ask in a circle."""
    asks = {name: {one for part in _asked(rule) for one in part.alert} for name, rule in draft.rules.items()}
    try:
        TopologicalSorter(asks).prepare()
    except CycleError as error:
        circle = error.args[1]
        draft.blame(draft.places["rules", circle[0]], (), f"rules ask for each other: {' -> '.join(circle)}")


def _asked(rule: Rule) -> Iterator[AlertOpen]:
    return (part for _, part in walk(rule) if isinstance(part, AlertOpen))


def _sentence(detail: ErrorDetails) -> str:
    way = ".".join(str(part) for part in detail["loc"] if not str(part)[:1].isupper())
    if detail["type"] == "extra_forbidden":
        return f"{way}: there is no such key; take it out or mend its spelling"
    if detail["type"] == "missing":
        return f"{way}: is missing; write it"
    return f"{way}: {detail['msg'].removeprefix('Value error, ')}"
