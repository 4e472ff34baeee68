"""Debian's InfluxDB (1.6.7) as one of the programs of a benchmark."""

from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which

from benchmarks.bench import Bench, wait_until_open
from benchmarks.programs import Program
from gateway.ingest.embedded import free_port

SETTINGS = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{directory}/meta"
  logging-enabled = false
[data]
  dir = "{directory}/data"
  wal-dir = "{directory}/wal"
  index-version = "{index}"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[logging]
  level = "warn"
"""
"""Of an influxd of its own, for tests as well: ``directory``, free ports ``port`` and ``rpc``, and ``index``.

Killed while it writes, 1.6 may leave a "tsi1" index with a manifest cut short, and opens it never again.
"""


class Server(Program):
    """A running influxd."""

    port: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def influxd(bench: Bench) -> Iterator[Server]:
    """One with nothing in it, that has opened its port; RuntimeError when it is not installed."""
    executable, port = which("influxd"), free_port()
    if executable is None:
        raise RuntimeError("the benchmark needs Debian's influxdb: apt-get install influxdb")
    directory = bench.directory / f"influx-{port}"
    directory.mkdir()
    config = directory / "influxdb.conf"
    said = SETTINGS.format(directory=directory, port=port, rpc=free_port(), index="tsi1")
    config.write_text(said, "utf-8")
    with Server(executable, "-config", str(config), log=directory / "log") as running:
        running.port = port
        wait_until_open(port)
        yield running
