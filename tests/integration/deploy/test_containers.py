"""The compositions: what docker-compose takes, and that every name in them is one of ours."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.files import provisioning
from dashboards.source import Source
from deploy.make_secrets import BESIDE, READERS
from gateway.config import Settings, load
from tests.integration.agent_process import AgentProcess, unsettled
from tests.integration.deploy.commands import read_as_ours
from tests.integration.deploy.layout import DEPLOY, Broker, Layout, compose
from tests.support.ports import free_port
from tests.support.processes import ROOT, Running
from tests.support.waiting import until_sync

WAYS = {"mosquitto": ["compose.yaml"], "emqx": ["compose.yaml", "compose.emqx.yaml"]}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
SERVICES = compose(*WAYS["emqx"])["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
OUR_USER = 10001


def accepted(files: list[str], *options: str) -> dict[str, Any]:
    """What docker-compose makes of the files; it fails the test when it does not take them."""
    named = [word for file in files for word in ("--file", file)]
    done = subprocess.run(
        ["docker-compose", *named, *options, "config"],  # noqa: S607 - Debian's own
        capture_output=True,
        text=True,
        check=False,
        cwd=DEPLOY,
    )
    assert (done.returncode, done.stderr) == (0, "")
    content: dict[str, Any] = yaml.safe_load(done.stdout)
    return content


def settings_of(layout: Layout, service: str, **changed: str) -> Settings:
    """A gateway's settings from the environment its container has, with paths as they are here."""
    environment = {key: str(value) for key, value in SERVICES[service]["environment"].items()} | changed
    here = {key: layout.here(service, value) for key, value in environment.items()}
    return load(layout.site / "gateway.yaml", here)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    text = (made.site / "gateway.yaml").read_text()
    (made.site / "gateway.yaml").write_text(text.replace("/etc/yizhan", str(made.site)))
    return made


@pytest.fixture
def broker(layout: Layout) -> Iterator[Broker]:
    with Broker(layout, "container") as running:
        yield running


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("profile", "more"), [([], set()), (["--profile", "simulation"], {"fleet"})])
def test_it_is_taken_by_docker_compose(way: str, profile: list[str], more: set[str]) -> None:
    content = accepted(WAYS[way], *profile)
    active = {
        name
        for name, service in content["services"].items()
        if not service.get("profiles") or (profile and "simulation" in service["profiles"])
    }
    server = {"mosquitto": "broker", "emqx": "emqx"}[way]
    assert active == {server, "gateway", "influxdb", "grafana"} | more
    assert "name" not in yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.mark.parametrize("name", SERVICES)
def test_it_looks_after_every_service(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert {"mem_limit", "pids_limit", "cpus"} <= service.keys()
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[a-z-]+(/[a-z]+)?:\d+\.\d+\.\d+", service["image"])


def test_it_offers_the_stations_door_to_all_and_pages_to_its_own_machine() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {
        "broker": ["8883:8883"],
        "emqx": ["8883:8883"],
        "gateway": ["127.0.0.1:8000:8000"],
        "grafana": ["127.0.0.1:3000:3000"],
    }


def test_it_keeps_influxdb_on_a_network_that_leads_nowhere() -> None:
    networks = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["networks"]
    assert SERVICES["influxdb"]["networks"] == ["store"]
    assert networks["store"] == {"internal": True}


@pytest.mark.parametrize("name", SERVICES)
def test_it_mounts_files_that_are_there(layout: Layout, tmp_path: Path, name: str) -> None:
    (tmp_path / "other").mkdir()
    other = Layout(tmp_path / "other", broker="emqx")
    seen = layout if name != "emqx" else other
    missing = [inside for inside, path in seen.seen_by(name).items() if not path.exists()]
    assert missing == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may hand files over")
@pytest.mark.parametrize(("name", "user"), [("broker", 1883), *((name, OUR_USER) for name in OURS)])
def test_it_gives_a_container_only_secrets_it_may_read(layout: Layout, name: str, user: int) -> None:
    secrets = [path for path in layout.seen_by(name).values() if layout.secrets in path.parents]
    assert {path.stat().st_uid for path in secrets if path != layout.ca} == {user}


def test_it_runs_each_container_as_the_user_its_secrets_are_for() -> None:
    assert SERVICES["broker"]["user"] == "{0}:{0}".format(READERS["containers"]["mosquitto"])
    assert f"USER {OUR_USER}:{OUR_USER}\n" in (DEPLOY / "Dockerfile").read_text()
    assert {READERS["containers"][name] for name in OURS} == {OUR_USER}


@pytest.mark.parametrize("name", OURS)
def test_it_runs_commands_that_exist_in_images_of_this_version(name: str) -> None:
    read_as_ours(OURS[name]["command"])
    part = OURS[name]["build"]["args"]["PART"]
    assert OURS[name]["image"] == f"yizhan-{part}:{VERSION}"
    assert OURS[name]["build"]["dockerfile"] == "deploy/Dockerfile"


def test_it_calls_the_broker_what_its_certificate_says() -> None:
    urls = [SERVICES["gateway"]["environment"]["YIZHAN_BROKER__URL"], *SERVICES["fleet"]["command"]]
    hosts = {match[1] for url in urls if (match := re.search("mqtts://([a-z]+):8884$", url))}
    aliases = SERVICES["emqx"]["networks"]["stations"]["aliases"]
    assert hosts == {"broker"} == set(aliases)
    assert hosts <= set(BESIDE)


def test_it_gives_the_gateway_settings_it_takes(layout: Layout) -> None:
    settings = settings_of(layout, "gateway")
    assert settings.stations.file == layout.stations
    assert settings.http.auth != "none"
    volumes = {volume.rpartition(":")[2] for volume in SERVICES["gateway"]["volumes"]}
    assert SERVICES["gateway"]["environment"]["YIZHAN_DATA_DIR"] in volumes


def test_it_provisions_grafana_as_our_command_would_with_the_token_in_a_file(layout: Layout) -> None:
    folder, environment = DEPLOY / "grafana" / "provisioning", SERVICES["grafana"]["environment"]
    paths = ("datasources/yizhan.yaml", "dashboards/yizhan.yaml")
    written = {path: yaml.safe_load((folder / path).read_text()) for path in paths}
    secret = written["datasources/yizhan.yaml"]["datasources"][0].pop("secureJsonData")
    made = provisioning(Source("$INFLUXDB_URL"), path="/etc/grafana/dashboards")
    ours = {path: yaml.safe_load(made[path]) for path in written}
    ours["datasources/yizhan.yaml"]["datasources"][0].pop("secureJsonData")
    assert written == ours
    token = re.fullmatch(r"Token \$__file\{(.+)\}", secret["httpHeaderValue1"])
    seen = layout.seen_by("grafana")
    assert token is not None
    assert seen[token[1]].read_text() == (layout.secrets / "influxdb" / "token").read_text()
    assert environment["INFLUXDB_URL"] == SERVICES["gateway"]["environment"]["YIZHAN_MIRROR__INFLUXDB__URL"]
    assert list(seen["/etc/grafana/dashboards"].glob("zh/*.json"))


def test_it_serves_a_station_from_its_own_files(layout: Layout, broker: Broker, tmp_path: Path) -> None:
    """Gateway as its container starts it, a real agent, and the simulated fleet; all over TLS."""
    port = free_port()
    service = SERVICES["gateway"]
    environment = {key: layout.here("gateway", str(value)) for key, value in service["environment"].items()}
    environment |= {"YIZHAN_BROKER__URL": broker.url, "YIZHAN_HTTP__PORT": str(port)}
    environment["YIZHAN_HTTP__HOST"] = "127.0.0.1"
    command = [layout.here("gateway", word) for word in service["command"]]
    (tmp_path / "station").mkdir()
    own = {"url": f"mqtts://127.0.0.1:{broker.public}", "password": layout.password("louxing-07")}
    agent = AgentProcess(tmp_path / "station", "", broker={**own, "ca": str(layout.ca)})
    with Running(*command, environment=environment) as gateway:
        gateway.wait_for("^ready http=", 60)
        assert healthy("gateway", port)
        with agent:
            agent.write(1.5)
            until_sync(lambda: not unsettled(agent), 20, "the gateway's acknowledgement")
        fleet = [word.replace("mqtts://broker:8884", broker.url) for word in SERVICES["fleet"]["command"]]
        fleet = [re.sub("(?<==)/.+", lambda match: layout.here("fleet", match[0]), word) for word in fleet]
        with Running(*fleet, "--frames=74", "--every=0.2") as simulated:
            simulated.wait_for("frames begin", 60)
            assert healthy("fleet", broker.inside)
            simulated.wait_for('"acknowledged": *74', 60)
        broker.process.terminate()
        until_sync(lambda: not healthy("gateway", port), 20, "the health check noticing")
        assert gateway.stop() == 0


def healthy(name: str, port: int) -> bool:
    """Run a service's own health check here, at the port it looks at here."""
    _, program, *words = SERVICES[name]["healthcheck"]["test"]
    words = [word.replace(":8000", f":{port}").replace(":22B4", f":{port:04X}") for word in words]
    program = sys.executable if program == "python" else program
    return subprocess.run([program, *words], capture_output=True, check=False).returncode == 0
