"""(j) What a backup takes while frames are committed, and what commits take meanwhile."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np

from benchmarks.bench import COUNTRY, Bench, Row
from benchmarks.judging import Fleet
from benchmarks.metering import wait_s
from gateway.backup.taking import Backups, Made
from gateway.batch.batch import Batch
from gateway.state.database import State
from gateway.timeseries.store import Store

PART = "j"
TITLE = "a backup beside commits: 36,000 points a commit, two a second"
ROUNDS, QUICK_ROUNDS = 30, 2
IDLE_COMMITS = 20
EVERY_S = 0.5
_NOW = 1_795_334_400_000


def run(bench: Bench) -> Iterator[Row]:
    """Commits alone, then beside a backup of what was stored before."""
    data_dir, to = bench.directory / "data", bench.directory / "backups"
    to.mkdir()
    rounds = QUICK_ROUNDS if bench.quick else ROUNDS
    with (
        State.open(data_dir, _NOW, reserve_bytes=1) as state,
        closing(Store(data_dir / "store.duckdb")) as store,
    ):
        store.open()
        batches = Fleet(bench.stations(COUNTRY)).batches(store, 2 * rounds)
        stored, coming = batches[: len(batches) // 2], itertools.cycle(batches[len(batches) // 2 :])
        for batch in stored:
            store.consume([batch])
        points = sum(batch.points for batch in stored)
        alone = [_commit(store, next(coming)) for _ in range(3 if bench.quick else IDLE_COMMITS)]
        backups, made = Backups(store, state, lambda: _NOW), list[Made]()
        begun = time.perf_counter()
        instant = backups.instant()
        held = time.perf_counter() - begun
        copying = threading.Thread(target=lambda: made.append(backups.take(instant, to)), name="copy")
        copying.start()
        beside = []
        while copying.is_alive():
            beside.append(_commit(store, next(coming)))
        seconds = time.perf_counter() - begun
    yield Row(PART, "points in the store", points, "points")
    yield Row(PART, "the backup, verified sums included", seconds, "s")
    yield Row(PART, "its size", made[0].bytes / 1e6, "MB")
    yield Row(PART, "copied", points / seconds, "points/s")
    yield Row(PART, "commits held up to fix the instant", held * 1e3, "ms")
    for name, times in (("alone", alone), ("beside the backup", beside)):
        yield Row(PART, f"a commit {name}, median", float(np.median(times)) * 1e3, "ms")
        yield Row(PART, f"a commit {name}, longest", max(times) * 1e3, "ms")


def _commit(store: Store, batch: Batch) -> float:
    """Commit a second's frames of the country, and rest; returns how long it took (s)."""
    begun = time.perf_counter()
    store.consume([batch])
    took = time.perf_counter() - begun
    wait_s(max(0.0, EVERY_S - took))
    return took
