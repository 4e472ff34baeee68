"""Files of rules, read one by one into a draft of a catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from catalogue.catalogue import Override
from catalogue.documents import CatalogueError, Document, Fault, Loc, read
from catalogue.kinds import KINDS
from catalogue.model import Circumstance, Rule
from catalogue.operands import Strict

Place = tuple[Document, Loc]


class RuleFile(Strict):
    """The keys of a file; rules and circumstances are read one by one.

    - ``rules``: adds rules, or replaces those of the same id read before;
    - ``circumstances``: likewise;
    - ``parameters``: sets other numbers: ``{WA-02: {burst: {value: 30, stations: {louxing-07: 18}}}}``;
    - ``off``: switches rules off, each with the reason: ``{WA-21: "the host pays a flat rate"}``.
    """

    rules: Mapping[str, Mapping[str, Any]] = {}
    circumstances: Mapping[str, Mapping[str, Any]] = {}
    parameters: Mapping[str, Mapping[str, Override]] = {}
    off: Mapping[str, str] = {}


@dataclass
class Draft:
    """What has been read so far, where each thing stood (by table and name), and what was wrong."""

    rules: dict[str, Rule] = field(default_factory=dict)
    circumstances: dict[str, Circumstance] = field(default_factory=dict)
    overrides: dict[str, dict[str, Override]] = field(default_factory=dict)
    off: dict[str, str] = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def copy(self) -> Self:
        """Return another that can be read into."""
        return type(self)(*(getattr(self, one.name).copy() for one in fields(self)))

    def blame(self, table: str, name: str, loc: Loc, what: str) -> None:
        """Note what is wrong at a place within an entry of a table."""
        document, entry = self.places[table, name]
        self.faults.append(document.fault((*entry, *loc), what))

    def add_folder(self, folder: Path) -> None:
        """Read every ``*.yaml`` of a folder, by name.

        Raises:
            CatalogueError: there is no such folder, or a file in it is no YAML; what is wrong within an
                entry becomes one of ``faults``.
        """
        if not folder.is_dir():
            raise CatalogueError([Fault(str(folder), 1, "no such folder; make it, or mend rules.dir")])
        seen: dict[tuple[str, str], Document] = {}
        for path in sorted(folder.glob("*.yaml")):
            document = read(path)
            if document.content is not None:
                self._add(document, seen)

    def _add(self, document: Document, seen: dict[tuple[str, str], Document]) -> None:
        try:
            file = RuleFile.model_validate(document.content)
        except ValidationError as error:
            self.faults += [document.fault(one["loc"], sentence(one)) for one in _errors(error)]
            return
        for table in ("rules", "circumstances", "parameters", "off"):
            for name in getattr(file, table):
                self.places[table, name] = document, (table, name)
                if (before := seen.setdefault((table, name), document)) is not document:
                    self.blame(table, name, (), f"{name} is already in {before.file}; keep one of the two")
        for name, data in file.rules.items():
            self._add_rule(name, data)
        for name, data in file.circumstances.items():
            self._add_circumstance(name, data)
        self.overrides |= {name: dict(values) for name, values in file.parameters.items()}
        self.off |= file.off

    def _add_rule(self, name: str, data: Mapping[str, Any]) -> None:
        kind = next((model for known, model in KINDS.items() if known == data.get("kind")), None)
        spec, errors = data.get("with", {}), []
        if kind is not None:
            try:
                spec = kind.model_validate(spec)
            except ValidationError as error:
                errors += [(("with", *one["loc"]), f"with.{sentence(one)}") for one in _errors(error)]
                spec = kind.model_construct()
        try:
            rule = Rule.model_validate({**data, "id": name, "with": spec})
        except ValidationError as error:
            errors += [(one["loc"], sentence(one)) for one in _errors(error)]
        else:
            if not errors:
                self.rules[name] = rule
        for loc, what in errors:
            # without a kind nobody can say what is wrong with its block
            if kind is not None or loc[:1] != ("with",):
                self.blame("rules", name, loc, f"{name}: {what}")

    def _add_circumstance(self, name: str, data: Mapping[str, Any]) -> None:
        try:
            self.circumstances[name] = Circumstance.model_validate({**data, "id": name})
        except ValidationError as error:
            for one in _errors(error):
                self.blame("circumstances", name, one["loc"], f"{name}: {sentence(one)}")


def sentence(detail: ErrorDetails) -> str:
    """Return what is wrong and what to do, beginning with the way to the place."""
    way = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{way}: there is no such key; take it out or mend its spelling"
    if detail["type"] == "missing":
        return f"{way}: is missing; write it"
    return f"{way}: {detail['msg'].removeprefix('Value error, ')}"


def _errors(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False)
