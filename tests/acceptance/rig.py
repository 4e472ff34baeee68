"""Stations, broker and gateway as processes that can be killed, and the books to balance afterwards."""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.processes import Running
from tests.support.proxy import Proxy

LINE_S = 0.01
REGION = "louxing"


@dataclass
class Program:
    """One of our programs: the same command, started again after each end."""

    arguments: list[str]
    running: Running | None = None

    def start(self) -> None:
        """Start it and return once it says that it is ready."""
        self.running = Running(*self.arguments)
        self.running.wait_for("^ready ", 120)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.running is not None:
            with self.running:
                self.running.kill()
            self.running = None

    def stop(self) -> int:
        """Let it end by itself; its exit code."""
        assert self.running is not None
        with self.running as running:
            self.running = None
            return running.stop()


@dataclass
class Station:
    """One agent, whose door counts one person every ``line_s``: the n-th line says n."""

    station_id: str
    directory: Path
    program: Program
    line_s: float = LINE_S
    lines: int = 0
    _closing: threading.Event = field(default_factory=threading.Event)
    _writer: threading.Thread | None = None

    def begin(self) -> None:
        """Let people in."""
        self._writer = threading.Thread(target=self._write, name=f"door-{self.station_id}")
        self._writer.start()

    def end(self) -> None:
        """Let nobody in any more."""
        self._closing.set()
        if self._writer is not None:
            self._writer.join()

    def frames(self) -> int:
        """How many frames its outbox ever held."""
        return self._ask("SELECT coalesce(max(n), 0) FROM frames")

    def unsettled(self) -> int:
        """How many frames wait for their acknowledgement."""
        return self._ask("SELECT count(*) FROM frames WHERE settled IS NULL")

    def _write(self) -> None:
        with (self.directory / "door.jsonl").open("a", buffering=1) as door:
            while not self._closing.wait(self.line_s):
                self.lines += 1
                door.write(json.dumps({"domain": "occupancy", "people_in_total": self.lines}) + "\n")

    def _ask(self, question: str) -> int:
        try:
            with contextlib.closing(
                sqlite3.connect(self.directory / "data" / "outbox.db", timeout=5)
            ) as outbox:
                count: int = outbox.execute(question).fetchone()[0]
                return count
        except sqlite3.OperationalError:  # the agent has not made it yet
            return 0


@dataclass
class Rig:
    """Everything, running."""

    broker: Mosquitto
    link: Proxy
    gateway: Program
    stations: list[Station]
    http: str

    @classmethod
    @contextlib.contextmanager
    def open(cls, directory: Path, stations: int, line_s: float = LINE_S) -> Iterator["Rig"]:
        """Start everything; the first station speaks over the link that can be cut."""
        with ExitStack() as undo:
            broker = undo.enter_context(Mosquitto(directory / "broker"))
            link = undo.enter_context(Proxy(broker.port))
            port = free_port()
            gateway = Program(
                ["gateway", "run", "--config", str(_gateway_settings(directory, broker.url, port))]
            )
            urls = [link.url] + [broker.url] * (stations - 1)
            agents = [_station(directory, number, url, line_s) for number, url in enumerate(urls, 1)]
            for program in (gateway, *(agent.program for agent in agents)):
                undo.callback(program.kill)
                program.start()
            for agent in agents:
                undo.callback(agent.end)
                agent.begin()
            yield cls(broker, link, gateway, agents, f"http://127.0.0.1:{port}/api/v1")

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - whatever JSON there is
        """Ask the gateway."""
        answer = httpx.get(
            f"{self.http}{path}", params={key: str(value) for key, value in query.items()}, timeout=30
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def counted(self, station: Station) -> list[int]:
        """Every value the gateway stored of a station's door, in the order of time."""
        path = f"/stations/{station.station_id}/readings/occupancy"
        query: dict[str, object] = {"fields": "people_in_total", "limit": 1000}
        values: list[int] = []
        while True:
            page = self.get(path, **query)
            values += [item["people_in_total"] for item in page["items"]]
            if page["next"] is None:
                return values
            query["cursor"] = page["next"]


def _gateway_settings(directory: Path, broker: str, port: int) -> Path:
    path = directory / "gateway.yaml"
    content = {
        "data_dir": str(directory / "gateway"),
        "broker": {"url": broker},
        "http": {"host": "127.0.0.1", "port": port},
    }
    path.write_text(json.dumps(content))  # JSON is YAML
    return path


def _station(directory: Path, number: int, broker: str, line_s: float) -> Station:
    station_id = f"louxing-{number:02}"
    home = directory / station_id
    home.mkdir()
    (home / "door.jsonl").touch()
    content = {
        "region": REGION,
        "station_id": station_id,
        "broker": {"url": broker, "reconnect_max": "1s"},
        "data_dir": str(home / "data"),
        "clock": {"trust": "system"},
        "devices": [
            {"device": "front-door", "driver": "jsonl", "path": str(home / "door.jsonl"), "every": "20ms"}
        ],
    }
    settings = home / "agent.yaml"
    settings.write_text(json.dumps(content))
    return Station(station_id, home, Program(["agent", "run", "--config", str(settings)]), line_s)
