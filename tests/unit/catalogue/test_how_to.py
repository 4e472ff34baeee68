"""The examples of the page about changing rules do what the page says."""

import re
from pathlib import Path

from catalogue.cases import load_cases
from catalogue.loading import load
from tests.unit.catalogue.writing import write

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "change-alert-rules.md"
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
NUMBERS, OFF, OWN, CASES = BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def test_its_numbers_are_taken(tmp_path: Path) -> None:
    catalogue = load([write(tmp_path / "rules", NUMBERS)])

    assert catalogue.parameter("WA-02", "burst", "trucker_home", "louxing-07") == 18
    assert catalogue.parameter("OC-03", "warn", None, "a") == 1_500


def test_its_rule_is_switched_off(tmp_path: Path) -> None:
    assert "WA-21" not in load([write(tmp_path / "rules", OFF)]).rules


def test_its_rule_and_its_case_are_taken(tmp_path: Path) -> None:
    catalogue = load([write(tmp_path / "rules", OWN)])
    (case,) = load_cases(write(tmp_path / "cases", CASES), catalogue)

    assert len(catalogue.rules) == 115
    assert case.rule == "ZX-01"
