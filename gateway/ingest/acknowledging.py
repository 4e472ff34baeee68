"""Acknowledgements on their way out: encoded here, all that are due in one write."""

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.fleet import Fleet
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
        self._beginnings: dict[str, tuple[str, str | None, bytes]] = {}
        """By stream: station, region, and topic and payload as far as they depend on nothing else."""

    def publish(self, subscriber: Subscriber, now: int, *, everything: bool = False) -> None:
        """Send the acknowledgements due at `now` (ms); `everything` is for a clean stop."""
        if not subscriber.is_connected:
            return
        tail = b']],"credit":%d,"now":%d}' % (self._credit(), now)
        receipts = self._received.receipts(now, everything=everything)
        packets = [self._packet(one, tail) for one in receipts if self._is_ours(one.station_id)]
        if packets:
            subscriber.send(b"".join(packets))
            self._metrics.acks.inc(len(packets))

    def _is_ours(self, station_id: str) -> bool:
        return not self._fleet.is_elsewhere(self._fleet.station(station_id))

    def _packet(self, receipt: Receipt, tail: bytes) -> bytes:
        station_id, stream, received = receipt
        region = self._fleet.station(station_id).region
        known = self._beginnings.get(stream)
        if known is None or known[0] != station_id or known[1] != region:
            known = (station_id, region, self._beginning(receipt, region or ""))
            self._beginnings[stream] = known
        ranges = b"],[".join([b"%d,%d" % (lo, hi) for lo, hi in received])
        return framed(b"%b%b%b" % (known[2], ranges, tail))

    def _beginning(self, receipt: Receipt, region: str) -> bytes:
        topic = self._topics.of(region, receipt.station_id, Channel.ACK)
        return b'%b%b%b","received":[[' % (with_length(topic.encode()), self._head, receipt.stream.encode())
