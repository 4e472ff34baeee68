"""The direction of imports is kept by a linter that only sees what it is told of."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def linter() -> dict[str, object]:
    settings: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return settings


def packages() -> set[str]:
    """Every top-level package but the tests, which may import anything and are imported by nothing."""
    return {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}


def layers() -> set[str]:
    contracts = linter()["contracts"]
    assert isinstance(contracts, list)
    named = " | ".join(contracts[0]["layers"])
    return {name.strip("() ") for name in named.split("|")}


def test_it_names_every_top_level_package_among_the_layers() -> None:
    assert packages() <= layers()


def test_it_shows_every_top_level_package_to_the_linter() -> None:
    roots = linter()["root_packages"]
    assert isinstance(roots, list)
    assert set(roots) == packages()


def test_it_names_no_layer_that_exists_nowhere_but_the_one_to_come() -> None:
    assert layers() - packages() <= {"catalogue"}
