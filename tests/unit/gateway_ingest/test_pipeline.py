"""Nothing is acknowledged that is not durable, and nothing that fails stops the rest."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy

from gateway.batch.batch import Batch
from gateway.batch.latest import Latest
from gateway.domain.fleet import Fleet
from gateway.errors import NotDurableError
from gateway.ingest.admission import Admission
from gateway.ingest.batching import Batcher
from gateway.ingest.people import PeopleWatch
from gateway.ingest.pipeline import FULL_CREDIT, IngestSettings, Pipeline, Sinks
from gateway.ingest.received import Received
from gateway.observability import Metrics
from gateway.state.database import FILE_NAME, State
from gateway.timeseries.store import Store
from tests.support.waiting import until
from tests.unit.gateway_ingest.ticks import NOW, STATION, arrived, payload

BAD = payload(3).replace(b'"sample"', b'"humor"')


@dataclass
class Slow:
    """A second consumer, beside the store, that can be behind."""

    name: str = "slow"
    refuses: bool = False
    took: list[int] = field(default_factory=list)

    def consume(self, batches: Sequence[Batch]) -> None:
        if self.refuses:
            raise NotDurableError("no space left")
        self.took += [seq for batch in batches for seq in batch.frames["seq"].to_pylist()]


@dataclass
class Works:
    """A pipeline with everything it needs."""

    directory: Path
    store: Store
    state: State
    settings: IngestSettings = field(default_factory=lambda: IngestSettings(tick_ms=5, commit_ms=5))
    clock: Callable[[], int] = lambda: NOW

    def __post_init__(self) -> None:
        self.received, self.fleet, self.metrics, self.slow = Received(), Fleet(), Metrics(), Slow()
        store = self.store
        people = PeopleWatch(store.series, self.fleet)
        self.pipeline = Pipeline(
            self.settings,
            self.received,
            Admission(self.received, self.fleet),
            Batcher(store.sources, store.series),
            Sinks(self.state.quarantine, [store, self.slow], Latest(store.series), people),
            self.metrics,
            self.clock,
            store.next_frame,
        )

    def put(self, *payloads: bytes) -> None:
        for said in payloads:
            self.pipeline.put(arrived(said))

    def held(self) -> int:
        return self.received.figures(STATION)["received"]

    def stored(self) -> list[int]:
        rows = self.store.cursor().execute("SELECT seq FROM frames ORDER BY frame").fetchall()
        return [seq for (seq,) in rows]

    def sql(self, statement: str) -> None:
        """Do something to the operational database behind its back."""
        engine = sqlalchemy.create_engine(f"sqlite:///{self.directory / FILE_NAME}")
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run until the block ends, then finish what arrived."""
        with contextlib.closing(self.pipeline):
            task = asyncio.create_task(self.pipeline.run())
            try:
                yield
            finally:
                self.pipeline.drain()
                await task


@pytest.fixture
async def works(tmp_path: Path) -> AsyncIterator[Works]:
    store = Store(tmp_path / "store.duckdb")
    store.open()
    with State.open(tmp_path, NOW, reserve_bytes=4_096) as state:
        yield Works(tmp_path, store, state)
    store.close()


async def test_it_holds_what_is_durable_with_every_consumer(works: Works) -> None:
    async with works.running():
        works.put(payload(1), payload(2))
        await until(lambda: works.held() == 2)
    assert (works.stored(), works.slow.took, works.pipeline.durable_upto) == ([1, 2], [1, 2], 1)


async def test_it_counts_the_time_that_commits_take(works: Works) -> None:
    async with works.running():
        works.put(payload(1))
        await until(lambda: works.held() == 1)
    assert works.metrics.registry.get_sample_value("yizhan_commit_seconds_total")


async def test_a_consumer_that_is_behind_holds_back_acknowledgements(works: Works) -> None:
    works.slow.refuses = True
    async with works.running():
        works.put(payload(1), BAD)
        await until(lambda: works.pipeline.failure is not None)
        assert (works.held(), works.pipeline.credit) == (0, 0)
        assert works.pipeline.failure == "no space left"
        works.slow.refuses = False
        await until(lambda: works.held() == 2)
        assert works.pipeline.credit == FULL_CREDIT
    [entry] = works.state.quarantine.page(10)
    assert entry.count == 1, "however often the commit was tried"


async def test_it_waits_for_quarantine_too_and_goes_on_by_itself(works: Works) -> None:
    """A disk that is full refuses SQLite as well; once that ended the gateway."""
    works.sql("ALTER TABLE quarantine RENAME TO away")
    async with works.running():
        works.put(payload(1), BAD)
        await until(lambda: (works.pipeline.failure or "").startswith("quarantine: "))
        assert works.held() == 0
        works.sql("ALTER TABLE away RENAME TO quarantine")
        await until(lambda: works.held() == 2)
    assert works.stored() == [1]


async def test_a_stop_finishes_what_arrived(works: Works) -> None:
    async with works.running():
        works.put(*(payload(seq) for seq in range(1, 30)))
    assert works.held() == 29
    assert works.stored() == list(range(1, 30))


async def test_a_stop_does_not_wait_for_a_disk_that_stays_full(works: Works) -> None:
    works.slow.refuses = True
    async with asyncio.timeout(5), works.running():
        works.put(payload(1))
        await until(lambda: works.pipeline.failure is not None)
    assert works.held() == 0


async def test_it_keeps_counting_duplicates_when_nothing_is_new(works: Works) -> None:
    async with works.running():
        works.put(payload(1))
        await until(lambda: works.held() == 1)
        works.put(payload(1), payload(1))
        await until(lambda: works.received.figures(STATION)["duplicate"] == 2)
    copies = works.store.cursor().execute("SELECT sum(copies) FROM duplicates").fetchall()
    assert copies == [(2,)]
    assert works.pipeline.durable_upto == 0


@pytest.mark.parametrize(("waited_ms", "credit"), [(505, FULL_CREDIT), (1_005, FULL_CREDIT // 2), (1_505, 0)])
def test_it_lets_less_backlog_in_while_live_frames_wait(works: Works, waited_ms: int, credit: int) -> None:
    works.pipeline.put(arrived(payload(1), received=NOW - waited_ms))
    works.pipeline.put(arrived(payload(2), received=NOW))
    assert works.pipeline.credit == credit


async def test_a_commit_that_takes_long_holds_backlog_back_until_it_is_done(works: Works) -> None:
    held, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        held.set()
        assert go_on.wait(30)

    async with works.running():
        hanging = asyncio.create_task(works.pipeline.between_commits(hang))
        await asyncio.to_thread(held.wait, 30)
        works.pipeline.put(arrived(payload(1), received=NOW - 5_000))
        await until(lambda: works.pipeline.idle)
        assert (works.held(), works.pipeline.credit) == (0, 0)
        go_on.set()
        await hanging
        await until(lambda: works.held() == 1)
        assert works.pipeline.credit == FULL_CREDIT


async def test_it_drops_and_counts_what_memory_has_no_room_for(works: Works) -> None:
    small = Works(works.directory, works.store, works.state, IngestSettings(inbox_bytes=1024 * 1024))
    big = b"x" * 300_000
    for _ in range(6):
        small.pipeline.put(arrived(big))
    assert small.pipeline.credit == 0
    dropped = small.metrics.registry.get_sample_value("yizhan_dropped_total", {"reason": "inbox_full"})
    assert dropped == 2
    async with small.running():
        small.put(payload(1))
        await until(lambda: small.pipeline.credit == FULL_CREDIT)
    assert [entry.item.reason for entry in small.state.quarantine.page(10)] == ["too_big"]


async def test_it_takes_no_more_ticks_than_it_can_commit(works: Works) -> None:
    """What waits for a slow disk waits undecoded, where the inbox bounds it."""
    tight = IngestSettings(tick_ms=1, commit_ms=1, tick_frames=10, commit_frames=10)
    small = Works(works.directory, works.store, works.state, tight)
    small.slow.refuses = True
    async with small.running():
        small.put(*(payload(seq) for seq in range(1, 301)))
        await until(lambda: small.pipeline.failure is not None)
        taken = small.metrics.registry.get_sample_value("yizhan_frames_total")
        assert taken is not None
        assert taken < 150
        small.slow.refuses = False
        await until(lambda: small.held() == 300)
    assert sorted(small.slow.took) == list(range(1, 301))


async def test_an_alarm_waits_neither_for_its_tick_nor_for_its_commit_to_fill(works: Works) -> None:
    unhurried = Works(
        works.directory, works.store, works.state, IngestSettings(tick_ms=10_000, commit_ms=10_000)
    )
    async with unhurried.running():
        unhurried.put(payload(1), payload(2, frame_class="alarm"))
        await until(lambda: unhurried.held() == 2, seconds=5)


@pytest.mark.parametrize(
    ("fills_ms", "since_ms"), [(10_000, 10_000), (5, -3_600_000)], ids=["held up", "the clock put back"]
)
async def test_what_was_held_up_does_not_wait_for_more_to_come(
    works: Works, fills_ms: int, since_ms: int
) -> None:
    settings = IngestSettings(tick_ms=fills_ms, commit_ms=fills_ms)
    held_up = Works(works.directory, works.store, works.state, settings, lambda: NOW + since_ms)
    async with held_up.running():
        held_up.put(payload(1))
        await until(lambda: held_up.held() == 1, seconds=5)
