"""An InfluxDB filled with the lives of simulated stations, for whoever asks it questions.

Readings and roll-ups go the real way: decoder, store, roll-ups, and the mirror's own lines. What only a
running gateway knows (states of stations, alerts, its own counters, visits) is told by a plain story in the
same line protocol.
"""

import http.client
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import duckdb

from gateway.ingest.decoding import Arrived
from gateway.timeseries.mirror.frames import read_frames
from gateway.timeseries.mirror.portion import text_of
from gateway.timeseries.mirror.tiers import lines_of
from gateway.timeseries.rollups import Rollups
from gateway.timeseries.store import Store
from simulators.faults import parse_fault
from simulators.light.crew import is_gauge
from simulators.rest_station import SimulatedStation
from simulators.towns import Site
from station_agent.framing import Reading
from tests.support.influx import Influx
from tests.unit.gateway_ingest.ticks import TOPICS, Desk
from wire.codec import encode_frame
from wire.influx import POLICIES, ROLLUPS, Policy, Tier
from wire.measures import DOMAINS
from wire.topics import Channel

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FRAMES_AT_ONCE = 500
GAP_MS = 60_000
"""Gauges are told once a minute and device: enough to see every picture."""
PER_FRAME = 200
"""Readings: a frame of them stays under the gateway's 256 KiB."""
SHARD_DAYS = 28


def create(influx: Influx, database: str = "yizhan") -> None:
    """Make the database with its policies, the first the default."""
    influx.query(f'CREATE DATABASE "{database}"', None)
    for policy in POLICIES:
        default = " DEFAULT" if policy is POLICIES[0] else ""
        influx.query(
            f'CREATE RETENTION POLICY "{policy.name}" ON "{database}" DURATION INF REPLICATION 1'
            f" SHARD DURATION {SHARD_DAYS}d{default}",
            None,
        )


def write(influx: Influx, policy: Policy, lines: bytes, database: str = "yizhan") -> None:
    """Write lines; AssertionError with the server's own words when it does not take them all."""
    if not lines:
        return
    asked = urlencode({"db": database, "rp": policy.name, "precision": "n"})
    connection = http.client.HTTPConnection("127.0.0.1", influx.port, timeout=120)
    connection.request("POST", f"/write?{asked}", lines)
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    assert answer.status == 204, said


@dataclass
class _Life:
    """One station and how much of it was told; its gauges are thinned out."""

    site: Site
    simulated: SimulatedStation
    seq: int = 0

    def __post_init__(self) -> None:
        self._kept: dict[tuple[str, str, frozenset[str]], int] = {}

    def frames(self, until_ms: int) -> Iterator[Arrived]:
        """Yield what it says up to a time."""
        due = [(domain, one) for domain, one in self.simulated.advance(until_ms) if self._keeps(domain, one)]
        for start in range(0, len(due), PER_FRAME):
            yield self._frame(due[start : start + PER_FRAME])

    def _keeps(self, domain: str, reading: Reading) -> bool:
        if not is_gauge(domain, reading):
            return True
        point = domain, str(reading["device"]), frozenset(reading)
        if reading["ts"] - self._kept.get(point, 0) < GAP_MS:
            return False
        self._kept[point] = reading["ts"]
        return True

    def _frame(self, readings: Sequence[tuple[str, Reading]]) -> Arrived:
        self.seq += 1
        groups: dict[str, list[Reading]] = {}
        for domain, reading in readings:
            groups.setdefault(domain, []).append(reading)
        sent = max(reading["ts"] for _, reading in readings)
        said = encode_frame(
            station_id=self.site.station_id,
            stream=f"01K0PZ6Q9V3W8S4D2N7X5C1{int(self.site.station_id[-2:]):03}",
            seq=self.seq,
            oldest=self.seq,
            frame_class="sample",
            sent=sent,
            readings=groups,
        )
        topic = TOPICS.of(self.site.region, self.site.station_id, Channel.TELEMETRY)
        address = TOPICS.parse(topic)
        assert address is not None
        return Arrived(topic, address, said, sent + 100)


@dataclass(frozen=True)
class Lived:
    """What was lived through: stations, from when to when."""

    sites: tuple[Site, ...]
    start_ms: int
    end_ms: int


def live(
    influx: Influx, folder: Path, lived: Lived, faults: Mapping[str, str], *, database: str = "yizhan"
) -> None:
    """Fill a database with readings and roll-ups; ``faults`` are name@minute by station."""
    lives = [_Life(site, _simulated(site, lived.start_ms, faults)) for site in lived.sites]
    store = Store(folder / "store.duckdb")
    store.open()
    desk = Desk(store.sources, store.series, frame=1)
    for until in range(lived.start_ms + HOUR_MS, lived.end_ms + 1, HOUR_MS):
        store.consume([desk.batch(*(frame for life in lives for frame in life.frames(until)))])
    rollups = Rollups(store, lambda _station_id: lived.sites[0].tz)
    while rollups.step(lived.end_ms + DAY_MS, desk.frame - 1):
        pass
    with store.cursor() as cursor:
        _mirror(influx, cursor, desk.frame, database)
    store.close()


def _simulated(site: Site, start_ms: int, faults: Mapping[str, str]) -> SimulatedStation:
    fault = faults.get(site.station_id)
    return site.simulate(1, start_ms, faults=[parse_fault(fault, start_ms)] if fault else ())


def _mirror(influx: Influx, cursor: duckdb.DuckDBPyConnection, frames: int, database: str) -> None:
    for first in range(0, frames, FRAMES_AT_ONCE):
        said = read_frames(cursor, f"BETWEEN {first} AND {first + FRAMES_AT_ONCE - 1}", lambda _policy: 0)
        for policy, lines in said.lines.items():
            write(influx, policy, text_of(lines), database)
    for tier in Tier:
        for domain in DOMAINS:
            write(influx, ROLLUPS, text_of(lines_of(cursor, domain, tier, "true")), database)
