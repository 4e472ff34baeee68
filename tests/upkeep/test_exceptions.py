"""Whoever is excused from a rule of the linter says why beside it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(init.parent for init in ROOT.glob("*/__init__.py"))
UNREASONED = re.compile(r"# noq[a](?!: [A-Z0-9, ]+ - \S)")


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_exception_has_its_reason(package: Path) -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted(package.rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if UNREASONED.search(line)
    ]
    assert bare == []


def test_it_looks_at_every_package() -> None:
    assert {"gateway", "station_agent", "simulators", "tests", "wire"} <= {one.name for one in PACKAGES}
