"""From what reached the gateway to batches: the real decoder, admission and batcher, without a socket."""

from collections.abc import Sequence

from gateway.batch.batch import Batch
from gateway.batch.numbering import SeriesIndex, Sources
from gateway.domain.fleet import Fleet
from gateway.ingest.admission import Admission
from gateway.ingest.batching import Batcher
from gateway.ingest.decoding import Arrived, TickDecoder
from gateway.ingest.received import Received


class Intake:
    """One gateway's way from messages to batches; frames are numbered from 1."""

    def __init__(self) -> None:
        self.series = SeriesIndex()
        self.sources = Sources()
        self.received = Received()
        self.fleet = Fleet()
        self._decoder = TickDecoder()
        self._admission = Admission(self.received, self.fleet)
        self._batcher = Batcher(self.sources, self.series)
        self._next_frame = 1

    def take(self, arrived: Sequence[Arrived]) -> Batch | None:
        """Return the batch of one tick of frames, or None without any; a frame that is refused is an error.

        Raises:
            ValueError: the simulated station sent something that belongs into quarantine.
        """
        if not arrived:
            return None
        tick = self._decoder.decode(arrived)
        admitted = self._admission.admit(tick, arrived)
        if admitted.quarantined:
            held = admitted.quarantined[0]
            raise ValueError(f"the gateway refuses what was simulated: {held.reason}: {held.detail}")
        batch = self._batcher.build(tick, arrived, admitted, self._next_frame)
        self._admission.hear(batch, admitted, tick, arrived)
        for ledger, seq, received in admitted.uncommitted:
            self.received.commit(ledger, seq, received)
        self._next_frame += len(admitted.new)
        return batch
