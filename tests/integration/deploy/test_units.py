"""The units for a server without containers: what systemd says of them, and that what they name is ours."""

import re
import shutil
import subprocess
import sys
import urllib.request
from collections import defaultdict
from pathlib import Path

import pytest

from deploy.make_secrets import READERS
from gateway.config import load
from station_agent.config import load as load_agent
from tests.integration.agent_process import AgentProcess, unsettled
from tests.integration.deploy.commands import read_as_ours
from tests.integration.deploy.layout import DEPLOY, Broker, Layout
from tests.support.ports import free_port
from tests.support.processes import ROOT, Running
from tests.support.waiting import until_sync

UNITS = DEPLOY / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
PROGRAM = "/opt/yizhan/bin/yizhan"
MOST_EXPOSED = 2.0
"""Of 10, as `systemd-analyze security` counts; a service that nobody hardened has 9.6."""


def unit(name: str) -> dict[str, list[str]]:
    """The values of every key of a unit and of the drop-in of all of ours."""
    values = defaultdict(list)
    for path in (UNITS / name, UNITS / "yizhan-.service.d" / "hardening.conf"):
        for key, value in re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE):
            values[key].append(value)
    return values


def credentials(name: str) -> dict[str, str]:
    return dict(entry.split(":", 1) for entry in unit(name)["LoadCredential"])


def environment(name: str, state: Path, files: Path) -> dict[str, str]:
    """The variables of a unit, its state and its credentials being folders of ours."""
    lines = "\n".join(unit(name)["Environment"]).replace("%S/yizhan", str(state)).replace("%d", str(files))
    return dict(line.split("=", 1) for line in lines.splitlines())


def commands(name: str) -> list[list[str]]:
    values = unit(name)
    lines = [line.lstrip("-").split() for key in ("ExecStartPre", "ExecStart") for line in values[key]]
    assert {program for program, *_ in lines} == {PROGRAM}
    return [words for _, *words in lines]


def granted(name: str) -> set[str]:
    """The folders a unit may write to, systemd making them for its user."""
    return {f"/var/lib/{folder}" for folder in unit(name)["StateDirectory"]}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units with a program that is there: systemd looks for it."""
    folder = shutil.copytree(UNITS, tmp_path / "system")
    for path in folder.glob("*.service"):
        path.write_text(path.read_text().replace(PROGRAM, shutil.which("true") or ""))
    return folder


@pytest.fixture
def debian(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    text = (layout.site / "gateway.yaml").read_text()
    (layout.site / "gateway.yaml").write_text(text.replace("/etc/yizhan", str(layout.site)))
    return layout


@pytest.mark.parametrize("name", SERVICES)
def test_it_is_taken_by_systemd_and_exposes_little(installed: Path, name: str) -> None:
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(installed / name)],  # noqa: S607 - Debian's own
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(installed / name)],  # noqa: S607 - found on the PATH of any Debian
        capture_output=True,
        text=True,
        check=False,
    )
    exposure = re.search(r"Overall exposure level for .+: ([\d.]+)", judged.stdout)
    assert exposure is not None
    assert float(exposure[1]) <= MOST_EXPOSED


@pytest.mark.parametrize("name", SERVICES)
def test_it_runs_commands_that_exist(name: str) -> None:
    for words in commands(name):
        read_as_ours(words)


@pytest.mark.parametrize("name", SERVICES)
def test_it_runs_as_a_user_of_ours_that_is_made(name: str) -> None:
    made = re.findall(r"^u (\w+) ", (UNITS / "yizhan.sysusers").read_text(), re.MULTILINE)
    assert unit(name)["User"] == made


@pytest.mark.parametrize("name", SERVICES)
def test_it_names_only_credentials_it_loads(name: str) -> None:
    used = {match for line in unit(name)["Environment"] for match in re.findall("%d/(.+)", line)}
    assert used == credentials(name).keys()


@pytest.mark.parametrize("name", ["yizhan-gateway.service", "yizhan-backup.service"])
def test_it_gives_credentials_that_are_made_and_settings_that_are_taken(
    debian: Layout, tmp_path: Path, name: str
) -> None:
    files = credentials_here(debian, tmp_path, name)
    settings = load(debian.site / "gateway.yaml", environment(name, tmp_path / "state", files))
    assert settings.http.host == "127.0.0.1"
    assert settings.data_dir == tmp_path / "state"
    assert settings.broker.url == "mqtt://127.0.0.1:1883"


def credentials_here(layout: Layout, folder: Path, unit_name: str = "yizhan-gateway.service") -> Path:
    """Copies of a unit's credentials in one folder, as systemd makes them."""
    (folder / "credentials").mkdir()
    for name, source in credentials(unit_name).items():
        made = layout.secrets / Path(source).relative_to("/etc/yizhan/secrets")
        shutil.copyfile(made, folder / "credentials" / name)
    return folder / "credentials"


def test_it_gives_the_agent_settings_it_takes(tmp_path: Path) -> None:
    for name in credentials("yizhan-agent.service"):
        (tmp_path / name).write_text("kept secret")
    (tmp_path / "agent.yaml").write_text(
        "{region: louxing, station_id: louxing-07, broker: {url: 'mqtts://gateway.example:8883'}}"
    )
    settings = load_agent(tmp_path / "agent.yaml")
    assert settings.broker.password is None
    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment("yizhan-agent.service", tmp_path / "state", tmp_path).items():
            patch.setenv(key, value)
        settings = load_agent(tmp_path / "agent.yaml")
    assert settings.broker.password is not None
    assert settings.broker.password.get_secret_value() == "kept secret"
    assert settings.broker.ca == tmp_path / "ca.pem"
    assert settings.data_dir == tmp_path / "state"


def under(name: str) -> tuple[str, ...]:
    """How to start a program with the system calls its unit leaves it."""
    program = str(Path(__file__).with_name("filtered.py"))
    return (sys.executable, program, " ".join(unit(name)["SystemCallFilter"]))


def test_it_runs_an_agent_with_the_system_calls_its_unit_leaves_it(tmp_path: Path) -> None:
    agent = AgentProcess(tmp_path, "mqtt://127.0.0.1:1", clock={"trust": "ntp"})
    agent.write(1.5)
    confined = under("yizhan-agent.service")
    with Running("agent", "run", "--config", str(agent.config), under=confined) as running:
        running.wait_for("^ready station=", 60)
        until_sync(lambda: unsettled(agent) > 0, 60, "a frame on disk")
        assert running.stop(60) == 0, running.output


def test_it_serves_on_a_server_without_containers(debian: Layout, tmp_path: Path) -> None:
    port = free_port()
    variables = environment("yizhan-gateway.service", tmp_path / "state", credentials_here(debian, tmp_path))
    run = [word.replace("/etc/yizhan", str(debian.site)) for word in commands("yizhan-gateway.service")[-1]]
    with Broker(debian, "debian") as broker:
        variables |= {"YIZHAN_BROKER__URL": broker.url, "YIZHAN_HTTP__PORT": str(port)}
        with Running(*run, environment=variables, under=under("yizhan-gateway.service")) as gateway:
            gateway.wait_for("^ready http=", 60)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                assert answer.status == 200
            made = back_up(debian, tmp_path, {"YIZHAN_HTTP__PORT": str(port)})
            assert [path.name for path in made.iterdir() if (path / "manifest.json").is_file()]
            assert gateway.stop() == 0


def back_up(layout: Layout, folder: Path, changed: dict[str, str]) -> Path:
    """Run the nightly unit's command with its own environment; return where backups go."""
    (to := folder / "backups").mkdir()
    (files := folder / "nightly").mkdir()
    nightly = "yizhan-backup.service"
    variables = environment(nightly, folder / "state", credentials_here(layout, files, nightly)) | changed
    here = {"/etc/yizhan/gateway.yaml": str(layout.site / "gateway.yaml"), "/var/lib/yizhan-backup": str(to)}
    words = [here.get(word, word) for word in commands(nightly)[0]]
    with Running(*words, environment=variables, under=under(nightly)) as backup:
        assert backup.wait(60) == 0, backup.output
    return to


def test_it_leaves_the_brokers_files_to_debians_own_user() -> None:
    assert READERS["debian"] == {"mosquitto": "mosquitto"}
    assert "mosquitto.service" in unit("yizhan-gateway.service")["After"][0]
    assert (ROOT / "deploy" / "mosquitto" / "debian.conf").is_file()


def test_it_takes_backups_every_night_where_both_may_write() -> None:
    (words,) = commands("yizhan-backup.service")
    folder = words[words.index("--to") + 1]
    assert all(folder in granted(name) for name in ("yizhan-backup.service", "yizhan-gateway.service"))
    assert folder != environment("yizhan-gateway.service", Path("/var/lib/yizhan"), Path())["YIZHAN_DATA_DIR"]
    timer = (UNITS / "yizhan-backup.timer").read_text()
    (when,) = re.findall("^OnCalendar=(.+)$", timer, re.MULTILINE)
    subprocess.run(["systemd-analyze", "calendar", when], check=True, capture_output=True)  # noqa: S607 - found on the PATH of any Debian
