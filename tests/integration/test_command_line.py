"""The one command: light where it has to be, and polite to whoever mistypes."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.processes import ROOT, Running

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
        timeout=60,
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


READY = r"^ready http=(http://(.+):(\d+)) mqtt="
DAY = ("--from", "2026-11-20T00:00:00Z", "--to", "2026-11-21T00:00:00Z")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with the settings of a gateway on any free port, and a folder of one rule file."""
    (tmp_path / "gateway.yaml").write_text("broker: {embedded: true}\nhttp: {port: 0}\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "ours.yaml").write_text("parameters: {OC-03: {warn: {value: 900}}}\n")
    (tmp_path / "backups").mkdir()
    return tmp_path


def of_gateway(command: str, *arguments: str, house: Path) -> subprocess.CompletedProcess[str]:
    return run("gateway", command, "--config", "gateway.yaml", *arguments, cwd=house)


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_replay_and_backup_find_the_gateway_on_whatever_port_it_picked(
    house: Path, host: str, shown: str
) -> None:
    (house / "gateway.yaml").write_text(f'broker: {{embedded: true}}\nhttp: {{host: "{host}", port: 0}}\n')
    with Running("gateway", "run", "--config", "gateway.yaml", cwd=house) as gateway:
        ready = gateway.wait_for(READY, seconds=40)
        assert ready[2] == shown
        assert httpx.get(f"{ready[1]}/readyz").status_code == 200
        judged = of_gateway("replay", "--rules", "rules", *DAY, house=house)
        assert (judged.returncode, judged.stdout) == (0, "0 frames judged\n"), judged.stderr
        taken = of_gateway("backup", "--to", "backups", house=house)
        assert taken.returncode == 0, taken.stderr
        assert gateway.stop() == 0, gateway.output
    assert not (house / "data" / "http.url").exists()


def test_an_address_that_a_killed_gateway_left_behind_is_not_asked(house: Path) -> None:
    with Running("gateway", "run", "--config", "gateway.yaml", cwd=house) as gateway:
        port = int(gateway.wait_for(READY, seconds=40)[3])
        gateway.kill()
    assert (house / "data" / "http.url").exists()
    with socket.create_server(("127.0.0.1", port)):  # somebody else, who never answers
        taken = of_gateway("backup", "--to", "backups", house=house)
    assert taken.returncode == 0, taken.stderr
    assert re.match(r".*/backups/yizhan-.* up to frame -?\d+, ", taken.stdout)


def test_replay_wants_rules_to_judge_by_beside_a_gateway_and_without_one(house: Path) -> None:
    (house / "wrong").mkdir()
    (house / "wrong" / "odd.yaml").write_text("rules:\n  - id: XX-01\n    kind: hunch\n")
    commands = [("replay", "--rules", folder, *DAY) for folder in ("nosuchdir", "backups", "wrong")]
    with Running("gateway", "run", "--config", "gateway.yaml", cwd=house) as gateway:
        gateway.wait_for(READY, seconds=40)
        beside = [of_gateway(*command, house=house) for command in commands]
        assert gateway.stop() == 0, gateway.output
    for none, nothing, odd in (beside, [of_gateway(*command, house=house) for command in commands]):
        assert (none.returncode, nothing.returncode, odd.returncode) == (2, 2, 2), odd.stderr
        assert none.stderr == "yizhan gateway: --rules nosuchdir: no such folder\n"
        assert nothing.stderr == (
            "yizhan gateway: --rules backups: there is no rule file (*.yaml) in this folder\n"
        )
        assert "odd.yaml:" in odd.stderr


@pytest.mark.parametrize(
    ("files", "named"), [("ca: missing.pem", "missing.pem"), ("cert: rules", "together")]
)
@pytest.mark.parametrize("command", ["run", "check-config"])
def test_a_gateway_whose_certificates_cannot_be_used_says_which(
    house: Path, command: str, files: str, named: str
) -> None:
    (house / "gateway.yaml").write_text(f'broker: {{url: "mqtts://127.0.0.1:1", {files}}}\n')
    done = of_gateway(command, house=house)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False), done.stderr
    assert named in done.stderr


def test_a_token_that_cannot_be_read_is_wrong_usage(house: Path) -> None:
    done = of_gateway("replay", "--rules", "rules", *DAY, "--token", "../nowhere", house=house)
    assert done.returncode == 2
    assert "../nowhere: [Errno 2] No such file" in done.stderr


def test_replay_names_a_rule_file_that_is_no_text(house: Path) -> None:
    (house / "rules" / "latin.yaml").write_bytes(b"off: {WA-21: caf\xe9}\n")
    done = of_gateway("replay", "--rules", "rules", *DAY, house=house)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "--rules rules/latin.yaml: 'utf-8' codec" in done.stderr
