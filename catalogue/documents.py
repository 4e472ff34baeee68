"""YAML files with the line of everything in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Loc = tuple[int | str, ...]
"""The way to a place in a document: keys and positions."""


class Fault(NamedTuple):
    """Something wrong at a line (from 1) of a file, and what to do about it."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


class CatalogueError(Exception):
    """Rule files that cannot be used; one line ``file:line: what`` for each thing wrong."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class _Loader(yaml.CSafeLoader):
    """Words stay words: no ``off`` that is false, no ``01:00`` that is sixty."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+", "-+0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))


@dataclass(frozen=True)
class Document:
    """One file: its plain content, and where each part of it stands."""

    file: str
    content: Any
    root: yaml.Node | None

    def fault(self, loc: Loc, what: str) -> Fault:
        """Return the fault at the deepest place ``loc`` leads to; parts that lead nowhere are skipped."""
        node, line = self.root, 0
        for part in loc:
            for mark, value in _below(node, part):
                node, line = value, int(mark.line)
        return Fault(self.file, line + 1, what)


def read(path: Path) -> Document:
    """Read a file; CatalogueError when it cannot be read, is not YAML, or says a key twice."""
    try:
        text = path.read_text(encoding="utf-8")
        loader = _Loader(text)
        root = loader.get_single_node()
        content = loader.construct_document(root) if root else None
    except OSError as error:
        raise CatalogueError([Fault(str(path), 1, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise CatalogueError([Fault(str(path), 1, "not UTF-8 text; save it as UTF-8")]) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CatalogueError([Fault(str(path), line, f"not YAML: {error.problem}")]) from None
    twice = [Fault(str(path), line, f"{key}: the key is there twice") for line, key in _repeated(root)]
    if twice:
        raise CatalogueError(twice)
    return Document(str(path), content, root)


def _below(node: yaml.Node | None, part: int | str) -> list[tuple[yaml.Mark, yaml.Node]]:
    """What stands under a key or at a position, with the place of the key: one, or none."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        return [(one.start_mark, one) for one in node.value[part : part + 1]]
    if isinstance(node, yaml.MappingNode):
        return [(key.start_mark, value) for key, value in node.value if key.value == part]
    return []


def _repeated(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield int(key.start_mark.line) + 1, key.value
            seen.add(key.value)
            yield from _repeated(value)
