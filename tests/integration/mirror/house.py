"""A store, its mirror and a real InfluxDB, and what both sides count."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from prometheus_client import CollectorRegistry

from gateway.ingest.decoding import Arrived
from gateway.state.database import State
from gateway.timeseries.mirror.arranging import arrange
from gateway.timeseries.mirror.opening import Mirroring, Origin
from gateway.timeseries.mirror.portion import Source
from gateway.timeseries.mirror.positions import FILE_NAME, Positions
from gateway.timeseries.mirror.server import Influx
from gateway.timeseries.mirror.settings import InfluxSettings
from gateway.timeseries.store import Store
from tests.integration.mirror.readings import drawn
from tests.support.influx import Influx as Server
from tests.support.waiting import until_sync
from tests.unit.gateway_ingest.ticks import NOW, Desk, arrived, best_effort, payload
from wire import influx
from wire.influx import HIDDEN, POLICIES
from wire.measures import DOMAINS, EVENT_FIELDS, EVENTS, MEASURES

SHARDS = 36_500
"""Days: the tests' readings have a fixed date, the server's clock goes on."""


def settings_for(server: Server, **more: object) -> InfluxSettings:
    """Return settings of a mirror in this server that forgets nothing."""
    keep = {policy.name: SHARDS for policy in POLICIES}
    return InfluxSettings.model_validate({"url": server.url, "keep_days": keep, "timeout_s": 10.0, **more})


Further = Callable[[Positions], Sequence[Source]]


@dataclass
class House:
    """Frames go into the store; the mirror runs while it is told to."""

    directory: Path
    server: Server
    settings: InfluxSettings
    store: Store = field(init=False)
    state: State = field(init=False)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    seq: int = 0
    now: int = NOW
    durable: int = -1

    def __post_init__(self) -> None:
        self.directory.mkdir(exist_ok=True)
        self.dice = random.Random(7)
        self.store = Store(self.directory / "store.duckdb")
        self.store.open()
        self.state = State.open(self.directory, NOW, reserve_bytes=0)
        self.desk = Desk(self.store.sources, self.store.series)

    def take(self, frames: int) -> None:
        """Store so many frames of readings of every kind, a best-effort one among them."""
        messages = []
        for _ in range(frames):
            self.seq += 1
            self.now += 1_000
            said = payload(self.seq, drawn(self.dice, self.now - 5_000), sent=self.now)
            messages.append(arrived(said, received=self.now))
        self.now += 1_000
        bare = best_effort({"power": [{"device": "old", "ts": self.now, "voltage_v": 230.5}]}, self.now)
        self.consume(*messages, arrived(bare, received=self.now))

    def consume(self, *messages: Arrived) -> None:
        """Store one tick; only then it is durable."""
        self.store.consume([self.desk.batch(*messages)])
        self.durable = self.desk.frame - 1

    def reopen(self, frame: int) -> None:
        """Open the store again, that knows of so many frames."""
        self.store = Store(self.store.path)
        self.store.open()
        self.desk = Desk(self.store.sources, self.store.series, frame=frame)
        self.durable = frame - 1

    def arrange(self) -> list[str]:
        """Make room at the server."""
        with Influx(self.settings) as server:
            return arrange(server)

    @contextmanager
    def mirroring(self, further: Further = lambda _positions: ()) -> Iterator[Mirroring]:
        """Have the mirror at work."""
        origin = Origin(
            self.store, self.state, lambda: self.desk.frame - 1, lambda _rule: None, lambda: self.now, further
        )
        self.registry = CollectorRegistry()
        with Mirroring(self.settings, self.directory, origin, self.registry) as mirroring:
            mirroring.start()
            yield mirroring

    def _durable_upto(self) -> int:
        return self.durable

    def metric(self, name: str, **labels: str) -> float:
        """Return the value of a counter of the mirror; 0 when it was never counted."""
        return self.registry.get_sample_value(f"yizhan_mirror_{name}", labels) or 0.0

    def has_caught_up(self, mirroring: Mirroring) -> bool:
        """Whether the mirror says that it has everything."""
        return mirroring.condition == "ok" and self.place("frames") == self.durable

    def until_equal(self, mirroring: Mirroring, seconds: float = 60) -> None:
        """Wait until the mirror has everything, and compare both sides field by field."""
        until_sync(lambda: self.has_caught_up(mirroring), seconds, "the mirror catching up")
        assert self.mirrored() == self.stored()

    def place(self, source: str) -> int:
        """Return how far a source is written."""
        return self.places().get(source)

    def places(self) -> Positions:
        """Return how far everything is written, by the file on the disk."""
        target = f"{self.settings.address}/{self.settings.org}/{self.settings.bucket}"
        return Positions(self.directory / FILE_NAME, target)

    def stored(self) -> Counter[tuple[str, str]]:
        """Count the values of each field in the store, by measurement."""
        counts: Counter[tuple[str, str]] = Counter()
        cursor = self.store.cursor()
        for domain in DOMAINS:
            views = [f"{domain}_samples", *([f"{domain}_events"] if EVENTS[domain] else [])]
            for view in views:
                for name in MEASURES[domain]:
                    counts[domain, name] += _count(cursor, name, view)
            if EVENTS[domain]:
                for name in ("event", *(row.name for row in EVENT_FIELDS[domain] if row.name not in HIDDEN)):
                    key = influx.events(domain).name, name
                    counts[key] += _count(cursor, name, f"{domain}_events")
        return +counts

    def mirrored(self) -> Counter[tuple[str, str]]:
        """Count the values of each field at the server, by measurement."""
        counts: Counter[tuple[str, str]] = Counter()
        for measurement in influx.MEASUREMENTS.values():
            if measurement.name not in DOMAINS and not measurement.name.endswith("_events"):
                continue
            for row in self.server.query(f"SELECT count(*) FROM {measurement.source}"):  # noqa: S608 - names of ours
                for column, count in row.items():
                    name = column.removeprefix("count_")
                    if column.startswith("count_") and name not in {"quality", "suspect"}:
                        counts[measurement.name, name] += count
        return +counts

    def close(self) -> None:
        """Close the stores."""
        self.store.close()
        self.state.close()


def _count(cursor: duckdb.DuckDBPyConnection, field: str, view: str) -> int:
    asked = f"SELECT count({field}) FROM {view}"  # noqa: S608 - names of our own tables
    return int(cursor.sql(asked).fetchall()[0][0])
