import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from station_agent.cli import app
from tests.support.mosquitto import Mosquitto


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """The command configures logging for its process, which here is the tests'."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def invoke(
    directory: Path, command: str, broker: str = "mqtt://127.0.0.1:1", *, path: str = ""
) -> tuple[int, str]:
    """Run a command on a station with one door; return exit code and everything it said."""
    content = {
        "region": "louxing",
        "station_id": "louxing-07",
        "broker": {"url": broker},
        "data_dir": str(directory / "data"),
        "devices": [{"device": "door", "driver": "jsonl", "path": path or str(directory / "door.jsonl")}],
    }
    config = directory / "agent.yaml"
    config.write_text(json.dumps(content))
    result = CliRunner().invoke(app, [command, "--config", str(config)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_it_checks_settings_and_starts_nothing(tmp_path: Path) -> None:
    assert invoke(tmp_path, "check-config") == (0, "ok station=louxing-07 region=louxing devices=1\n")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["check-config", "run", "read-once", "probe"])
def test_it_exits_2_on_wrong_settings(tmp_path: Path, command: str) -> None:
    (tmp_path / "wrong.yaml").write_text("station_id: louxing-07")
    result = CliRunner().invoke(app, [command, "--config", str(tmp_path / "wrong.yaml")])
    assert result.exit_code == 2
    assert "region: Field required" in result.output


def test_it_exits_2_on_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["run", "--colour", "red"]).exit_code == 2


def test_it_reads_once_and_stores_nothing(tmp_path: Path) -> None:
    line = {"domain": "access", "event": "granted", "credential": {"kind": "card", "id": "13800138000"}}
    (tmp_path / "door.jsonl").write_text(json.dumps(line) + "\nnot json\n")
    code, said = invoke(tmp_path, "read-once")
    reading = json.loads(said.splitlines()[0])
    assert code == 0
    assert (reading["device"], reading["event"], reading["credential_kind"]) == ("door", "granted", "card")
    assert "13800138000" not in said
    assert "door: 1 of it are no readings" in said
    assert not (tmp_path / "data").exists()


def test_it_exits_1_when_a_device_cannot_be_read(tmp_path: Path) -> None:
    code, said = invoke(tmp_path, "read-once")
    assert code == 1
    assert "does not exist" in said


def test_it_probes_broker_and_devices(tmp_path: Path) -> None:
    (tmp_path / "door.jsonl").touch()
    with Mosquitto(tmp_path / "broker") as broker:
        code, said = invoke(tmp_path, "probe", broker.url)
    assert code == 0
    assert "device door: ok" in said
    code, said = invoke(tmp_path, "probe", broker.url)
    assert code == 1
    assert "Connection refused" in said


def test_it_says_why_it_cannot_use_its_directory(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a directory should be")
    code, said = invoke(tmp_path, "run")
    assert code == 1
    assert "data_dir" in said
