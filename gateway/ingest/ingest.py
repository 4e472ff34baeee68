"""Ingest as one value: the pipeline, the conversation and the session, and the tasks that run them."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from gateway.batch.latest import Latest
from gateway.domain.fleet import Fleet
from gateway.ingest.admission import DIGEST_MS, Admission
from gateway.ingest.batching import Batcher
from gateway.ingest.claims import Claims
from gateway.ingest.conversation import AckSettings, Conversation
from gateway.ingest.people import PeopleWatch
from gateway.ingest.pipeline import IngestSettings, Pipeline, Sinks
from gateway.ingest.received import Received, Stream
from gateway.ingest.replaying import Replays
from gateway.ingest.subscriber import BrokerSettings, Subscriber
from gateway.observability import Metrics
from gateway.state.commands import CommandRecord
from gateway.state.database import State
from gateway.state.quarantined import Replayed
from gateway.timeseries import ledgers
from gateway.timeseries.store import Store
from wire.frames import Birth, Claim
from wire.ranges import Ranges
from wire.topics import Channel, Topics

log = structlog.get_logger(__name__)

SNAPSHOT_S = 300.0
SNAPSHOT_FRAMES = 2_000_000
"""A start reads the frames since the last snapshot: so many take about a second."""
ACK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """What ingest is told from the settings."""

    broker: BrokerSettings
    url: str
    ack: AckSettings
    ingest: IngestSettings
    regions: tuple[str, ...]
    topics: Topics
    take_over: bool


class Ingest:
    """Frames from the broker to the store, acknowledgements back. Opened by `app`, run as one task."""

    def __init__(
        self,
        plan: IngestPlan,
        store: Store,
        state: State,
        fleet: Fleet,
        latest: Latest,
        metrics: Metrics,
        clock: Callable[[], int],
    ) -> None:
        self._plan = plan
        self._store = store
        self._state = state
        self._fleet = fleet
        self._clock = clock
        self._stopping = asyncio.Event()
        self.received = Received(plan.ack.frames, plan.ack.after_ms)
        self.claims = Claims(state.gateway, plan.take_over)
        batcher = Batcher(store.sources, store.series)
        self._replays = Replays(state.quarantine, store, batcher, plan.topics, clock)
        self.admission = Admission(self.received, fleet)
        self.pipeline = Pipeline(
            plan.ingest,
            self.received,
            self.admission,
            batcher,
            Sinks(state.quarantine, [store], latest, PeopleWatch(store.series, fleet)),
            metrics,
            clock,
            next_frame=store.next_frame,
        )
        self.conversation = Conversation(
            plan.topics,
            self.received,
            self.pipeline,
            fleet,
            state,
            self.claims,
            metrics,
            clock,
            random.Random(),  # noqa: S311 - jitter, not a secret
        )
        self.conversation.regions = plan.regions
        self.subscriber = Subscriber(
            f"gateway-{state.gateway}", plan.url, plan.broker, self._subscriptions(), self.conversation
        )
        self.conversation.subscriber = self.subscriber

    def _subscriptions(self) -> list[tuple[str, int]]:
        topics = self._plan.topics
        wanted = [(topics.claim(region), 1) for region in self._plan.regions]
        for region in self._plan.regions:
            for channel, qos in (
                (Channel.STATUS, 1),
                (Channel.RESULT, 1),
                (Channel.TELEMETRY, 0),
                (Channel.BACKLOG, 0),
            ):
                wanted.append((topics.every(region, channel), qos))
        return wanted

    # -- memory ------------------------------------------------------------------------------------------

    def restore(self) -> None:
        """Take up what store and state remember of streams, births, claims and quarantine."""
        ledger = ledgers.read(self._store.cursor(), self._clock() - DIGEST_MS)
        for record in ledger.streams:
            self.received.restore(_stream(record))
        self.received.duplicates.update(ledger.duplicates)
        self.admission.late.update(ledger.late)
        self.admission.digests.update(ledger.digests)
        self.admission.unnumbered.update(ledger.unnumbered)
        for station_id, stream, held in self._state.quarantine.held():
            self.received.restore_quarantined(station_id, stream, held)
            self.admission.quarantined[station_id] += held.count()
        for birth in self._state.births.newest():
            self.conversation.note_streams(birth.station_id, Birth.model_validate(birth.payload))
        for claim in self._state.claims.load():
            said = Claim(gateway=self._state.gateway, since=claim.since, replaces=list(claim.replaces))
            self.claims.restore(claim.region, said)

    def snapshot(self) -> None:
        """Write the ledger down, so that the next start is quick."""
        records = [
            ledgers.StreamRecord(s.station_id, s.stream, s.first, s.last, s.oldest, s.born, s.held.to_lists())
            for s in self.received.streams.values()
        ]
        self._store.write_ledger(records)

    def completeness(self, station_id: str) -> dict[str, int]:
        """Return the five counters of a station, in frames (contract section 8)."""
        figures = self.received.figures(station_id)
        unnumbered = self.admission.unnumbered[station_id]
        return {
            "received": figures["received"] + unnumbered,
            "duplicate": figures["duplicate"],
            "late": self.admission.late[station_id],
            "missing": figures["missing"],
            "gone": figures["gone"],
            "quarantined": self.admission.quarantined[station_id],
        }

    async def replay(self, entry_id: str) -> Replayed:
        """Offer one entry of quarantine again."""
        return await self.pipeline.replay(self._replays, entry_id)

    async def send_command(self, record: CommandRecord, region: str) -> None:
        """Publish a command that is written down."""
        self.conversation.send_command(record, region)

    # -- life --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until `stop`; then take in what arrived, acknowledge it and say goodbye."""
        async with AsyncExitStack() as undo:
            undo.callback(self.pipeline.close)
            async with asyncio.TaskGroup() as group:
                session = group.create_task(self.subscriber.run(), name="ingest-session")
                pipeline = group.create_task(self.pipeline.run(), name="ingest-pipeline")
                others = [
                    group.create_task(self._acknowledge(), name="ingest-acknowledge"),
                    group.create_task(self._tend(), name="ingest-tend"),
                    group.create_task(self._write(), name="ingest-write"),
                ]
                await self._stopping.wait()
                self.pipeline.drain()
                await pipeline
                self.conversation.acknowledge(everything=True)
                self.conversation.write_births()
                await self.conversation.writes.join()
                for task in (*others, session):
                    task.cancel()

    def stop(self) -> None:
        """Ask `run` to end cleanly."""
        self._stopping.set()

    async def _acknowledge(self) -> None:
        while True:
            self.conversation.acknowledge()
            await asyncio.sleep(ACK_EVERY_S)

    async def _tend(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(1.0)
            ticks += 1
            self.conversation.every_second()
            if ticks % 60 == 0:
                self.conversation.ask_missing()

    async def _write(self) -> None:
        """Work off what state has to remember, off the event loop, in order."""
        writes = self.conversation.writes
        while True:
            write = await writes.get()
            try:
                await asyncio.to_thread(write)
            except Exception as error:  # noqa: BLE001 - a full disk must not end ingest
                log.error("state_write_failed", reason=str(error))
            finally:
                writes.task_done()


def _stream(record: ledgers.StreamRecord) -> Stream:
    return Stream(
        record.station_id,
        record.stream,
        record.first,
        record.last,
        record.oldest,
        Ranges((lo, hi) for lo, hi in record.held),
        Ranges((lo, hi) for lo, hi in record.gone),
        born=record.born,
    )
