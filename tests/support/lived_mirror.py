"""An InfluxDB filled with the lives of simulated stations, for whoever asks it questions.

Readings and roll-ups go the real way: decoder, store, roll-ups, and the mirror's own lines; where something
breaks, so do link, rules and alerts (`troubled.py`). What only a running gateway knows (states of stations,
its own counters, visits, messages, the alerts of the weeks before) is a plain story in the same lines.
"""

import http.client
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import duckdb

from catalogue.loading import load
from gateway.ingest.decoding import Arrived
from gateway.state.alert_rows import AlertRow
from gateway.timeseries.mirror.alerts import JournalOfAlerts
from gateway.timeseries.mirror.frames import read_frames
from gateway.timeseries.mirror.portion import text_of
from gateway.timeseries.mirror.tiers import lines_of
from gateway.timeseries.rollups import Rollups
from gateway.timeseries.store import Store
from simulators.light.crew import is_gauge
from simulators.rest_station import SimulatedStation
from simulators.scenarios import Scenario
from simulators.towns import Site
from station_agent.framing import Reading
from tests.support.influx import Influx
from tests.support.troubled import Answered, Faults, Happened, Watched, stories_of
from tests.unit.gateway_ingest.ticks import TOPICS, Desk
from wire.codec import encode_frame
from wire.influx import POLICIES, ROLLUPS, Policy, Tier
from wire.measures import DOMAINS
from wire.topics import Channel

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FRAMES_AT_ONCE = 5_000
MOST_BYTES = 16 * 1024 * 1024
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
    asked = urlencode({"db": database, "rp": policy.name, "precision": "n"})
    connection = http.client.HTTPConnection("127.0.0.1", influx.port, timeout=120)
    for piece in _pieces(lines):
        connection.request("POST", f"/write?{asked}", piece)
        answer = connection.getresponse()
        said = answer.read().decode()
        assert answer.status == 204, said
    connection.close()


def _pieces(lines: bytes) -> Iterator[bytes]:
    """Yield whole lines, as many as the server takes at once: a week of roll-ups is more than its 25 MB."""
    start = 0
    while start < len(lines):
        end = (
            len(lines)
            if len(lines) - start <= MOST_BYTES
            else lines.rindex(b"\n", start, start + MOST_BYTES) + 1
        )
        yield lines[start:end]
        start = end


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


def live(influx: Influx, folder: Path, lived: Lived, faults: Faults, *, database: str = "yizhan") -> Happened:
    """Fill a database with readings, roll-ups and alerts; return what befell stations.

    Stations that have faults are told of in full and judged; of the others, gauges are told once a minute,
    which no rule that counts seconds could be held against.
    """
    store = Store(folder / "store.duckdb")
    store.open()
    desk = Desk(store.sources, store.series, frame=1)

    def keep(frames: Iterable[Arrived]) -> None:
        store.consume([desk.batch(*frames)])

    lives = [
        _Life(site, site.simulate(1, lived.start_ms)) for site in lived.sites if site.station_id not in faults
    ]
    for until in range(lived.start_ms + HOUR_MS, lived.end_ms + 1, HOUR_MS):
        keep(frame for life in lives for frame in life.frames(until))
    stories = stories_of(lived.sites, lived.start_ms, lived.end_ms, faults)
    alerts = _alerts(influx, folder, stories, keep, database) if stories else []
    rollups = Rollups(store, lambda _station_id: lived.sites[0].tz)
    while rollups.step(lived.end_ms + DAY_MS, desk.frame - 1):
        pass
    with store.cursor() as cursor:
        _mirror(influx, cursor, desk.frame, database)
    store.close()
    silences = {story.site.station_id: story.station().link.outages for story in stories}
    return Happened(lived.start_ms, alerts, silences)


def _alerts(
    influx: Influx,
    folder: Path,
    stories: Sequence[Scenario],
    keep: Callable[[Iterable[Arrived]], None],
    database: str,
) -> list[AlertRow]:
    """Judge some stations, mirror the journal of their alerts and return these."""
    start, end = stories[0].start_ms, stories[0].end_ms
    transitions = Watched(stories, keep).transitions()
    with Answered.of(folder, stories, start) as answered:
        answered.hear(transitions, end)
        journal, position = JournalOfAlerts(answered.state.alerts, load().rules.get), 0
        while (portion := journal.read(duckdb.connect, position)) is not None:
            for policy, lines in portion.lines.items():
                write(influx, policy, text_of(lines), database)
            position = portion.upto
        return answered.all()


def _mirror(influx: Influx, cursor: duckdb.DuckDBPyConnection, frames: int, database: str) -> None:
    for first in range(0, frames, FRAMES_AT_ONCE):
        said = read_frames(cursor, f"BETWEEN {first} AND {first + FRAMES_AT_ONCE - 1}", lambda _policy: 0)
        for policy, lines in said.lines.items():
            write(influx, policy, text_of(lines), database)
    for tier in Tier:
        for domain in DOMAINS:
            write(influx, ROLLUPS, text_of(lines_of(cursor, domain, tier, "true")), database)
