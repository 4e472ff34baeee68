"""The one command: light where it has to be, and polite to whoever mistypes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT

HEAVY = (
    "fastapi",
    "duckdb",
    "pyarrow",
    "influxdb_client",
    "numpy",
    "sqlalchemy",
    "uvicorn",
    "gateway",
    "simulators",
)

NOBODY = ("--broker", "mqtt://127.0.0.1:1")


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "yizhan", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "120"},
    )


def loaded(*arguments: str) -> set[str]:
    """Top-level modules that are loaded after running the command in a fresh interpreter."""
    program = (
        "import sys\n"
        "from yizhan.cli import app\n"
        f"try: app(args={list(arguments)!r}, prog_name='yizhan')\n"
        "except SystemExit: pass\n"
        "print('loaded', *{name.split('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_it_loads_nothing_of_the_gateway_for_an_agent() -> None:
    modules = loaded("agent", "run", "--help")
    assert "station_agent" in modules
    assert modules & set(HEAVY) == set()


def test_it_loads_no_part_for_its_own_help() -> None:
    assert loaded("--help") & {*HEAVY, "station_agent"} == set()


@pytest.mark.parametrize("part", ["gateway", "agent", "simulate", "demo"])
def test_it_explains_each_part_in_both_languages(part: str) -> None:
    done = run(part, "--help")
    assert done.returncode == 0
    assert any("\u4e00" <= letter <= "\u9fff" for letter in done.stdout)


def test_it_says_its_version() -> None:
    assert run("--version").stdout.startswith("yizhan 0.")


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["nonsense"], 2, "nonsense"),
        (["demo", "--stations", "38"], 2, "--stations"),
        (["gateway", "run", "--config", "no-such.yaml"], 2, "no-such.yaml"),
        (["gateway", "check-config", "--config", "wrong.yaml"], 2, "colour"),
        (["agent", "run", "--config", "wrong.yaml"], 2, "colour"),
        (
            ["simulate", "fleet", *NOBODY, "--stations", "1", "--points", "5", "--every", "1"],
            1,
            "127.0.0.1:1",
        ),
        (["demo", "--data", "wrong.yaml"], 1, "wrong.yaml"),
    ],
)
def test_it_answers_a_mistake_with_one_sentence(
    tmp_path: Path, arguments: list[str], code: int, complaint: str
) -> None:
    (tmp_path / "wrong.yaml").write_text("colour: red\n")
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
