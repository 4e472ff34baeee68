import json
from pathlib import Path

import pytest

from benchmarks import table
from benchmarks.bench import Load, Row
from benchmarks.cli import HERE, TITLES
from benchmarks.machine import describe_machine

ROWS = [
    Row("a", "points stored, 30 a frame", 251_234.0, "points/s", "≥ 250,000"),
    Row("e", "time series", 2.456, "bytes/point", "≤ 3"),
]


def _markdown() -> str:
    written = table.to_json(ROWS, describe_machine("2026-11-22 07:00 UTC"), quick=False)
    return table.to_markdown(json.loads(written), TITLES)


def test_it_shows_each_part_under_its_title_with_date_and_machine() -> None:
    page = _markdown()
    assert "2026-11-22 07:00 UTC" in page.splitlines()[0]
    assert f"**(a) {TITLES['a']}**" in page
    assert "| points stored, 30 a frame | 251,234 | points/s | ≥ 250,000 |" in page
    assert "| time series | 2.46 | bytes/point | ≤ 3 |" in page


def test_it_puts_the_table_between_the_markers_and_leaves_the_rest(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text((HERE / "README.md").read_text("utf-8"), "utf-8")
    table.put_into(readme, "an earlier table")
    table.put_into(readme, _markdown())
    page = readme.read_text("utf-8")
    assert "an earlier table" not in page
    assert page.count("251,234") == 1
    assert page.startswith("# Benchmarks")


def test_it_refuses_a_page_without_markers(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Benchmarks\n", "utf-8")
    with pytest.raises(ValueError, match="has no <!-- figures: begin -->"):
        table.put_into(readme, "anything")


def test_it_asks_a_fleet_for_the_rate_it_was_given() -> None:
    options = Load(100, 30, 50.0, duration_s=10).options()
    assert options[options.index("--every") + 1] == "2.0"
    assert options[options.index("--duration") + 1] == "10"
    assert "--frames" not in options
