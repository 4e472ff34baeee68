"""How far the mirror has come outlives the process, and belongs to one server."""

from pathlib import Path

import pytest

from gateway.timeseries.mirror.positions import BEGINNING, Positions


def test_it_is_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    Positions(tmp_path / "mirror.json", "here").advance("frames", 812)
    again = Positions(tmp_path / "mirror.json", "here")
    assert (again.get("frames"), again.get("alerts")) == (812, BEGINNING)


def test_it_begins_anew_at_another_server(tmp_path: Path) -> None:
    Positions(tmp_path / "mirror.json", "here").advance("frames", 812)
    assert Positions(tmp_path / "mirror.json", "there").get("frames") == BEGINNING


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"target": "here"}', '{"target": "here", "reached": 7}'])
def test_it_begins_anew_with_a_file_it_cannot_read(tmp_path: Path, broken: str) -> None:
    (tmp_path / "mirror.json").write_text(broken)
    assert Positions(tmp_path / "mirror.json", "here").get("frames") == BEGINNING
