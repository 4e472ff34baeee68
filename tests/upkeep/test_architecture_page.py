"""The page of the rooms shows the same rooms as the folders."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOM = re.compile(r"^\| `([a-z_/-]+)/` \|", re.MULTILINE)


def rooms_on_the_page() -> set[str]:
    return set(ROOM.findall((ROOT / "docs" / "architecture.md").read_text()))


def folders() -> set[str]:
    """Folders of one or two levels that hold code or pages, as packages do or deploy and docs do."""
    packages = {path.parent for path in ROOT.glob("*/__init__.py")}
    packages |= {path.parent for path in ROOT.glob("*/*/__init__.py")}
    others = {ROOT / name for name in ("deploy", "docs")}
    others |= {path for parent in ("deploy", "docs") for path in (ROOT / parent).iterdir() if path.is_dir()}
    made_by_a_site = {"deploy/secrets", "deploy/site"}
    return {str(path.relative_to(ROOT)) for path in packages | others} - {"tests"} - made_by_a_site


def test_it_shows_every_folder() -> None:
    assert sorted(folders() - rooms_on_the_page()) == []


def test_it_shows_no_room_that_does_not_exist() -> None:
    missing = [room for room in rooms_on_the_page() if not (ROOT / room).is_dir()]
    assert sorted(missing) == []
