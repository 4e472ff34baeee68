"""The agent's own health, as readings of the domain ``agent``: machine, clock, outbox, link, devices."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from station_agent.birth import VERSION
from station_agent.clock import StationClock, kernel_offset_ms
from station_agent.delivery import Delivery
from station_agent.drivers.driver import RawReading, Taken
from station_agent.outbox import Outbox
from station_agent.sampler import Source
from station_agent.uplink import Uplink
from station_agent.wanted import Wanted

GIGABYTE = 1_000_000_000


@dataclass(frozen=True)
class Watched:
    """What the vitals look at; ``sources`` are asked for when read, since vitals are one of them."""

    data_dir: Path
    config_hash: str
    boot_id: str
    clock: StationClock
    outbox: Outbox
    delivery: Delivery
    uplink: Uplink
    wanted: Wanted
    sources: Callable[[], Iterable[Source]]


class Vitals:
    """A driver whose device is the agent itself."""

    name = "vitals"
    device = "agent"
    every_reading = False

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._process = psutil.Process()
        psutil.cpu_percent()  # the first answer of psutil covers no time and is always 0

    @property
    def every_s(self) -> float:
        """How often the gateway wants to hear; a station silent for 90 s is called late."""
        return self._watched.wanted.settings.vitals_every_s

    def facility_of(self, device: str) -> str | None:
        """The agent is no facility."""

    def resume(self, position: Any) -> None:  # noqa: ANN401 - see Driver
        """Nothing to go on with."""

    def committed(self) -> None:
        """Nothing to give again: the next read is as good."""

    def close(self) -> None:
        """Nothing to let go of."""

    async def read(self, now_ms: int) -> Taken:  # noqa: ARG002 - the intake stamps it
        """Return one reading of the agent, one of each device, and a heartbeat."""
        return Taken([self._agent(), self._heartbeat(), *self._devices()])

    def _heartbeat(self) -> RawReading:
        return {"domain": "agent", "event": "heartbeat", "boot_id": self._watched.boot_id, "version": VERSION}

    def _agent(self) -> RawReading:
        seen = self._watched
        outbox, used = seen.outbox, psutil.disk_usage(str(seen.data_dir))
        reading: dict[str, Any] = {
            "domain": "agent",
            "uptime_s": seen.clock.uptime_s(),
            "clock_synced": not seen.clock.unset,
            "cpu_pct": psutil.cpu_percent(),
            "mem_used_pct": psutil.virtual_memory().percent,
            "disk_used_pct": used.percent,
            "disk_write_gb_total": self._process.io_counters().write_bytes / GIGABYTE,
            "mqtt_reconnects_total": seen.uplink.reconnects_total,
            "outbox_depth_count": outbox.depth,
            "outbox_age_s": outbox.age_ms(seen.clock.running_ms()) // 1000,
            "outbox_used_pct": min(100.0, round(100 * outbox.bytes / outbox.limits.max_bytes, 2)),
            "outbox_parked_count": outbox.parked_count,
            "frames_resent_total": seen.delivery.resent_total,
            "publish_dropped_total": outbox.dropped_total,
            "foreign_gateway_total": seen.delivery.foreign_total,
            "config_hash": seen.config_hash,
            "agent_version": VERSION,
        }
        offset = kernel_offset_ms()
        if offset is not None:
            reading["clock_offset_ms"] = offset
        return reading

    def _devices(self) -> Iterator[RawReading]:
        now = self._watched.clock.monotonic()
        for source in self._watched.sources():
            if source.driver is not self:
                yield {
                    "domain": "agent",
                    "device": source.driver.device,
                    "device_poll_errors_total": source.errors_total + source.bad_total,
                    "device_last_ok_age_s": int(now - source.last_ok),
                }
