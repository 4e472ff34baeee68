"""The agent as a process of its own, which can be killed."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.waiting import until_sync


class AgentProcess:
    """``yizhan agent run`` on a directory; starts again with the same settings."""

    def __init__(self, directory: Path, broker_url: str, **settings: object) -> None:
        self.source = directory / "meter.jsonl"
        self.config = directory / "agent.yaml"
        self._log = directory / "agent.log"
        content: dict[str, object] = {
            "region": "louxing",
            "station_id": "louxing-07",
            "broker": {"url": broker_url, "reconnect_max": "1s"},
            "data_dir": str(directory / "data"),
            "clock": {"trust": "system"},
            "devices": [{"device": "main", "driver": "jsonl", "path": str(self.source), "every": "50ms"}],
        }
        self.config.write_text(json.dumps(content | settings))  # JSON is YAML
        self.process: subprocess.Popen[str] | None = None

    @property
    def log(self) -> str:
        """What it wrote to stderr so far."""
        return self._log.read_text()

    def start(self) -> None:
        """Start it and return once it says it is ready."""
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "yizhan", "agent", "run", "--config", str(self.config)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready station=louxing-07 broker=mqtt"), self.log

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self._reap()

    def write(self, *volumes: float) -> None:
        """Append readings of the water meter to its file."""
        with self.source.open("a") as file:
            for volume in volumes:
                file.write(json.dumps({"domain": "water", "water_volume_m3_total": volume}) + "\n")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.kill()

    def _reap(self) -> int:
        assert self.process is not None
        process, self.process = self.process, None
        until_sync(lambda: process.poll() is not None, 15, "the agent ending")
        assert process.stdout is not None
        process.stdout.close()
        return process.returncode


def unsettled(process: AgentProcess) -> int:
    """How many frames its outbox holds that no gateway has acknowledged."""
    with sqlite3.connect(process.config.parent / "data" / "outbox.db") as sql:
        count = sql.execute("SELECT count(*) FROM frames WHERE state <> 2").fetchone()[0]
    sql.close()
    return int(count)
