"""What the parts of the benchmark share: broker, gateway and fleets in a directory of their own."""

import json
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.programs import Program, python
from catalogue.loading import load

COUNTRY = 12_100
"""Stations of the country that are open 24 hours (end of 2024)."""

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
# No limit on messages, one on bytes, as shipped. Without TCP_NODELAY small acknowledgements wait 40 ms.
BROKER_LIMITS = (
    "persistence false",
    "max_queued_messages 0",
    "max_queued_bytes 536870912",
    "max_inflight_messages 0",
    "set_tcp_nodelay true",
    "log_type error",
    "log_type warning",
)
_PATIENCE_S = 40.0


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the table; ``aim`` is what was promised, if anything."""

    part: str
    figure: str
    value: float
    unit: str
    aim: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The line a fleet prints, and how it ended."""

    sent: int
    acknowledged: int
    resent: int
    seconds: float
    ack_ms: dict[str, float]
    code: int

    def whole(self) -> "Outcome":
        """Itself, if every frame was acknowledged.

        Raises:
            RuntimeError: some were not, so its figures mean nothing.
        """
        if self.code:
            raise RuntimeError(f"{self.sent - self.acknowledged} of {self.sent} frames were not acknowledged")
        return self


@dataclass(frozen=True, slots=True)
class Load:
    """What a fleet is asked for; ``rate`` is in frames a second over all stations."""

    stations: int
    points: int
    rate: float
    duration_s: float | None = None
    frames: int | None = None
    prefix: str = "fleet-"
    backlog_hours: float = 0.0

    def options(self) -> list[str]:
        """As options of `simulate fleet`."""
        options = ["--stations", self.stations, "--points", self.points, "--every", self.stations / self.rate]
        options += ["--prefix", self.prefix, "--backlog-hours", self.backlog_hours, "--patience", _PATIENCE_S]
        options += ["--duration", self.duration_s] if self.duration_s is not None else []
        options += ["--frames", self.frames] if self.frames is not None else []
        return [str(option) for option in options]


class Fleet(Program):
    """A running fleet."""

    def begin(self) -> None:
        """Wait until every station is introduced and frames begin."""
        self.wait_for("frames begin", 120)

    def outcome(self, seconds: float) -> Outcome:
        """What it printed, once it has ended; delays since it was asked last."""
        code = self.wait(seconds)
        told = self._told()
        if not told:
            raise RuntimeError(f"{self.name} printed no figures:\n" + "\n".join(self.lines[-20:]))
        return _outcome(told[-1], code)

    def ask(self) -> Outcome:
        """Its figures so far; from here on delays are counted anew."""
        before = len(self._told())
        self.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + _PATIENCE_S
        while len(told := self._told()) == before:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer")
            time.sleep(0.01)
        return _outcome(told[-1])

    def _told(self) -> list[str]:
        return [line for line in list(self.lines) if line.startswith("{")]


def _outcome(line: str, code: int = 0) -> Outcome:
    said = json.loads(line)
    return Outcome(said["sent"], said["acknowledged"], said["resent"], said["seconds"], said["ack_ms"], code)


class Gateway(Program):
    """A running gateway; ``url`` is where its API answers and ``data_dir`` where its stores are."""

    url: str
    data_dir: Path


class Bench:
    """One run of the benchmark. ``quick`` shortens every part to a few seconds: it tests the benchmark."""

    def __init__(self, directory: Path, *, quick: bool) -> None:
        self.directory, self.quick = directory, quick
        self._started = 0

    @classmethod
    @contextmanager
    def open(cls, *, quick: bool) -> Iterator["Bench"]:
        """A benchmark in a temporary directory that is removed afterwards."""
        with tempfile.TemporaryDirectory(prefix="yizhan-bench-") as directory:
            yield cls(Path(directory), quick=quick)

    def seconds(self, full: float, quick: float) -> float:
        """A duration of the full or of the quick run."""
        return quick if self.quick else full

    def stations(self, full: int) -> int:
        """A number of stations of the full or of the quick run."""
        return min(full, 500) if self.quick else full

    def no_rules(self) -> dict[str, object]:
        """Settings of a gateway that judges nothing: what is left is the way of a reading alone."""
        folder = self.directory / "no-rules"
        folder.mkdir(exist_ok=True)
        off = dict.fromkeys(load().rules, "measured without rules")
        (folder / "off.yaml").write_text(yaml.safe_dump({"off": off}), "utf-8")
        return {"rules": {"dir": str(folder)}}

    @staticmethod
    def note(text: str) -> None:
        """Say on the terminal what is going on; it is no figure."""
        print(f"   {text}", file=sys.stderr, flush=True)

    def _log(self, name: str) -> Path:
        self._started += 1
        return self.directory / f"{self._started:02d}-{name}.log"

    @contextmanager
    def broker(self) -> Iterator["Broker"]:
        """A mosquitto on a free port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = self._log("mosquitto")
        config = log.with_suffix(".conf")
        lines = (f"listener {port} 127.0.0.1", "allow_anonymous true", *BROKER_LIMITS)
        config.write_text("\n".join((*lines, "")), "utf-8")
        with Broker(MOSQUITTO, "-c", str(config), log=log) as running:
            running.url = f"mqtt://127.0.0.1:{port}"
            wait_until_open(port)
            yield running

    @contextmanager
    def gateway(
        self, broker: "Broker", *, ack_frames: int | None = None, further: Mapping[str, object] | None = None
    ) -> Iterator[Gateway]:
        """A gateway with an empty store; ``ack_frames`` and ``further`` settings over the defaults."""
        log = self._log("gateway")
        data_dir = log.with_suffix("")
        settings: dict[str, object] = {
            "data_dir": str(data_dir),
            "broker": {"url": broker.url},
            "http": {"host": "127.0.0.1", "port": 0},
            **(further or {}),
        }
        if ack_frames is not None:
            settings["ack"] = {"frames": ack_frames}
        config = log.with_suffix(".yaml")
        config.write_text(yaml.safe_dump(settings), "utf-8")
        with Gateway(*python("yizhan", "gateway", "run", "--config", str(config)), log=log) as running:
            running.url = running.wait_for(r"ready http=(\S+)")[1]
            running.data_dir = data_dir
            yield running

    def fleet(self, broker: "Broker", load: Load) -> Fleet:
        """A fleet that has just been started."""
        options = ["--broker", broker.url, *load.options()]
        return Fleet(*python("yizhan", "simulate", "fleet", *options), log=self._log("fleet"))

    def run_fleet(self, broker: "Broker", load: Load) -> Outcome:
        """A whole run of a fleet."""
        with self.fleet(broker, load) as fleet:
            return fleet.outcome((load.duration_s or 0) + 600)

    def program(self, name: str, *command: str) -> Program:
        """Another process of the benchmark."""
        return Program(*command, log=self._log(name))


class Broker(Program):
    """A running mosquitto."""

    url: str


def wait_until_open(port: int) -> None:
    """Wait until somebody listens on a port of this machine; RuntimeError after ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nobody listens on port {port}")
