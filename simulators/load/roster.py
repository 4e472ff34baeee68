"""Who a fleet is: its stations' names, topics and streams, and what they say of themselves."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import orjson

from simulators.load.shape import Reading
from wire.topics import Channel, Topics

Held = tuple[int, int, int]
"""The lowest number not acknowledged, the lowest still held and the last one of a stream."""

STATION_DIGITS = 5
MAX_STATIONS = 10**STATION_DIGITS - 1


@dataclass(frozen=True)
class Roster:
    """The stations ``prefix00001`` … of one region, each with the stream of this run.

    Stations are counted from 0 inside the fleet and from 1 in their names.
    """

    region: str
    prefix: str
    streams: tuple[str, ...]
    boot_id: str
    started_ms: int
    interval_s: float
    readings: tuple[Reading, ...]
    topics: ClassVar[Topics] = Topics()

    def __len__(self) -> int:
        return len(self.streams)

    def station_id(self, station: int) -> str:
        """The name of station number ``station``."""
        return f"{self.prefix}{station + 1:0{STATION_DIGITS}d}"

    def topic(self, station: int, channel: Channel) -> str:
        """The topic of one of its channels."""
        return self.topics.of(self.region, self.station_id(station), channel)

    def addressees(self, channel: Channel) -> dict[bytes, int]:
        """The topic of every station's ``channel``, with its number."""
        return {self.topic(station, channel).encode(): station for station in range(len(self))}

    def birth(self, station: int, session: int, held: Held | None, gateway: str | None) -> bytes:
        """The birth of one station; ``held`` is what it has of its stream, if anything."""
        streams = []
        if held:
            oldest, kept, last = held
            stream = self.streams[station]
            streams = [{"stream": stream, "oldest": oldest, "kept": kept, "last": last, "gone": []}]
        return orjson.dumps(
            {
                "v": 1,
                "state": "online",
                "session": session,
                "boot_id": self.boot_id,
                "gateway": gateway,
                "version": "1.0-fleet",
                "started": self.started_ms,
                "streams": streams,
                "parked": 0,
                "devices": self._devices,
            }
        )

    @cached_property
    def _devices(self) -> list[dict[str, object]]:
        return [
            {
                "device": one.device,
                "domain": one.domain,
                "facility": one.facility,
                "interval_s": self.interval_s,
            }
            for one in self.readings
        ]

    @staticmethod
    def goodbye(session: int) -> bytes:
        """The clean stop of one station."""
        return orjson.dumps({"v": 1, "state": "stopped", "session": session, "reason": "end of the run"})
