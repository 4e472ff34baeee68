"""What deploy/ puts on a machine, put below a folder instead: its files and its broker."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.support.mosquitto import EXECUTABLE
from tests.support.ports import free_port, is_open
from tests.support.processes import ROOT
from tests.support.waiting import until_sync

DEPLOY = ROOT / "deploy"
STATIONS = "- {station_id: louxing-07, region: louxing}\n- {station_id: shuangfeng-01, region: shuangfeng}\n"


def compose(*files: str) -> dict[str, Any]:
    """Services and secrets of some compose files, a later file over an earlier one."""
    merged: dict[str, Any] = {"services": {}, "secrets": {}}
    for file in files:
        written = yaml.safe_load((DEPLOY / file).read_text())
        for part, known in merged.items():
            for name, entry in written[part].items():
                known[name] = known.get(name, {}) | entry
    return merged


class Layout:
    """A site below ``folder``, with secrets for its stations, as deploy.make_secrets makes them."""

    def __init__(self, folder: Path, broker: str = "mosquitto", stations: str = STATIONS) -> None:
        self.folder, self.broker = folder, broker
        self.secrets, self.site = folder / "secrets", folder / "site"
        shutil.copytree(DEPLOY / "example-site", self.site)
        self.stations = self.site / "stations.yaml"
        self.stations.write_text(stations)
        self.made = make_secrets(self, "--host", "127.0.0.1", "--simulation")
        assert self.made.returncode == 0, self.made.stderr

    def password(self, user: str) -> str:
        ours = self.secrets / user / "broker_password"
        return (ours if ours.exists() else self.secrets / "stations" / user).read_text()

    @property
    def ca(self) -> Path:
        return self.secrets / "ca" / "ca.pem"

    def seen_by(self, service: str) -> dict[str, Path]:
        """Every path a container is given, and what is behind it here; volumes are folders of ours."""
        whole = compose("compose.yaml", "compose.emqx.yaml")
        named = {name: self._host(entry["file"]) for name, entry in whole["secrets"].items()}
        seen = {}
        for mount in whole["services"][service].get("volumes", ()):
            source, target, *_ = mount.split(":")
            seen[target] = self._host(source) if source.startswith(".") else self._volume(source)
        for secret in whole["services"][service].get("secrets", ()):
            long = secret if isinstance(secret, dict) else {"source": secret}
            seen[long.get("target", f"/run/secrets/{long['source']}")] = named[long["source"]]
        return seen

    def here(self, service: str, path: str) -> str:
        """Where a path inside a container is here; anything else stays as it is."""
        for target, source in sorted(self.seen_by(service).items(), reverse=True):
            if path == target or path.startswith(f"{target}/"):
                return str(source) + path.removeprefix(target)
        return path

    def _host(self, source: str) -> Path:
        for own, below in (("./secrets", self.secrets), ("./site", self.site)):
            if source == own or source.startswith(f"{own}/"):
                return below / source.removeprefix(own).lstrip("/")
        return (DEPLOY / source).resolve()

    def _volume(self, name: str) -> Path:
        folder = self.folder / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


class Broker:
    """mosquitto under the shipped files, laid out the ``way`` of its container or of a Debian server."""

    def __init__(self, layout: Layout, way: str) -> None:
        self.layout, self.way = layout, way
        self.inside, self.public = free_port(), free_port()
        self.etc = layout.folder / "etc"
        self.data = layout.folder / "data"
        self.data.mkdir()
        self.put_files()
        configuration = self.etc / "mosquitto.conf"
        configuration.write_text(f"user root\n{configuration.read_text()}")

    @property
    def url(self) -> str:
        """How those inside reach it."""
        scheme = "mqtt" if self.way == "debian" else "mqtts"
        return f"{scheme}://127.0.0.1:{self.inside}"

    def put_files(self) -> None:
        """Lay out /etc/mosquitto: in the container its mounts, on Debian what the page says to copy."""
        for target, source in self._files().items():
            place = self.etc / target
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(self._moved(source.read_text()))

    def _files(self) -> dict[str, Path]:
        if self.way == "container":
            prefix = "/etc/mosquitto/"
            seen = self.layout.seen_by("broker")
            return {path.removeprefix(prefix): file for path, file in seen.items() if path.startswith(prefix)}
        made = self.layout.secrets / "mosquitto"
        files = {str(path.relative_to(made)): path for path in made.rglob("*") if path.is_file()}
        shipped = {"mosquitto.conf": "mosquitto.conf", "conf.d/debian.conf": "debian.conf"}
        return files | {target: DEPLOY / "mosquitto" / name for target, name in shipped.items()}

    def _moved(self, text: str) -> str:
        for path in ("/var/lib/mosquitto/", "/mosquitto/data/"):
            text = text.replace(path, f"{self.data}/")
        text = text.replace("/etc/mosquitto", str(self.etc))
        text = text.replace("listener 8883\n", f"listener {self.public} 127.0.0.1\n")
        text = text.replace("listener 8884\n", f"listener {self.inside} 127.0.0.1\n")
        return text.replace("listener 1883 127.0.0.1", f"listener {self.inside} 127.0.0.1")

    def reload(self) -> None:
        """Bring changed secrets to it, and send the SIGHUP."""
        for path in (self.layout.secrets / "mosquitto").rglob("*"):
            if path.is_file():
                shutil.copyfile(path, self.etc / path.relative_to(self.layout.secrets / "mosquitto"))
        self.process.send_signal(signal.SIGHUP)

    def __enter__(self) -> Self:
        self.process = subprocess.Popen([EXECUTABLE, "-c", str(self.etc / "mosquitto.conf")])
        until_sync(lambda: self._doors_open() or self.process.poll() is not None, what="the broker")
        assert self.process.poll() is None, "mosquitto does not take the shipped files"
        return self

    def _doors_open(self) -> bool:
        return is_open(self.public) and is_open(self.inside)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()


def make_secrets(layout: Layout, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run deploy.make_secrets as its page says, for the site of a layout."""
    where = ["--stations", str(layout.stations), "--into", str(layout.secrets), "--broker", layout.broker]
    return run_deployed("make_secrets", *where, *arguments)


def run_deployed(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of deploy/ from the top of the tree."""
    command: Sequence[str] = [sys.executable, "-m", f"deploy.{module}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
