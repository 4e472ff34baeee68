"""A broker and a gateway as processes, and what the gateway says of itself."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx

from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.processes import Running


@dataclass
class Gatehouse:
    """One gateway on one broker; ``http`` is its address."""

    broker: Mosquitto
    data_dir: Path
    http: str
    settings: Path
    running: Running | None = None

    @classmethod
    @contextmanager
    def open(cls, directory: Path, data_dir: Path | None = None) -> Iterator["Gatehouse"]:
        """Start both; leaving kills what still runs."""
        with ExitStack() as undo:
            broker = undo.enter_context(Mosquitto(directory / "broker"))
            house = cls.make(directory, broker, data_dir or directory / "gateway")
            undo.callback(house.kill)
            house.start()
            yield house

    @classmethod
    def make(cls, directory: Path, broker: Mosquitto, data_dir: Path) -> "Gatehouse":
        """Write the settings of a gateway that is yet to be started."""
        port = free_port()
        content = {
            "data_dir": str(data_dir),
            "broker": {"url": broker.url},
            "http": {"host": "127.0.0.1", "port": port},
        }
        settings = directory / f"{data_dir.name}.yaml"
        settings.write_text(json.dumps(content))  # JSON is YAML
        return cls(broker, data_dir, f"http://127.0.0.1:{port}", settings)

    def start(self, *options: str) -> None:
        """Start the gateway and return once both its doors are open."""
        self.running = Running("gateway", "run", "--config", str(self.settings), *options)
        self.running.wait_for("^ready ", 30)

    def stop(self) -> int:
        """Ask the gateway to end; its exit code."""
        assert self.running is not None
        with self.running as running:
            self.running = None
            return running.stop()

    def kill(self) -> None:
        """End the gateway as a power cut would."""
        if self.running is not None:
            with self.running:
                self.running = None

    @property
    def runs(self) -> bool:
        """Whether the process that was started last still lives."""
        return self.running is not None and self.running.code is None

    def ask(self, path: str, **query: object) -> httpx.Response:
        """GET a path below ``/api/v1``, or ``/readyz`` and its like."""
        base = self.http if path in {"/readyz", "/healthz", "/metrics"} else f"{self.http}/api/v1"
        return httpx.get(base + path, params={key: str(value) for key, value in query.items()}, timeout=30)

    def items(self, path: str, **query: object) -> list[dict[str, Any]]:
        """Return every item of a list, page by page."""
        found: list[dict[str, Any]] = []
        query = {"limit": 1000, **query}
        while True:
            answer = self.ask(path, **query)
            assert answer.status_code == httpx.codes.OK, answer.text
            page = answer.json()
            found += page["items"]
            if page["next"] is None:
                return found
            query["cursor"] = page["next"]

    def counted(self, station_id: str) -> list[int]:
        """Return every value stored of a station's people counter."""
        items = self.items(f"/stations/{station_id}/readings/occupancy", fields="people_in_total")
        return [item["people_in_total"] for item in items]

    def completeness(self, station_id: str) -> dict[str, int]:
        """Return the counters of a station."""
        counters: dict[str, int] = self.ask(f"/stations/{station_id}").json()["completeness"]
        return counters

    def metric(self, name: str) -> float:
        """Return the sum of one metric over its labels."""
        found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", self.ask("/metrics").text, re.MULTILINE)
        assert found, f"no metric {name}"
        return sum(map(float, found))

    def stored(self) -> list[tuple[str, str, int]]:
        """Read (station, stream, seq) of every frame from the store of a gateway that has ended."""
        with duckdb.connect(str(self.data_dir / "store.duckdb"), read_only=True) as store:
            return store.execute("SELECT station_id, stream, seq FROM frames ORDER BY ALL").fetchall()
