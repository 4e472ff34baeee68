"""Offering a quarantined thing again: with the identity it had, taken once at most."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pyarrow as pa

from gateway.batch.batch import Batch, with_constant
from gateway.errors import NotDurableError
from gateway.ingest.admission import Admitted
from gateway.ingest.batching import Batcher
from gateway.ingest.decoding import Arrived, DecodedTick, TickDecoder
from gateway.state.quarantine import Quarantine
from gateway.state.quarantined import Entry, Quarantined, Replayed
from gateway.timeseries.store import Store
from wire.topics import Topics


class Replays:
    """Replays one entry at a time; `replay` runs on the thread that writes the store."""

    def __init__(
        self, quarantine: Quarantine, store: Store, batcher: Batcher, topics: Topics, clock: Callable[[], int]
    ) -> None:
        self._quarantine = quarantine
        self._store = store
        self._batcher = batcher
        self._topics = topics
        self._clock = clock

    def replay(self, entry_id: str, new_frame: int, judge: Callable[[Batch], None] | None = None) -> Replayed:
        """Offer an entry again; `new_frame` is a number for it if its frame was never stored.

        What is taken goes to `judge`, once it is durable.
        """
        entry = self._quarantine.get(entry_id)
        if entry is None:
            return Replayed(taken=False, reason="unknown", detail="there is no such entry any more")
        address = self._topics.parse(entry.item.topic)
        if address is None:
            return Replayed(taken=False, reason="bad_topic", detail="its topic is no station's")
        arrived = Arrived(entry.item.topic, address, entry.item.payload, entry.received)
        tick = TickDecoder().decode([arrived])
        refused = _refusal(tick)
        if refused is not None:
            return refused
        batch = self._batcher.build(tick, [arrived], Admitted(new=[0]), new_frame)
        try:
            item = entry.item
            frame = (item.station_id, item.stream, item.seq)
            taken = self._store.take_replayed(_placed(batch, entry), _identity(item), frame)
        except NotDurableError as error:
            return Replayed(taken=False, reason="not_durable", detail=str(error))
        self._quarantine.mark_replayed(entry_id, self._clock())
        if not taken:
            return Replayed(taken=False, reason="duplicate", detail="it was taken before")
        if judge is not None:
            judge(batch)
        return Replayed(taken=True)


def _refusal(tick: DecodedTick) -> Replayed | None:
    for _, rejected in tick.rejected:
        return Replayed(taken=False, reason=str(rejected.reason), detail=rejected.detail)
    for _, reading in tick.rejected_readings:
        return Replayed(taken=False, reason=str(reading.reason), detail=reading.detail)
    if not tick.rows and not tick.readings:
        return Replayed(taken=False, reason="no_field", detail="nothing of it can be stored")
    return None


def _placed(batch: Batch, entry: Entry) -> Batch:
    """Give a single reading the place it had in its frame."""
    index = entry.item.index
    if index is None:
        return batch
    return replace(batch, samples=_at(batch.samples, index), events=_at(batch.events, index))


def _at(tables: Mapping[str, pa.Table], index: int) -> dict[str, pa.Table]:
    return {domain: with_constant(table, "idx", index) for domain, table in tables.items()}


def _identity(item: Quarantined) -> str:
    return "/".join(map(str, (item.station_id, item.stream, item.seq, item.domain, item.index)))
