"""The agent's own health, as readings of the domain ``agent``: machine, clock, outbox, link, devices."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from station_agent.birth import VERSION
from station_agent.certificates import valid_until_ms
from station_agent.clock import StationClock, kernel_offset_ms
from station_agent.delivery import Delivery
from station_agent.drivers.driver import RawReading, Taken
from station_agent.machine import Machine
from station_agent.outbox import Outbox
from station_agent.sampler import Source
from station_agent.uplink import Uplink
from station_agent.wanted import Wanted

GIGABYTE = 1_000_000_000
DAY_MS = 86_400_000
MOST_CERT_DAYS = 3_650
"""Ten years, the end of the range of ``cert_expiry_days``; what lasts longer is said to last so long."""


@dataclass(frozen=True)
class Watched:
    """What the vitals look at; ``sources`` are asked for when read, since vitals are one of them.

    ``cert`` and ``ca`` are the files of the settings, None without TLS.
    """

    machine: Machine
    data_dir: Path
    cert: Path | None
    ca: Path | None
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
        known = {"clock_offset_ms": kernel_offset_ms(), "cert_expiry_days": self._cert_expiry_days()}
        return reading | _without_none(known | self._machine())

    def _machine(self) -> dict[str, Any]:
        machine = self._watched.machine
        interface = machine.default_interface()
        return {
            "soc_temp_celsius": machine.soc_temp_celsius(),
            "link_kind": machine.link_kind(interface) if interface else None,
            "link_rssi_dbm": machine.wifi_level_dbm(interface) if interface else None,
        }

    def _cert_expiry_days(self) -> int | None:
        """Return whole days, below 0 when it is over; nobody knows while the clock is unset."""
        seen = self._watched
        until = None if seen.clock.unset else valid_until_ms(seen.cert, seen.ca)
        if until is None:
            return None
        return max(-MOST_CERT_DAYS, min(MOST_CERT_DAYS, (until - seen.clock.now()) // DAY_MS))

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


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
