"""Command lines that files and pages name, read as the program itself reads them, and not run."""

import importlib
from collections.abc import Sequence

import typer

from yizhan.cli import PARTS


def read_as_ours(words: Sequence[str]) -> None:
    """Parse the words behind `yizhan`; what it does not know raises the program's own usage error."""
    part, *rest = words
    module = {name: module for name, module, _ in PARTS}[part]
    group = typer.main.get_command(importlib.import_module(module).app)
    assert isinstance(group, typer.core.TyperGroup)
    name, command, options = group.resolve_command(typer.Context(group), rest)
    assert command is not None
    command.make_context(name, options)
