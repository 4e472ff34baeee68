"""(m) The mirror into a real InfluxDB: what it writes, and what ingest loses beside it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from prometheus_client import CollectorRegistry

from benchmarks.bench import COUNTRY, Bench, Load, Row
from benchmarks.influx import influxd
from benchmarks.judging import Fleet
from benchmarks.metering import Meter, wait_s
from gateway.state.database import State
from gateway.timeseries.mirror.arranging import arrange
from gateway.timeseries.mirror.opening import Mirroring, Origin
from gateway.timeseries.mirror.refusals import Unreachable
from gateway.timeseries.mirror.server import Influx
from gateway.timeseries.mirror.settings import InfluxSettings
from gateway.timeseries.store import Store

PART = "m"
TITLE = "the mirror into InfluxDB 1.6.7 on the same two cores"
ROUNDS, QUICK_ROUNDS = 120, 2
UNBOUNDED = 10_000_000
AIM, MOST_LOST = "≥ 100,000", "< 20"
POINTS, OFFERED_FRAMES = 30, 12_000.0
"""More than a gateway takes on two cores: its own pace is what is measured."""
_NOW = 1_795_334_400_000
_WRITTEN = ("yizhan_mirror_points_total", {"source": "frames"})


def run(bench: Bench) -> Iterator[Row]:
    """A stored history as fast as it goes, then a gateway with and without a mirror that catches up."""
    yield from _sustained(bench)
    alone = _taken(bench, mirrored=False)
    beside = _taken(bench, mirrored=True)
    yield Row(PART, "ingest alone", alone, "points/s")
    yield Row(PART, "ingest beside the mirror", beside, "points/s")
    yield Row(PART, "what ingest loses", (1 - beside / alone) * 100, "%", MOST_LOST)


def _sustained(bench: Bench) -> Iterator[Row]:
    rounds = QUICK_ROUNDS if bench.quick else ROUNDS
    data_dir = bench.directory / "mirrored"
    with (
        _influx(bench) as (settings, meter),
        State.open(data_dir, _NOW, reserve_bytes=1) as state,
        closing(Store(data_dir / "store.duckdb")) as store,
    ):
        store.open()
        batches = Fleet(bench.stations(COUNTRY)).batches(store, rounds)
        store.consume(batches)
        last, points = store.last_frame(), sum(batch.points for batch in batches)
        origin = Origin(store, state, lambda: last, lambda _rule: None, lambda: _NOW)
        registry = CollectorRegistry()
        with Mirroring(settings, data_dir, origin, registry) as mirroring:
            begun, used = time.perf_counter(), time.process_time()
            mirroring.start()
            while (registry.get_sample_value(*_WRITTEN) or 0) < points:
                wait_s(0.02)
            seconds, used = time.perf_counter() - begun, time.process_time() - used
        meter.stop()
    yield Row(PART, "written and read back", points / seconds, "points/s", AIM)
    yield Row(PART, "CPU of the mirror a point", used / points * 1e6, "µs")
    yield Row(PART, "CPU of InfluxDB a point", meter.cpu_s("influxd") / points * 1e6, "µs")


def _taken(bench: Bench, *, mirrored: bool) -> float:
    """Return the points a second that a gateway acknowledges of more than it can take."""
    with ExitStack() as undo:
        further: dict[str, object] = {}
        if mirrored:
            settings, _ = undo.enter_context(_influx(bench))
            further["mirror"] = {"influxdb": {"url": settings.address}}
        broker = undo.enter_context(bench.broker())
        undo.enter_context(bench.gateway(broker, further=further))
        seconds = bench.seconds(40, 3)
        load = Load(bench.stations(COUNTRY), POINTS, OFFERED_FRAMES, duration_s=seconds)
        outcome = bench.run_fleet(broker, load)
        return outcome.acknowledged * POINTS / outcome.seconds


@contextmanager
def _influx(bench: Bench) -> Iterator[tuple[InfluxSettings, Meter]]:
    """Debian's InfluxDB with room for the mirror, and what it uses."""
    with influxd(bench) as running:
        settings = InfluxSettings.model_validate(
            {"url": running.url, "points_per_s": UNBOUNDED, "timeout_s": 60}
        )
        _arrange(settings)
        yield settings, Meter({"influxd": running})


def _arrange(settings: InfluxSettings) -> None:
    deadline = time.monotonic() + 30
    with Influx(settings) as server:
        while True:
            try:
                arrange(server)
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
                wait_s(0.1)
            else:
                return
