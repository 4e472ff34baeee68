"""What is true this minute, as lines for the mirror: of stations, of regions, and the gateway's counters.

The state of the fleet belongs to the event loop, so it is gathered there, some stations at a time.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import structlog
from prometheus_client import CollectorRegistry, Counter

from gateway.domain.fleet import Fleet, StationLive
from gateway.domain.observation import Observation
from gateway.domain.registry import Registry
from gateway.errors import StoreClosedError
from gateway.observability import Metrics
from gateway.queries.fleet_list import OWN_STATION, FleetList
from gateway.timeseries.mirror import regions, today
from gateway.timeseries.mirror.lines import line
from gateway.timeseries.mirror.regions import Described
from gateway.timeseries.mirror.today import Figures
from wire.influx import GATEWAY, NS_A_MS, QUARANTINE, STATIONS

if TYPE_CHECKING:
    from gateway.timeseries.mirror.opening import Mirroring

log = structlog.get_logger(__name__)

LAG_EVERY_S, OFFERED_EVERY = 10.0, 6
"""How often rules hear of the lag, and after how many times the mirror hears of the fleet."""
AT_ONCE = 100
"""Stations between two turns of the event loop: 5 ms."""
TODAY_EVERY_MS = 300_000
"""Sums of the day change when quarters are told."""
_COMPLETENESS = ("received", "late", "missing", "gone", "quarantined")


async def keep_telling(
    mirroring: "Mirroring",
    minute: "Minute",
    observe: Callable[[Observation], None],
    clock: Callable[[], int],
) -> None:
    """Offer the mirror every minute, and let the rules know how far behind it is; until cancelled."""
    for times in itertools.count():
        observe(Observation(OWN_STATION, "platform", "gateway", {"mirror_lag_s": mirroring.lag.seconds}))
        if times % OFFERED_EVERY == 0:
            try:
                mirroring.minutes.offer(clock(), await minute.lines(clock()))
            except (duckdb.Error, StoreClosedError) as error:
                log.debug("minute_not_told", reason=str(error), next="the next one")
        await asyncio.sleep(LAG_EVERY_S)


@dataclass
class Minute:
    """Gathers once a minute; ``completeness`` asks whoever takes the frames in, by station_id."""

    fleet: Fleet
    fleet_list: FleetList
    registry: Registry
    metrics: Metrics
    completeness: Callable[[str], Mapping[str, int]]
    cursor: Callable[[], duckdb.DuckDBPyConnection]
    _today: Figures = field(default_factory=dict)
    _today_at: int = 0

    async def lines(self, now: int) -> list[str]:
        """Return a line a station, those of regions and of the gateway; duckdb.Error when the store fails."""
        agents = await asyncio.to_thread(self._figures, now)
        told, stations = [*self._gateway(now)], []
        for place, station in enumerate(list(self.fleet)):
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
            if station.station_id != OWN_STATION:
                one = self._station(station, agents.get(station.station_id, {}), now)
                said = line(STATIONS, one.tags, one.fields, now * NS_A_MS)
                told += [] if said is None else [said]
                stations.append(one)
        return told + await asyncio.to_thread(list, regions.lines_of(stations, now))

    def _station(self, station: StationLive, agent: Mapping[str, object], now: int) -> Described:
        station_id = station.station_id
        summary, spec = self.fleet_list.summary(station, now), self.registry.get(station_id)
        counted = self.completeness(station_id)
        fields: dict[str, object] = {
            "state": str(summary.state),
            "name_zh": summary.name["zh"],
            "name_en": summary.name["en"],
            "capacity": summary.capacity,
            "people_inside": summary.people_inside_count,
            **{f"open_{severity.lower()}": count for severity, count in summary.open_alerts.items()},
            "last_seen_age_s": None if summary.last_seen is None else (now - summary.last_seen) / 1_000,
            **{f"frames_{name}": counted[name] for name in _COMPLETENESS},
            **({"profile": spec.profile, "lat": spec.lat, "lon": spec.lon} if spec else {}),
            **self._today.get(station_id, {}),
            **agent,
        }
        return Described(summary.region or "-", station_id, fields)

    def _gateway(self, now: int) -> Iterator[str]:
        tags = {"region": OWN_STATION, "station": OWN_STATION}
        said = line(
            GATEWAY, tags, _counted(self.metrics) | {"stations_known": len(self.fleet)}, now * NS_A_MS
        )
        yield from () if said is None else (said,)
        for reason, count in _by_label(self.metrics.quarantined, "reason"):
            of_reason = line(QUARANTINE, tags | {"reason": reason}, {"entries_total": count}, now * NS_A_MS)
            yield from () if of_reason is None else (of_reason,)

    def _figures(self, now: int) -> Figures:
        """Read what the store knows: the agents' last words, and now and then the sums of the day."""
        with self.cursor() as cursor:
            if now - self._today_at >= TODAY_EVERY_MS:
                self._today, self._today_at = today.sums(cursor, self.registry, now), now
            return today.agents(cursor, now)


def _counted(metrics: Metrics) -> dict[str, object]:
    """Return the gateway's counters under the names the mirror has for them."""
    registry = metrics.registry
    fields: dict[str, object] = {
        "frames_total": _total(metrics.frames),
        "points_total": _total(metrics.points),
        "duplicates_total": _total(metrics.duplicates),
        "acks_total": _total(metrics.acks),
        "quarantined_total": _total(metrics.quarantined),
        "dropped_total": _total(metrics.dropped),
        "ignored_total": _total(metrics.ignored),
        "messages_sent_total": _of_outcome(metrics, sent=True),
        "messages_failed_total": _of_outcome(metrics, sent=False),
        "commit_seconds_total": _total(metrics.commit_seconds),
        "inbox_bytes": registry.get_sample_value("yizhan_inbox_bytes"),
        "store_up": registry.get_sample_value("yizhan_store_up"),
        "broker_up": registry.get_sample_value("yizhan_broker_up"),
    }
    return fields | _of_mirror(registry)


def _of_mirror(registry: CollectorRegistry) -> dict[str, object]:
    sums = {"yizhan_mirror_points_total": 0.0, "yizhan_mirror_refused_total": 0.0}
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.name in sums:
                sums[sample.name] += sample.value
    return {
        "mirror_points_total": sums["yizhan_mirror_points_total"],
        "mirror_refused_total": sums["yizhan_mirror_refused_total"],
        "mirror_lag_frames": registry.get_sample_value("yizhan_mirror_lag_frames"),
        "mirror_lag_s": registry.get_sample_value("yizhan_mirror_lag_seconds"),
    }


def _total(counter: Counter) -> float:
    return sum(value for _, value in _samples(counter))


def _of_outcome(metrics: Metrics, *, sent: bool) -> float:
    told = _samples(metrics.messages)
    return sum(value for labels, value in told if (labels["outcome"] == "delivered") is sent)


def _by_label(counter: Counter, label: str) -> Iterator[tuple[str, float]]:
    for labels, value in _samples(counter):
        yield labels[label], value


def _samples(counter: Counter) -> Iterator[tuple[Mapping[str, str], float]]:
    for metric in counter.collect():
        for sample in metric.samples:
            if sample.name.endswith("_total"):
                yield sample.labels, sample.value
