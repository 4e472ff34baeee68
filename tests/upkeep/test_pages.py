"""Pages lead somewhere, and the two front pages say the same."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
CHORE = re.compile(r"`make ([a-z]+)`|^make ([a-z]+)", re.MULTILINE)
PAGES = [ROOT / name for name in ("README.md", "README.zh-CN.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md")) + sorted((ROOT / "benchmarks").glob("*.md"))


def links(page: Path) -> set[str]:
    return {link for link in LINK.findall(page.read_text()) if "://" not in link}


def commands(page: Path) -> list[str]:
    """The commands of a page's shell blocks, without comments."""
    blocks = "".join(FENCE.findall(page.read_text()))
    return [line.split("#")[0].rstrip() for line in blocks.splitlines() if line.strip()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_it_links_only_to_what_exists(page: Path) -> None:
    broken = [link for link in links(page) if not (page.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_it_names_only_chores_that_exist(page: Path) -> None:
    chores = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for pair in CHORE.findall(page.read_text()) for name in pair if name}
    assert sorted(named - chores) == []


def test_it_says_the_same_in_both_languages() -> None:
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    assert links(english) - {"README.zh-CN.md"} == links(chinese) - {"README.md"}
    assert commands(english) == commands(chinese)
    assert english.read_text().count("\n## ") == chinese.read_text().count("\n## ")
