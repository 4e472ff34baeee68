"""The page from an empty server to the first dashboard: each of its commands is carried out, or read.

What only copies and makes files is carried out, in a copy of the tree, below a folder instead of at /. What
starts something is read: its program, its options, the services, units and files it names.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.integration.deploy.commands import read_as_ours
from tests.integration.deploy.layout import DEPLOY, compose
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "how-to" / "server-from-nothing.md").read_text()
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [block.splitlines() for block in FENCE.findall(PAGE)]
LINES = [line for block in BLOCKS for line in block]
CARRIED_OUT = {"cp", "mkdir", "install", "echo", "cd"}
MAKES_FILES = re.compile(r"^(cp|mkdir|install|echo|python3 -m deploy\.)")
ELSEWHERE = {"/opt/yizhan/bin/pip", "apt-get", "influx", "ssh", "systemd-sysusers"}
"""Programs of others that change a machine; what of ours they name is looked at below."""
UNITS_OF_OTHERS = {"mosquitto", "grafana-server"}
SERVICES = compose("compose.yaml", "compose.emqx.yaml")["services"]


def programs() -> set[str]:
    return {shlex.split(line)[0] for line in LINES}


def lines_of(program: str) -> list[list[str]]:
    return [shlex.split(line)[1:] for line in LINES if shlex.split(line)[0] == program]


def compose_parser() -> argparse.ArgumentParser:
    """As much of docker-compose as the page uses."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--file", action="append")
    parser.add_argument("--profile", choices=["simulation"])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, flags in {
        "build": [],
        "up": ["--detach"],
        "ps": [],
        "restart": [],
        "kill": [],
    }.items():
        each = verbs.add_parser(verb)
        for flag in flags:
            each.add_argument(flag, action="store_true", required=True)
        if verb == "kill":
            each.add_argument("-s", choices=["HUP"])
        each.add_argument("services", nargs="*", choices=[*SERVICES, []])
    for verb, flag in {"run": "--rm", "exec": "-T"}.items():
        each = verbs.add_parser(verb)
        each.add_argument(flag, action="store_true", required=True)
        each.add_argument("service", choices=SERVICES)
        each.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def test_it_uses_no_program_that_nothing_here_looks_at() -> None:
    looked_at = CARRIED_OUT | ELSEWHERE | {"docker-compose", "systemctl", "python3"}
    assert programs() - looked_at == set()


@pytest.mark.parametrize("words", lines_of("docker-compose"), ids=" ".join)
def test_it_asks_docker_compose_for_services_and_commands_that_exist(words: list[str]) -> None:
    asked = compose_parser().parse_args(words)
    assert all((DEPLOY / file).is_file() for file in asked.file or ())
    if asked.verb == "run":
        read_as_ours(asked.command)
    if asked.verb == "exec" and asked.service == "gateway":
        assert asked.command[0] == "yizhan"
        read_as_ours(asked.command[1:])


def test_it_starts_units_that_exist() -> None:
    named = {word for words in lines_of("systemctl") for word in words[1:] if not word.startswith("--")}
    shipped = {path.name for path in (DEPLOY / "systemd").iterdir()}
    others = {name for name in named if not shipped & {name, f"{name}.service"}}
    assert others == UNITS_OF_OTHERS
    assert {words[0] for words in lines_of("systemctl")} <= {"restart", "reload", "enable", "daemon-reload"}


def test_it_installs_what_is_in_the_tree() -> None:
    for words in lines_of("/opt/yizhan/bin/pip"):
        assert words[0] == "install"
        assert all((ROOT / word).exists() for word in words[1:] if not word.startswith("--"))


def test_it_sets_up_the_influxdb_the_gateway_writes_to() -> None:
    words, reader = lines_of("influx")
    options = dict(zip(words[2::2], words[3::2], strict=True))
    environment = SERVICES["gateway"]["environment"]
    assert options["--org"] == environment["YIZHAN_MIRROR__INFLUXDB__ORG"]
    assert options["--bucket"] == SERVICES["influxdb"]["environment"]["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert options["--org"] == reader[reader.index("--org") + 1]
    assert reader[-1].endswith("/grafana/influxdb_token")


class Server:
    """An empty server below a folder, with the tree unpacked."""

    def __init__(self, folder: Path) -> None:
        self.root, self.tree = folder, folder / "source"
        for part in ("deploy", "wire"):
            ignored = shutil.ignore_patterns("__pycache__", "secrets", "site")
            shutil.copytree(ROOT / part, self.tree / part, ignore=ignored)
        shutil.copytree(ROOT / "dashboards", self.tree / "dashboards")
        for place in ("etc/mosquitto/conf.d", "etc/grafana", "etc/default", "etc/systemd/system"):
            (folder / place).mkdir(parents=True)

    def carry_out(self, block: list[str]) -> None:
        lines = [self.here(line) for line in block if MAKES_FILES.match(line)]
        script = "\n".join(["set -eu", *lines])
        done = subprocess.run(
            ["/bin/sh", "-c", script], cwd=self.tree, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{script}\n{done.stderr}"

    def here(self, line: str) -> str:
        """The line for this server: its folders, its Python, and no user that only a package brings."""
        line = re.sub(r"(?<![\w.])/etc/", f"{self.root}/etc/", line)
        line = re.sub("^python3 ", f"{shlex.quote(sys.executable)} ", line)
        return line.replace("--owner grafana", "").replace("--to debian", "--to containers")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    server = Server(tmp_path_factory.mktemp("server"))
    for block in BLOCKS:
        server.carry_out(block)
    return server


def test_it_leaves_the_files_every_service_starts_from(server: Server) -> None:
    for name, service in SERVICES.items():
        mounts = [volume.split(":")[0] for volume in service.get("volumes", ()) if volume.startswith(".")]
        assert [mount for mount in mounts if not (server.tree / "deploy" / mount).exists()] == [], name
    files = compose("compose.yaml", "compose.emqx.yaml")["secrets"].values()
    assert [entry["file"] for entry in files if not (server.tree / "deploy" / entry["file"]).is_file()] == []


def test_it_leaves_the_files_every_unit_starts_from(server: Server) -> None:
    named = set()
    for unit in (server.root / "etc/systemd/system").glob("yizhan-*.service"):
        named |= set(re.findall(r"/etc/yizhan[/\w.]+", unit.read_text()))
    assert len(named) >= 5
    assert [path for path in named if not (server.root / path.lstrip("/")).is_file()] == []
    assert (server.root / "etc/systemd/system/yizhan-.service.d/hardening.conf").is_file()
    assert (server.root / "etc/sysusers.d/yizhan.conf").is_file()


def test_it_leaves_the_files_mosquitto_and_grafana_start_from(server: Server) -> None:
    shipped = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text()
    for path in re.findall(r"^\w+file (/etc/\S+)", shipped, re.MULTILINE):
        assert (server.root / path.lstrip("/")).is_file(), path
    grafana = server.root / "etc/grafana"
    source = yaml.safe_load((grafana / "provisioning/datasources/yizhan.yaml").read_text())["datasources"][0]
    provider = yaml.safe_load((grafana / "provisioning/dashboards/yizhan.yaml").read_text())["providers"][0]
    assert source["url"].removeprefix("$") in (server.root / "etc/default/grafana-server").read_text()
    assert (server.root / provider["options"]["path"].lstrip("/")).is_dir()
    assert (grafana / "influxdb_token").read_text() == (
        server.root / "etc/yizhan/secrets/influxdb/token"
    ).read_text()
    assert (grafana / "influxdb_token").stat().st_mode & 0o777 == 0o600
    assert os.listdir(grafana / "dashboards")  # noqa: PTH208 - names are enough
