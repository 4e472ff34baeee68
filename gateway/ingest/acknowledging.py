"""Acknowledgements on their way out: encoded here, all that are due in one write."""

from collections.abc import Callable

import orjson
from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.fleet import Fleet, StationLive
from gateway.ingest.received import Receipt, Received
from gateway.ingest.subscriber import Subscriber, framed, with_length
from gateway.observability import Metrics
from wire.topics import Channel, Topics


class AckSettings(BaseModel):
    """When a station is acknowledged (contract section 4)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    frames: int = Field(16, ge=1, le=10_000, description="Acknowledge a station when this many frames wait.")
    after_ms: int = Field(2_000, ge=0, le=60_000, description="Or this long after the first of them.")


class Acknowledger:
    """Publishes what `Received` says is due. `credit` is what a station may have out on `backlog` now."""

    def __init__(
        self,
        gateway: str,
        topics: Topics,
        received: Received,
        fleet: Fleet,
        credit: Callable[[], int],
        metrics: Metrics,
    ) -> None:
        self._topics = topics
        self._received = received
        self._fleet = fleet
        self._credit = credit
        self._metrics = metrics
        self._head = b'{"v":1,"gateway":"%b","stream":"' % gateway.encode()
        self._beginnings: dict[str, tuple[StationLive, str | None, bytes]] = {}
        """By stream: station, region, and topic and payload as far as they depend on nothing else."""

    def publish(self, subscriber: Subscriber, now: int, *, everything: bool = False) -> None:
        """Send the acknowledgements due at `now` (ms); `everything` is for a clean stop."""
        if not subscriber.is_connected:
            return
        tail = b',"credit":%d,"now":%d}' % (self._credit(), now)
        packets = []
        for receipt in self._received.receipts(now, everything=everything):
            station, region, beginning = self._beginnings.get(receipt.stream) or self._begin(receipt)
            if station.station_id != receipt.station_id or station.region != region:
                station, region, beginning = self._begin(receipt)
            if not self._fleet.is_elsewhere(station):
                packets.append(framed(beginning + orjson.dumps(receipt.received) + tail))
        if packets:
            subscriber.send(b"".join(packets))
            self._metrics.acks.inc(len(packets))

    def _begin(self, receipt: Receipt) -> tuple[StationLive, str | None, bytes]:
        station = self._fleet.station(receipt.station_id)
        topic = self._topics.of(station.region or "", receipt.station_id, Channel.ACK)
        said = with_length(topic.encode()) + self._head + receipt.stream.encode() + b'","received":'
        begun = self._beginnings[receipt.stream] = (station, station.region, said)
        return begun
