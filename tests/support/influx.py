"""The real InfluxDB of Debian (1.6.7), behind a shim that spells the paths of newer ones.

1.6.7 has the engine and the query language, but no `/api/v2/write`; the shim maps that path to `/write`.
"""

import http.client
import json
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from benchmarks.influx import SETTINGS
from tests.support.ports import free_port, is_open
from tests.support.waiting import until_sync

EXECUTABLE = shutil.which("influxd") or "/usr/bin/influxd"


@dataclass(slots=True)
class Said:
    """An answer the shim gives instead of asking the server."""

    status: int
    body: object
    headers: dict[str, str] = field(default_factory=dict)


class Influx:
    """An influxd on free ports of 127.0.0.1; keeps ports and disk over restarts. `url` is the shim's.

    ``answer_writes`` set makes the shim answer every write so, and not ask the server; ``most_bytes`` is the
    largest write it passes on.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port, rpc = free_port(), free_port()
        self.answer_writes: Said | None = None
        self.most_bytes: int | None = None
        self.writes = self.asked = 0
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self._configuration = directory / "influxdb.conf"
        said = SETTINGS.format(directory=directory, port=self.port, rpc=rpc, index="inmem")
        self._configuration.write_text(said)
        self._shim = ThreadingHTTPServer(("127.0.0.1", 0), type("Shim", (_Shim,), {"influx": self}))
        self._shim.daemon_threads = False
        self.talks: set[socket.socket] = set()
        self._serving = threading.Thread(target=self._shim.serve_forever, args=(0.05,), name="shim")

    @property
    def bare_url(self) -> str:
        """The address of the server itself, without the shim."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The address as settings spell it."""
        return f"http://127.0.0.1:{self._shim.server_address[1]}"

    def start(self) -> None:
        """Start it and return once it answers."""
        with (self.directory / "influxd.log").open("ab") as log:
            command = [EXECUTABLE, "-config", str(self._configuration)]
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self._process = process
        until_sync(
            lambda: process.poll() is not None or is_open(self.port), 30, what="influxd accepting connections"
        )
        if process.poll() is not None:
            self._process = None
            raise RuntimeError((self.directory / "influxd.log").read_text())

    def stop(self) -> None:
        """Let it end by itself."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze it: its sockets stay open and nothing answers."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Thaw it."""
        self._running().send_signal(signal.SIGCONT)

    def query(self, text: str, database: str | None = "yizhan") -> list[dict[str, Any]]:
        """Ask in InfluxQL; the rows of all series, tags and columns by name."""
        asked = {"q": text, "epoch": "ns"} | ({"db": database} if database else {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", f"/query?{urlencode(asked)}")
        answer = json.loads(connection.getresponse().read())
        connection.close()
        result = answer["results"][0]
        if "error" in result:
            raise RuntimeError(result["error"])
        return [
            {
                "name": series.get("name"),
                **series.get("tags", {}),
                **dict(zip(series["columns"], row, strict=True)),
            }
            for series in result.get("series", [])
            for row in series["values"]
        ]

    def __enter__(self) -> Self:
        self._serving.start()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.resume()
            self.kill()
        self._shim.shutdown()
        self._serving.join()
        for talk in list(self.talks):
            with suppress(OSError):
                talk.shutdown(socket.SHUT_RDWR)
        self._shim.server_close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("this influxd is not running")
        return self._process

    def _end(self, how: signal.Signals) -> None:
        process = self._running()
        process.send_signal(how)
        process.wait(30)
        self._process = None


# -- the shim ------------------------------------------------------------------------------------------


class _Shim(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    influx: Influx

    def setup(self) -> None:
        super().setup()
        self.influx.talks.add(self.connection)

    def handle(self) -> None:
        with suppress(OSError):  # a gateway that is killed hangs up amid a sentence
            super().handle()

    def finish(self) -> None:
        self.influx.talks.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        self.influx.asked += 1
        self._pass_on(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = self._instead(body) if self.path.startswith("/api/v2/write") else None
        if said is None:
            self._pass_on(body)
        else:
            self._answer(said.status, json.dumps(said.body).encode() if said.body else b"", said.headers)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _instead(self, body: bytes) -> Said | None:
        self.influx.writes += 1
        most = self.influx.most_bytes
        too_big = most is not None and len(body) > most
        return Said(413, {"error": "Request Entity Too Large"}) if too_big else self.influx.answer_writes

    def _pass_on(self, body: bytes) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.influx.port, timeout=60)
        try:
            kept = {name: self.headers[name] for name in _PASSED if name in self.headers}
            connection.request(self.command, _mapped(self.path), body, kept)
            answer = connection.getresponse()
            headers = dict(answer.getheaders()) | {"X-Influxdb-Version": "1.8.10"}
            self._answer(answer.status, answer.read(), headers)
        except (OSError, http.client.HTTPException):
            self.close_connection = True
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # whoever asked may have gone meanwhile
            self.wfile.write(body)


_PASSED = ("Content-Type", "Content-Encoding")
_OWN = {"content-length", "transfer-encoding", "connection", "date", "server"}


def _mapped(target: str) -> str:
    """Spell a write of 2.x as 1.6.7 knows it."""
    parts = urlsplit(target)
    if parts.path != "/api/v2/write":
        return target
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    database, _, policy = asked["bucket"].partition("/")
    precision = {"us": "u", "ns": "n"}.get(asked.get("precision", "ns"), asked.get("precision", "ns"))
    return "/write?" + urlencode({"db": database, "rp": policy, "precision": precision})
