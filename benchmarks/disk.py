"""(e) Bytes on disk a point, after a checkpoint."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench, Load, Row

PART = "e"
TITLE = "bytes on disk after a checkpoint (the gateway is stopped cleanly)"
POINTS = 30
STATIONS = 1_000
RATE = 4_000.0
AIM = "≤ 3"


def run(bench: Bench) -> Iterator[Row]:
    """The stores' size over the points they hold, less what empty stores take."""
    frames = round(RATE * bench.seconds(120, 3))
    empty = _sizes(_store(bench, 0))
    full = _sizes(_store(bench, frames))
    points = frames * POINTS
    series = full["time series"] - empty["time series"]
    yield Row(PART, "points", points, "points")
    yield Row(PART, "time series", series / points, "bytes/point", AIM)
    yield Row(
        PART, "everything in data_dir", (sum(full.values()) - sum(empty.values())) / points, "bytes/point"
    )


def _store(bench: Bench, frames: int) -> Path:
    """The data directory of a gateway that has taken so many frames and was stopped."""
    with bench.broker() as broker:
        with bench.gateway(broker) as gateway:
            if frames:
                load = Load(bench.stations(STATIONS), POINTS, RATE, frames=frames)
                bench.run_fleet(broker, load).whole()
        return gateway.data_dir


def _sizes(data_dir: Path) -> dict[str, int]:
    sizes = {"time series": 0, "state": 0}
    for file in data_dir.rglob("*"):
        if file.is_file():
            sizes["time series" if ".duckdb" in file.name else "state"] += file.stat().st_size
    return sizes
