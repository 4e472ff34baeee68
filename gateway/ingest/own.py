"""The gateway's own measurements, stored as those of the reserved station `_gateway`."""

from pathlib import Path

import psutil

from gateway.ingest.decoding import Arrived, DecodedTick, Header, StampedReading
from wire.clocks import StampedTime
from wire.topics import Address, Channel

OWN_STATION = "_gateway"


class OwnVitals:
    """Reads what the gateway's machine and process are doing; `started` in ms."""

    def __init__(self, data_dir: Path, started: int) -> None:
        self._data_dir = data_dir
        self._started = started
        self._process = psutil.Process()
        self._process.cpu_percent()

    def tick(self, now: int) -> tuple[DecodedTick, list[Arrived]]:
        """Return one frame of measurements taken at `now` (ms), as if it had been decoded."""
        reading: dict[str, object] = {
            "device": "gateway",
            "ts": now,
            "uptime_s": (now - self._started) // 1_000,
            "cpu_pct": min(100.0, self._process.cpu_percent() / (psutil.cpu_count() or 1)),
            "mem_used_pct": psutil.virtual_memory().percent,
            "disk_used_pct": psutil.disk_usage(str(self._data_dir)).percent,
        }
        tick = DecodedTick(headers=[Header(0, None, 0, 0, "sample", now, 0)])
        tick.readings.append(
            StampedReading(0, "agent", 0, StampedTime(now, None, substituted=False), reading)
        )
        address = Address(OWN_STATION, OWN_STATION, Channel.TELEMETRY)
        return tick, [Arrived("", address, b"", now)]
