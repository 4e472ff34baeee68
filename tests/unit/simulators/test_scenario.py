from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from simulators.cli import app

if TYPE_CHECKING:
    from pathlib import Path


def test_it_writes_readings_and_truth(tmp_path: Path) -> None:
    out, truth = tmp_path / "readings.jsonl", tmp_path / "truth.jsonl"
    options = ["--archetype", "public_hall", "--days", "0.3", "--fault", "F01@30"]
    result = CliRunner().invoke(app, ["scenario", *options, "--out", str(out), "--truth", str(truth)])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert str(len(lines)) in result.output
    assert {line["domain"] for line in lines} >= {"water", "power", "environment"}
    kinds = {json.loads(line)["kind"] for line in truth.read_text("utf-8").splitlines()}
    assert kinds == {"person", "use", "water", "energy", "fault"} | (kinds & {"turned_away"})


@pytest.mark.parametrize(
    "options",
    [
        ["--archetype", "castle"],
        ["--climate", "venus"],
        ["--fault", "F99@3"],
        ["--start", "yesterday"],
        ["--start", "2026-04-17T00:00:00"],
        ["--days", "0"],
    ],
)
def test_it_refuses_what_it_does_not_know(options: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["scenario", *options, "--out", str(tmp_path / "out.jsonl")])
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert not (tmp_path / "out.jsonl").exists()


def test_it_says_where_it_cannot_write(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["scenario", "--out", str(tmp_path / "no" / "out.jsonl")])
    assert result.exit_code == 1
    assert "cannot write" in result.output
