"""`yizhan gateway` as a process: what it prints, how it ends, and that an operator sees sentences."""

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.station_peer import StationPeer
from tests.integration.test_gateway_session import frame
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port, is_open
from tests.support.processes import ROOT, Running
from tests.support.waiting import until_sync
from tests.unit.gateway_ingest.ticks import STREAM
from wire.topics import Channel

READY = r"^ready http=(http://127\.0\.0\.1:(\d+)) mqtt=(mqtt://127\.0\.0\.1:\d+)$"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


def configured(tmp_path: Path, broker: str, more: str = "") -> tuple[str, str]:
    path = tmp_path / "gateway.yaml"
    path.write_text(f"data_dir: {tmp_path / 'data'}\nbroker: {broker}\nhttp: {{port: 0}}\n{more}")
    return "--config", str(path)


def at(broker: Mosquitto) -> str:
    return f'{{url: "{broker.url}"}}'


def ended(*arguments: str) -> tuple[int, str, str]:
    """Run a command to its end; returns its code, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "yizhan", "gateway", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_it_says_where_its_doors_are_once_and_ends_cleanly_on_sigterm(
    broker: Mosquitto, tmp_path: Path
) -> None:
    with Running("gateway", "run", *configured(tmp_path, at(broker))) as gateway:
        ready = gateway.wait_for(READY, seconds=40)
        assert ready[3] == broker.url
        assert int(ready[2]) > 0, "port 0 picks a free one"
        assert httpx.get(f"{ready[1]}/readyz").status_code == 200
        assert gateway.stop(seconds=10) == 0, gateway.output
        assert len(re.findall("^ready ", gateway.output, re.MULTILINE)) == 1
        assert "Traceback" not in gateway.output
    with Running("gateway", "run", *configured(tmp_path, at(broker))) as again:
        again.wait_for(READY, seconds=40)
        again.interrupt()
        assert again.wait(10) == 0, again.output


def test_it_writes_down_soon_what_its_start_judged(broker: Mosquitto, tmp_path: Path) -> None:
    with Running("gateway", "run", *configured(tmp_path, at(broker))) as gateway:
        gateway.wait_for(READY, seconds=40)
        snapshot = tmp_path / "data" / "engine.snapshot"
        until_sync(snapshot.exists, 30, "the engine's snapshot, well within its minute")


def test_it_lists_a_station_after_a_kill_though_only_its_frames_tell_of_it(
    broker: Mosquitto, tmp_path: Path
) -> None:
    with Running("gateway", "run", *configured(tmp_path, at(broker))) as gateway:
        gateway.wait_for(READY, seconds=40)
        with StationPeer(broker.port, "louxing-07") as peer:
            peer.say(Channel.TELEMETRY, frame(1))
            until_sync(lambda: peer.acknowledged(STREAM) == {1}, 20, "the acknowledgement")
        gateway.kill()
    with Running("gateway", "run", *configured(tmp_path, at(broker))) as again:
        url = again.wait_for(READY, seconds=40)[1]
        answer = httpx.get(f"{url}/api/v1/stations/louxing-07")
        assert answer.status_code == 200, answer.text
        assert answer.json()["region"] == "louxing"


def test_it_stops_in_time_while_somebody_listens_to_its_stream(broker: Mosquitto, tmp_path: Path) -> None:
    with Running("gateway", "run", *configured(tmp_path, at(broker))) as gateway:
        url = gateway.wait_for(READY, seconds=40)[1]
        with httpx.stream("GET", f"{url}/api/v1/stream", timeout=10) as stream:
            assert stream.status_code == 200
            assert gateway.stop(seconds=10) == 0, gateway.output


def test_it_stops_in_time_while_its_broker_is_away(broker: Mosquitto, tmp_path: Path) -> None:
    with Running("gateway", "run", *configured(tmp_path, at(broker))) as gateway:
        url = gateway.wait_for(READY, seconds=40)[1]
        broker.kill()
        gateway.wait_for("broker_lost")
        answer = httpx.get(f"{url}/readyz")
        assert (answer.status_code, answer.json()["broker"]) == (503, "not connected")
        assert gateway.stop(seconds=10) == 0, gateway.output
        assert "Traceback" not in gateway.output


def test_it_brings_its_own_broker(tmp_path: Path) -> None:
    with Running("gateway", "run", *configured(tmp_path, "{embedded: true, port: 0}")) as gateway:
        url = gateway.wait_for(READY, seconds=40)[3]
        port = int(url.rpartition(":")[2])
        assert is_open(port)
        assert gateway.stop(seconds=10) == 0, gateway.output
        assert not is_open(port)


def test_it_checks_settings_without_starting(tmp_path: Path) -> None:
    nobody = f'{{url: "mqtt://127.0.0.1:{free_port()}"}}'
    assert ended("check-config", *configured(tmp_path, nobody))[:2] == (0, "ok\n")
    assert not (tmp_path / "data").exists()


def test_it_checks_rule_files_and_plays_the_cases_beside_them(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "ours.yaml").write_text("parameters: {OC-03: {warn: {value: 900}}}\n")
    said = "[{at: 0s, device: p, event: occupancy.panic_button}]"
    case = f"cases: [{{rule: OC-07, name: help, input: {said}, expect: %s}}]"
    (tmp_path / "cases" / "help.yaml").write_text(case % "[{at: 0s, change: opened, severity: P1}]")
    assert ended("check-config", "--rules", str(tmp_path))[:2] == (0, "114 rules, 1 cases\nok\n")
    (tmp_path / "cases" / "help.yaml").write_text(case % "[]")
    code, _, error = ended("check-config", "--rules", str(tmp_path))
    assert (code, "OC-07: help: came: opened P1" in error) == (2, True)
    (tmp_path / "ours.yaml").write_text("\nparameters: {OC-99: {warn: {value: 900}}}\n")
    code, _, error = ended("check-config", "--rules", str(tmp_path))
    assert (code, "ours.yaml:2: " in error) == (2, True)


def test_it_migrates_both_stores(tmp_path: Path) -> None:
    config = configured(tmp_path, '{url: "mqtt://127.0.0.1:1"}')
    assert ended("migrate", *config)[:2] == (0, "ok\n")
    assert {"store.duckdb", "state.sqlite"} <= {path.name for path in (tmp_path / "data").iterdir()}


def test_it_gives_2_for_wrong_settings_and_names_the_key(tmp_path: Path) -> None:
    config = configured(tmp_path, '{url: "mqtt://a"}', "humor: dry\n")
    for command in ("run", "check-config", "migrate"):
        code, said, complaint = ended(command, *config)
        assert (code, said) == (2, ""), complaint
        assert "humor" in complaint
        assert "Traceback" not in complaint
    assert ended("run", "--config", str(tmp_path / "nowhere.yaml"))[0] == 2
    assert ended("run", "--no-such-option")[0] == 2
    assert ended("no-such-command")[0] == 2


@pytest.mark.parametrize(
    ("content", "line"),
    [("\n\nparameters: {OC-99: {warn: {value: 900}}}\n", 3), ("rules: [\n", 2)],
    ids=["no-such-rule", "no-yaml"],
)
def test_it_gives_2_for_a_wrong_rule_file_and_names_file_and_line(
    tmp_path: Path, content: str, line: int
) -> None:
    file = tmp_path / "rules" / "ours.yaml"
    file.parent.mkdir()
    file.write_text(content)
    config = configured(tmp_path, '{url: "mqtt://127.0.0.1:1"}', f"rules: {{dir: {file.parent}}}\n")
    for command in ("run", "check-config"):
        code, said, complaint = ended(command, *config)
        assert (code, said, "Traceback" in complaint) == (2, "", False), complaint
        assert f"{file}:{line}: " in complaint


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("stations: {file: /no/such}", "/no/such: No such file"),
        ("rules: {dir: /no/such}", "/no/such:1: no such folder"),
        ("channels: {duty: {kind: apprise, url: 'nonsense://'}}", "apprise does not understand the address"),
        ("on_call: {people: {}}", "on_call.people: "),
    ],
)
def test_it_gives_2_at_the_start_for_whatever_else_of_the_settings_is_wrong(
    tmp_path: Path, more: str, sentence: str
) -> None:
    code, said, complaint = ended("run", *configured(tmp_path, '{url: "mqtt://127.0.0.1:1"}', f"{more}\n"))
    assert (code, said, "Traceback" in complaint) == (2, "", False), complaint
    assert sentence in complaint


def test_it_gives_1_and_one_sentence_for_what_is_in_the_way(tmp_path: Path, broker: Mosquitto) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "store.duckdb").write_bytes(b"this is no database at all, and never was one" * 99)
    cases = {
        f"http.*{port}": (at(broker), f"http: {{port: {port}}}\n"),
        "cannot open .*store.duckdb": (at(broker), f"data_dir: {broken}\n"),
        "cannot open the state in /proc/none": (at(broker), "data_dir: /proc/none\n"),
        f"embedded broker.*{port}": (f"{{embedded: true, port: {port}}}", ""),
    }
    for sentence, (where, more) in cases.items():
        path = tmp_path / "gateway.yaml"
        plain = {"http": "http: {port: 0}\n", "data_dir": f"data_dir: {tmp_path / 'data'}\n"}
        path.write_text(
            "".join(text for key, text in plain.items() if not more.startswith(key))
            + more
            + f"broker: {where}\n"
        )
        code, said, complaint = ended("run", "--config", str(path))
        assert (code, said, "Traceback" in complaint) == (1, "", False), complaint
        assert re.search(sentence, complaint), complaint
    taken.close()


def test_it_says_who_has_the_stores_when_two_are_started_on_them(broker: Mosquitto, tmp_path: Path) -> None:
    config = configured(tmp_path, at(broker))
    with Running("gateway", "run", *config) as gateway:
        gateway.wait_for(READY, seconds=40)
        code, _, complaint = ended("run", *config)
        assert (code, "Traceback" in complaint) == (1, False), complaint
        assert "store.duckdb" in complaint
        assert gateway.stop(seconds=10) == 0


def test_a_gateway_that_does_not_run_is_backed_up_and_put_back(broker: Mosquitto, tmp_path: Path) -> None:
    config, backups = configured(tmp_path, at(broker)), tmp_path / "backups"
    code, _, said = ended("backup", *config, "--to", str(backups))
    assert (code, "is data_dir the one of the gateway?" in said) == (1, True)
    assert ended("migrate", *config)[0] == 0
    code, _, said = ended("backup", *config, "--to", str(backups))
    assert (code, "no such folder" in said) == (1, True)
    backups.mkdir()
    code, told, _ = ended("backup", *config, "--to", str(backups))
    [backup] = backups.iterdir()
    assert (code, told.startswith(f"{backup} up to frame -1, ")) == (0, True)
    code, _, said = ended("restore", *config, "--from", str(backup))
    assert (code, "not empty" in said) == (1, True)
    shutil.rmtree(tmp_path / "data")
    assert ended("restore", *config, "--from", str(backup))[:2] == (
        0,
        "restored up to frame -1; start the gateway\n",
    )
    assert ended("migrate", *config)[0] == 0
