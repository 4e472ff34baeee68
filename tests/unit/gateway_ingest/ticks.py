"""One tick through decoder, admission and batcher, as the pipeline sends it, without a socket or a store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.batch.batch import Batch
from gateway.batch.numbering import SeriesIndex, Sources
from gateway.domain.fleet import Fleet
from gateway.ingest.admission import Admission, Admitted
from gateway.ingest.batching import Batcher
from gateway.ingest.decoding import Arrived, DecodedTick, TickDecoder
from gateway.ingest.received import Received
from wire.codec import encode_frame
from wire.topics import Channel, Topics

NOW = 1_795_334_400_000
"""2026-11-22T08:00:00Z."""
STATION = "louxing-07"
STREAM = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
OTHER_STREAM = "01K0PZ6Q9V3W8S4D2N7X5C1BFB"
TOPICS = Topics()

Groups = Mapping[str, Sequence[Mapping[str, object]]]
VOLTS: Groups = {"power": [{"device": "main", "ts": NOW - 1_000, "voltage_v": 229.8}]}


def payload(seq: int = 1, readings: Groups = VOLTS, **changed: Any) -> bytes:  # noqa: ANN401 - keys of an envelope
    """Write a frame that is right, unless told otherwise."""
    said: dict[str, Any] = {
        "station_id": STATION,
        "stream": STREAM,
        "seq": seq,
        "oldest": 1,
        "frame_class": "sample",
        "sent": NOW,
        "readings": readings,
        **changed,
    }
    return encode_frame(**said)


def best_effort(readings: Groups = VOLTS, sent: int = NOW) -> bytes:
    """Write a frame of hardware that has no outbox."""
    return encode_frame(station_id=STATION, frame_class="sample", sent=sent, readings=readings)


def arrived(
    said: bytes, *, station_id: str = STATION, received: int = NOW, channel: Channel = Channel.TELEMETRY
) -> Arrived:
    """Let a payload come off the socket."""
    topic = TOPICS.of("louxing", station_id, channel)
    address = TOPICS.parse(topic)
    assert address is not None
    return Arrived(topic, address, said, received)


@dataclass
class Desk:
    """The parts of the pipeline that a tick passes on its way to the disk."""

    sources: Sources = field(default_factory=Sources)
    series: SeriesIndex = field(default_factory=SeriesIndex)
    received: Received = field(default_factory=Received)
    fleet: Fleet = field(default_factory=Fleet)
    frame: int = 0

    def __post_init__(self) -> None:
        self.decoder = TickDecoder()
        self.batcher = Batcher(self.sources, self.series)
        self.admission = Admission(self.received, self.fleet)

    def admit(self, messages: Iterable[Arrived | bytes]) -> tuple[DecodedTick, Admitted, Batch]:
        """Take one tick as far as its batch."""
        came = [message if isinstance(message, Arrived) else arrived(message) for message in messages]
        tick = self.decoder.decode(came)
        admitted = self.admission.admit(tick, came)
        batch = self.batcher.build(tick, came, admitted, self.frame)
        self.admission.hear(batch, admitted, tick, came)
        self.frame += len(admitted.new)
        return tick, admitted, batch

    def batch(self, *messages: Arrived | bytes) -> Batch:
        """Return the batch of one tick."""
        return self.admit(messages)[2]

    def commit(self, admitted: Admitted) -> None:
        """Tell the ledger that a tick is on the disk."""
        for ledger, seq, received in admitted.uncommitted:
            self.received.commit(ledger, seq, received)


def rows(batch: Batch, domain: str) -> list[dict[str, Any]]:
    """Return the stored rows of a domain, samples before events, values that are there only."""
    tables = [kind[domain] for kind in (batch.samples, batch.events) if domain in kind]
    return [
        {name: value for name, value in row.items() if value is not None}
        for table in tables
        for row in table.to_pylist()
    ]
