"""Ingest as one value: the pipeline, the conversation and the session, and the tasks that run them."""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import duckdb
import structlog

from gateway.alerting.detection.consumer import AlertConsumer
from gateway.batch.latest import Latest
from gateway.domain.fleet import Fleet
from gateway.domain.registry import DEFAULT_TZ
from gateway.errors import StoreClosedError
from gateway.ingest.acknowledging import Acknowledger, AckSettings
from gateway.ingest.admission import DIGEST_MS, Admission
from gateway.ingest.batching import Batcher
from gateway.ingest.claims import Claims
from gateway.ingest.commanding import Commander
from gateway.ingest.correcting import Correcting
from gateway.ingest.corrector import Corrector
from gateway.ingest.judging import judge
from gateway.ingest.outgoing import Outgoing
from gateway.ingest.own import OwnVitals
from gateway.ingest.people import PeopleWatch
from gateway.ingest.pipeline import IngestSettings, Pipeline, Sinks
from gateway.ingest.preflight import Finding, examine, tell
from gateway.ingest.received import Received, Stream
from gateway.ingest.regions import Regions
from gateway.ingest.replaying import Replays
from gateway.ingest.retaining import Removal
from gateway.ingest.rolling import keep
from gateway.ingest.statuses import Statuses
from gateway.ingest.subscriber import BrokerSettings, Subscriber
from gateway.ingest.switchboard import Switchboard
from gateway.observability import Metrics
from gateway.state.commands import CommandRecord
from gateway.state.database import State
from gateway.state.quarantined import Replayed
from gateway.timeseries import ledgers
from gateway.timeseries.rollups import Rollups
from gateway.timeseries.store import Store
from wire.frames import Birth, Claim
from wire.ranges import Ranges
from wire.topics import Channel, Topics

log = structlog.get_logger(__name__)

ACK_EVERY_S = 0.05
OWN_EVERY_S = 30
LEDGER_EVERY_S, LEDGER_FIRST_S = 300, 10
"""A start reads the ledger and the frames since it was written."""


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
    accepts: Callable[[str], bool] = lambda _station_id: True
    tz_of: Callable[[str], str] = lambda _station_id: DEFAULT_TZ


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
        topics, gateway = plan.topics, state.gateway
        self._plan = plan
        self._store = store
        self._state = state
        self._clock = clock
        self._fleet = fleet
        self._metrics = metrics
        self._broker = Finding()
        self._stopping = asyncio.Event()
        self._outgoing = Outgoing()
        self.claims = Claims(gateway, plan.take_over)
        self.received = Received(plan.ack.frames, plan.ack.after_ms)
        self.admission = Admission(self.received, fleet)
        batcher = Batcher(store.sources, store.series)
        self._rollups = Rollups(store, plan.tz_of)
        self._removal: Removal | None = None
        self._replays = Replays(state.quarantine, store, batcher, topics, clock)
        sinks = Sinks(state.quarantine, [store], latest, PeopleWatch(store.series, fleet))
        self.pipeline = Pipeline(
            plan.ingest, self.received, self.admission, batcher, sinks, metrics, clock, store.next_frame
        )
        self.corrections = Correcting(
            Corrector(state.corrections, store, latest, clock), self.pipeline, latest
        )
        regions = Regions(plan.regions, self.claims, topics, state.claims, self._outgoing, metrics, clock)
        self._statuses = Statuses(
            topics, self.received, fleet, regions, state.births, self._outgoing, metrics
        )
        regions.changed_hands = lambda region, change: self._statuses.note_hands(region, change, clock())
        self._commander = Commander(
            gateway, topics, self.received, fleet, state.commands, self._outgoing, metrics
        )
        self._acknowledger = Acknowledger(
            gateway, topics, self.received, fleet, lambda: self.pipeline.credit, metrics
        )
        listener = Switchboard(
            topics,
            fleet,
            self.pipeline,
            regions,
            self._statuses,
            self._commander,
            metrics,
            clock,
            plan.accepts,
        )
        self.subscriber = Subscriber(
            f"gateway-{gateway}", plan.url, plan.broker, self._subscriptions(), listener
        )
        self._outgoing.subscriber = self.subscriber

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

    def judge_with(self, alerts: AlertConsumer) -> None:
        """Have everything judged by an engine that has judged what is stored; before `run`."""
        self.pipeline.alerts = alerts
        self._statuses.told = alerts.hear

    def retain_with(self, removal: Removal) -> None:
        """Have what is past its time removed every day; before `run`."""
        self._removal = removal

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
        self.admission.note_nameless(self._state.quarantine.nameless())
        for birth in self._state.births.newest():
            self._statuses.note_streams(birth.station_id, Birth.model_validate(birth.payload))
        self._commander.restore(self._state.commands.pending())
        for claim in self._state.claims.load():
            said = Claim(gateway=self._state.gateway, since=claim.since, replaces=list(claim.replaces))
            self.claims.restore(claim.region, said)
        self.corrections.corrector.take_up()

    def write_ledger(self) -> None:
        """Write the ledger down after `run`, so that the next start is quick."""
        self._store.write_ledger(*self._ledger())

    def _ledger(self) -> tuple[list[ledgers.StreamRecord], int]:
        """Return every stream, and the frame up to which they are told: later ones are read as frames."""
        records = [
            ledgers.StreamRecord(
                s.station_id,
                s.stream,
                s.first,
                s.last,
                s.oldest,
                s.born,
                s.held.to_lists(),
                s.gone.to_lists(),
            )
            for s in self.received.streams.values()
        ]
        return records, self.pipeline.durable_upto

    def completeness(self, station_id: str) -> dict[str, int]:
        """Return the five counters of a station, in frames (contract section 8)."""
        figures = self.received.figures(station_id)
        unnumbered, nameless = self.admission.unnumbered[station_id], self.admission.nameless
        return {
            "received": figures["received"] + unnumbered + nameless.distinct[station_id],
            "duplicate": figures["duplicate"] + nameless.copies[station_id],
            "late": self.admission.late[station_id],
            "missing": figures["missing"],
            "gone": figures["gone"],
            "quarantined": self.admission.quarantined[station_id] + nameless.distinct[station_id],
        }

    async def replay(self, entry_id: str) -> Replayed:
        """Offer one entry of quarantine again."""
        return await self.pipeline.replay(self._replays, entry_id)

    async def send_command(self, record: CommandRecord, region: str) -> None:
        """Publish a command that is written down."""
        self._commander.send(record, region, self._clock())

    def readiness(self) -> dict[str, str]:
        """Return `ok` or what is wrong with the store, the engine and the broker, and foreign regions.

        A `warning` does not make the gateway unready.
        """
        foreign = [f"{region} by gateway {holder}" for region, holder in self.claims.foreign().items()]
        readiness = {
            "store": self.pipeline.failure or self._store.failure or "ok",
            "engine": "ok" if self.pipeline.alerts is None else self.pipeline.alerts.health,
            "broker": "ok" if self.subscriber.is_connected else "not connected",
        }
        if self._broker.complaints:
            readiness["warning"] = self._broker.text
        if foreign:
            readiness["regions"] = f"claimed: {'; '.join(foreign)}; stop it, or start with --take-over"
        return readiness

    # -- life --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until `stop`; then take in what arrived, acknowledge it and say goodbye."""
        with closing(self.pipeline):
            async with asyncio.TaskGroup() as group:
                pipeline = group.create_task(self.pipeline.run(), name="ingest-pipeline")
                others = [
                    group.create_task(self.subscriber.run(), name="ingest-session"),
                    group.create_task(self._acknowledge(), name="ingest-acknowledge"),
                    group.create_task(self._tend(), name="ingest-tend"),
                    group.create_task(keep(self._rollups, self.pipeline, self._clock), name="ingest-roll-up"),
                    group.create_task(self._retain(), name="ingest-retain"),
                    group.create_task(self._judge(), name="ingest-judge"),
                    group.create_task(self.corrections.run(), name="ingest-correct"),
                    group.create_task(self._outgoing.run(), name="ingest-write"),
                    group.create_task(self._examine_broker(), name="ingest-preflight"),
                ]
                await self._stopping.wait()
                self.pipeline.drain()
                await pipeline
                if self.pipeline.alerts is not None:
                    await self.pipeline.between_commits(self.pipeline.alerts.save)
                self._acknowledger.publish(self.subscriber, self._clock(), everything=True)
                self._statuses.write()
                await self._outgoing.drain()
                for task in others:
                    task.cancel()

    def stop(self) -> None:
        """Ask `run` to end cleanly."""
        self._stopping.set()

    async def _retain(self) -> None:
        if self._removal is not None:
            await self._removal.keep(self.pipeline, self._clock)

    async def _judge(self) -> None:
        if self.pipeline.alerts is not None:
            await judge(
                self.pipeline.alerts, self.pipeline, lambda: self.subscriber.is_connected, self._clock
            )

    async def _acknowledge(self) -> None:
        while True:
            self._acknowledger.publish(self.subscriber, self._clock())
            await asyncio.sleep(ACK_EVERY_S)

    async def _examine_broker(self) -> None:
        """Try out the broker's limits once, beside everything else; the embedded one has none."""
        if self._plan.broker.embedded:
            return
        await self.subscriber.connected.wait()
        gateway = self._state.gateway
        topic, client_id = self._plan.topics.preflight(gateway), f"preflight-{gateway}"
        url, settings = self._plan.url, self._plan.broker
        self._broker = await asyncio.to_thread(examine, url, settings, topic, client_id, len(self._fleet))
        tell(self._broker, self._metrics)

    async def _tend(self) -> None:
        """Now and then: births written, births and missing frames asked for, commands sent again."""
        own = OwnVitals(self._store.path.parent, self._clock())
        for seconds in itertools.count(1):
            await asyncio.sleep(1.0)
            now = self._clock()
            self._statuses.write()
            self._commander.send_again(now)
            self._commander.ask_births(now)
            if seconds % 60 == 0:
                self._commander.ask_missing(now)
            if seconds % OWN_EVERY_S == 0:
                self.pipeline.take_own(*own.tick(now))
            if seconds % LEDGER_EVERY_S == LEDGER_FIRST_S:
                await self._write_ledger()

    async def _write_ledger(self) -> None:
        """Write the ledger down between two commits; a disk that is full may refuse it."""
        try:
            await self.pipeline.between_commits(self._store.write_ledger, *self._ledger())
        except (duckdb.Error, StoreClosedError) as error:
            log.warning("ledger_not_written", reason=str(error), next="a start reads more frames instead")


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
