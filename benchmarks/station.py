"""(f) The real agent at 30 series, read from a file every 10 s."""

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.bench import Bench, Broker, Row
from benchmarks.metering import Meter, wait_s
from benchmarks.programs import Program, python
from simulators.load.shape import Reading, readings_of

PART = "f"
TITLE = "the agent at 30 series, one reading of each every 10 s"
POINTS = 30
EVERY_S = 10.0
AIM_MIB, AIM_PERCENT = "< 60", "< 2"


def run(bench: Bench) -> Iterator[Row]:
    """Memory and CPU of `yizhan agent run` while its readings reach a real gateway."""
    every_s = bench.seconds(EVERY_S, 1)
    with bench.broker() as broker, bench.gateway(broker), _agent(bench, broker) as agent:
        _feed(bench, rounds=2, every_s=1)
        meter = Meter({"agent": agent})
        _feed(bench, rounds=round(bench.seconds(12, 5)), every_s=every_s)
        meter.stop()
    yield Row(PART, "memory", meter.rss_bytes("agent") / 2**20, "MiB", AIM_MIB)
    yield Row(PART, "CPU", meter.cores("agent") * 100, "% of a core", AIM_PERCENT)


def _source(bench: Bench, device: str) -> Path:
    return bench.directory / f"{device}.jsonl"


def _agent(bench: Bench, broker: Broker) -> Program:
    devices = sorted({reading.device for reading in readings_of(POINTS)})
    for device in devices:
        _source(bench, device).touch()
    config = bench.directory / "agent.yaml"
    settings = {
        "region": "sim",
        "station_id": "bench-station",
        "broker": {"url": broker.url},
        "data_dir": str(bench.directory / "agent"),
        "clock": {"trust": "system"},
        "devices": [
            {"device": device, "driver": "jsonl", "path": str(_source(bench, device))} for device in devices
        ],
    }
    config.write_text(yaml.safe_dump(settings), "utf-8")
    return bench.program("agent", *python("yizhan", "agent", "run", "--config", str(config)))


def _feed(bench: Bench, rounds: int, every_s: float) -> None:
    """Append a reading of every device, as often as asked."""
    for turn in range(rounds):
        for reading in readings_of(POINTS):
            with _source(bench, reading.device).open("a", encoding="utf-8") as file:
                file.write(_line(reading, turn))
        wait_s(every_s)


def _line(reading: Reading, turn: int) -> str:
    values = {
        one.field: (one.low + turn % (one.high - one.low + 1)) / 10**one.decimals for one in reading.series
    }
    whole = {one.field for one in reading.series if not one.decimals}
    typed = {field: int(value) if field in whole else value for field, value in values.items()}
    return json.dumps({"domain": reading.domain, **typed}) + "\n"
