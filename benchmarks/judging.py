"""(h) What judging costs: the engine alone, history replayed on one core, and beside the way of a reading."""

import gc
import statistics
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ulid import ULID

from benchmarks.bench import COUNTRY, Bench, Load, Row
from benchmarks.metering import Meter, wait_s
from catalogue.loading import load
from gateway.alerting.detection import backtest
from gateway.alerting.detection.detection import engine_of
from gateway.alerting.detection.engine import Engine
from gateway.alerting.detection.recovery import History
from gateway.alerting.detection.snapshot import Gathered
from gateway.batch.batch import FRAME_SCHEMA, Batch
from gateway.batch.numbering import SeriesIndex
from gateway.domain.holidays import Holidays
from gateway.domain.registry import Registry
from gateway.state.database import State
from gateway.timeseries.store import Store
from simulators.load.shape import Reading, Series, readings_of
from wire.columns import field_types

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PART = "h"
TITLE = "judging by all rules, one core"
POINTS = 30
POINT_RATE = 36_000
EVERY_MS = 10_000
ROUNDS, REPLAYED_ROUNDS = 10, 360
REGION = 1_210
"""Stations whose past hour is judged again: a region's, not the country's."""
AT_ONCE = 20
REPLAYS, PAIRS = 3, 2
_START = 1_795_334_400_000
_SEED = 7


def run(bench: Bench) -> Iterator[Row]:
    """The engine alone on a second's frames at a time, history replayed out of a store, a gateway at work."""
    with _history(bench, "alone") as history:
        yield from _alone(
            history, Fleet(bench.stations(COUNTRY)).batches(history.store, 4 if bench.quick else ROUNDS)
        )
    with _history(bench, "replay") as history:
        batches = Fleet(REGION).batches(history.store, 6 if bench.quick else REPLAYED_ROUNDS)
        for first in range(0, len(batches), AT_ONCE):
            history.store.consume(batches[first : first + AT_ONCE])
        yield from _replay(history, sum(batch.points for batch in batches))
    # in turn: what the host lends changes within minutes by more than the rules cost
    pairs = [(cpu_a_point(bench, {}), cpu_a_point(bench, bench.no_rules())) for _ in range(PAIRS)]
    judging, silent = (statistics.mean(costs) for costs in zip(*pairs, strict=True))
    yield Row(PART, f"gateway CPU a point at {POINT_RATE:,} points/s, all rules", judging, "µs")
    yield Row(PART, f"gateway CPU a point at {POINT_RATE:,} points/s, none", silent, "µs")
    yield Row(PART, "what all rules add", (judging / silent - 1) * 100, "%", "≤ 40")


def cpu_a_point(bench: Bench, rules: dict[str, object]) -> float:
    """Return what a gateway uses for a point (µs) once it has heard every station, which costs more."""
    stations, seconds = bench.stations(COUNTRY), bench.seconds(40, 3)
    heard_s = stations * POINTS / POINT_RATE
    load = Load(stations, POINTS, POINT_RATE / POINTS, duration_s=1.5 * heard_s + seconds)
    with (
        bench.broker() as broker,
        bench.gateway(broker, further=rules) as gateway,
        bench.fleet(broker, load) as fleet,
    ):
        fleet.begin()
        wait_s(1.4 * heard_s)
        meter = Meter({"gateway": gateway})
        wait_s(seconds)
        meter.stop()
        fleet.outcome(300)
    return meter.cpu_s("gateway") / meter.seconds / POINT_RATE * 1e6


@contextmanager
def _history(bench: Bench, name: str) -> Iterator[History]:
    directory = bench.directory / name
    directory.mkdir()
    with closing(Store(directory / "judging.duckdb")) as store:
        store.open()
        with State.open(directory, _START) as state:
            yield History(store, state.births)


def _alone(history: History, batches: list[Batch]) -> Iterator[Row]:
    engine = _engine(history)
    gc.collect()
    known = next(place for place, batch in enumerate(batches) if batch.frames["seq"][0].as_py() > 1)
    begun = time.process_time()
    told = sum(len(engine.take(batch)) for batch in batches[:known])
    yield Row(PART, "the engine hears of all stations for the first time", time.process_time() - begun, "s")
    begun = time.process_time()
    told += sum(len(engine.take(batch)) for batch in batches[known:])
    seconds = time.process_time() - begun
    points = sum(batch.points for batch in batches[known:])
    yield Row(PART, "the engine alone, a second of all stations at a time", points / seconds, "points/s")
    yield Row(PART, "the engine's CPU a point", seconds / points * 1e6, "µs")
    yield Row(PART, "transitions told", told, "")
    begun = time.process_time()
    gathered = Gathered.of(engine.save())
    yield Row(PART, "what it remembers, gathered", (time.process_time() - begun) * 1e3, "ms")
    yield Row(PART, "the same, compressed", len(gathered.compressed()) / 1e6, "MB")


def _replay(history: History, points: int) -> Iterator[Row]:
    end, rates = _START + points // POINTS // REGION * EVERY_MS, []
    for _ in range(REPLAYS):
        engine, begun = _engine(history), time.process_time()
        result = backtest.run(engine, history, _START, end)
        rates.append(points / (time.process_time() - begun))
    yield Row(
        PART, "history replayed, reading it included", statistics.median(rates), "points/s", "≥ 1,000,000"
    )
    yield Row(PART, f"the same, best of {REPLAYS}", max(rates), "points/s")
    yield Row(PART, "transitions told by the replay", len(result.transitions), "")


def _engine(history: History) -> Engine:
    return engine_of(load(), history, Registry(), Holidays())


class Fleet:
    """Stations that send the generator's readings every 10 s, as the batches the gateway makes of them."""

    def __init__(self, stations: int) -> None:
        self._names = [f"fleet-{number:05d}" for number in range(stations)]
        self._chance = np.random.default_rng(_SEED)
        self._readings = readings_of(POINTS)
        self._frame = 0

    def batches(self, store: Store, rounds: int) -> list[Batch]:
        """Return so many rounds of frames of all stations, a second's frames a batch."""
        streams = [str(ULID.from_timestamp(_START / 1000 + number)) for number in range(len(self._names))]
        for name, stream in zip(self._names, streams, strict=True):
            store.sources.number("sim", name, stream)
        numbers = store.series.stations(self._names)
        share = max(1, len(self._names) // (EVERY_MS // 1000))
        return [
            self._batch(store.series, numbers, np.arange(first, min(first + share, len(numbers))), turn)
            for turn in range(rounds)
            for first in range(0, len(numbers), share)
        ]

    def _batch(self, series: SeriesIndex, numbers: Ints, stations: Ints, turn: int) -> Batch:
        frames = np.arange(self._frame, self._frame + len(stations))
        self._frame += len(stations)
        ts = _START + turn * EVERY_MS + stations * EVERY_MS // len(self._names)
        samples: dict[str, list[pa.Table]] = {}
        for place, reading in enumerate(self._readings):
            samples.setdefault(reading.domain, []).append(
                self._table(series, reading, place, numbers[stations], frames, ts, turn)
            )
        tables = {
            domain: pa.concat_tables(told, promote_options="default") for domain, told in samples.items()
        }
        return Batch(_frames(frames, stations, ts, turn), tables, {})

    def _table(
        self,
        series: SeriesIndex,
        reading: Reading,
        place: int,
        stations: Ints,
        frames: Ints,
        ts: Ints,
        turn: int,
    ) -> pa.Table:
        device = pa.array([reading.device] * len(frames))
        types = field_types(reading.domain)
        columns = {
            "frame": pa.array(frames),
            "idx": pa.array(np.full(len(frames), place, np.int16)),
            "series": pa.array(series.number(reading.domain, stations, device).astype(np.int32)),
            "ts": pa.array(ts),
        }
        for one in reading.series:
            values = self._values(one, len(frames), turn)
            columns[one.field] = pa.array(
                values.astype(np.int64) if types[one.field] == pa.int64() else values
            )
        return pa.table(columns)

    def _values(self, one: Series, count: int, turn: int) -> Floats:
        if one.kind == "tap":
            drawn: Floats = np.where(self._chance.uniform(size=count) < one.moving, 6.0, 0.0)
            return drawn
        if one.kind == "counter":
            return np.full(count, (one.low + int(turn * one.step * one.moving)) / 10**one.decimals)
        walked: Floats = np.round(self._chance.uniform(one.low, one.high, count)) / 10**one.decimals
        return walked


def _frames(frames: Ints, stations: Ints, ts: Ints, turn: int) -> pa.Table:
    received = ts + 20
    columns = {
        "frame": frames,
        "source": stations,
        "seq": np.full(len(frames), turn + 1),
        "lane": ["telemetry"] * len(frames),
        "class": ["sample"] * len(frames),
        "sent": ts,
        "received": received,
        "correction": np.zeros(len(frames), np.int64),
        "clock": [None] * len(frames),
        "oldest": np.full(len(frames), turn + 1),
        "late": np.zeros(len(frames), np.bool_),
        "digest": [None] * len(frames),
    }
    return pa.table([pa.array(columns[one.name], one.type) for one in FRAME_SCHEMA], schema=FRAME_SCHEMA)
