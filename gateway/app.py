"""The whole gateway as a value.

`async with Gateway.open(settings) as gateway:` builds it, knows its real ports and closes it. The one place
that wires parts together and reads the clock.
"""

import asyncio
import gc
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import duckdb
import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.alerting.alarms import Alarms, Known, Wishes
from gateway.alerting.detection.recovery import History
from gateway.api.application import create_api
from gateway.api.server import Server, listen
from gateway.api.services import Services
from gateway.backup.running import RunningBackups
from gateway.backup.taking import Backups
from gateway.batch.latest import Latest
from gateway.config import Settings, http_url
from gateway.console.pages import add_console
from gateway.domain.fleet import Fleet
from gateway.domain.registry import DEFAULT_TZ, Registry
from gateway.errors import StartError, StoreClosedError
from gateway.ingest.embedded import EmbeddedBroker
from gateway.ingest.ingest import Ingest, IngestPlan
from gateway.ingest.own import OWN_STATION
from gateway.ingest.retaining import Removal
from gateway.observability import Metrics
from gateway.queries.alert_watch import AlertWatch
from gateway.queries.alerts import AlertList
from gateway.queries.backtest import Backtest
from gateway.queries.feed import StationFeed
from gateway.queries.fleet_list import FleetList
from gateway.queries.minute import Minute, keep_telling
from gateway.queries.reports.reports import Reports
from gateway.queries.reports.subjects import Subject, subjects
from gateway.queries.reports.visit_hours import Ledger
from gateway.queries.retention import RetentionRecord
from gateway.queries.rota import OnCall
from gateway.queries.rules import RuleBook
from gateway.queries.station_detail import StationDetails
from gateway.state.births import Happening, JournalRow
from gateway.state.database import State
from gateway.timeseries import last_values
from gateway.timeseries.retention import Retention
from gateway.timeseries.store import Store
from wire.topics import Topics

if TYPE_CHECKING:
    from gateway.timeseries.mirror.opening import Mirroring

log = structlog.get_logger(__name__)

SAVE_STATIONS_S = 120.0
"""What a station says next tells the rest: twelve thousand rows cost 0.1 s of CPU."""
GC_THRESHOLD = 200_000
"""Frames are many small tuples without cycles; at Python's 700 the collector took a sixth of the CPU."""


def now_ms() -> int:
    """Read the clock: ms since the epoch, UTC."""
    return time.time_ns() // 1_000_000  # noqa: TID251 - a composition root


LAST_VALUES_MS = 2 * 3_600_000
"""How far back a start looks for last values: beyond it they would be shown as history anyway."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the parts of one gateway share."""

    settings: Settings
    registry: Registry
    store: Store
    state: State
    fleet: Fleet
    latest: Latest
    metrics: Metrics
    mqtt_url: str


@dataclass
class Gateway:
    """An open gateway; `run` serves until `stop`."""

    ingest: Ingest
    alarms: Alarms
    services: Services
    mirroring: "Mirroring | None"
    http_url: str
    mqtt_url: str
    _minute: Minute
    _server: Server
    _socket: socket.socket
    _saved_at: int = field(default=0)
    _rules_changed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, *, take_over: bool = False) -> AsyncIterator["Gateway"]:
        """Open stores, broker and doors; StartError or SettingsError says what is in the way."""
        async with AsyncExitStack() as undo:
            listener = undo.enter_context(listen(settings.http.host, settings.http.port))
            registry = Registry.load(settings.stations.file) if settings.stations.file else Registry()
            store, state = open_stores(settings, undo)
            url = await _broker_url(settings, undo)
            latest = Latest(store.series)
            parts = Parts(settings, registry, store, state, Fleet(), latest, Metrics(), url)
            ingest = _ingest(parts, take_over=take_over)
            alarms = await undo.enter_async_context(_open_alarms(parts))
            ingest.judge_with(alarms.consumer)
            mirroring = _open_mirror(parts, ingest, alarms, undo)
            retention = _retention(parts, mirroring)
            ingest.retain_with(Removal(retention.settings, retention.tables, retention.rows))
            services = _services(parts, ingest, alarms, mirroring, retention)
            api = create_api(services)
            add_console(api)
            server = Server(api)
            address = http_url(settings.http.host, listener.getsockname()[1])
            minute = Minute(
                parts.fleet,
                services.fleet_list,
                registry,
                parts.metrics,
                ingest.completeness,
                store.cursor,
            )
            yield cls(ingest, alarms, services, mirroring, address, url, minute, server, listener)

    async def run(self) -> None:
        """Serve until `stop`; everything that arrived by then is durable and acknowledged."""
        started = JournalRow(now_ms(), Happening.GATEWAY_START, None, {"http": self.http_url})
        await asyncio.to_thread(self.services.state.births.note, started)
        self.alarms.consumer.hear(started)
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 100)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._server.serve(sockets=[self._socket]), name="http")
            others = [
                group.create_task(self.services.feed.run(now_ms), name="feed"),
                group.create_task(self.services.watch.run(), name="watch-alerts"),
                group.create_task(self._save_stations(), name="save-stations"),
                group.create_task(self._take_up_rules(), name="take-up-rules"),
            ]
            if self.mirroring is not None:
                self.mirroring.start()
                telling = keep_telling(self.mirroring, self._minute, self.alarms.consumer.observe, now_ms)
                others.append(group.create_task(telling, name="tell-mirror"))
            alarms = group.create_task(self.alarms.run(), name="alarms")
            await self.ingest.run()
            self.services.backups.stop()
            if self.mirroring is not None:
                self.mirroring.stop()
            self.alarms.stop()
            await alarms
            for task in others:
                task.cancel()
            self.services.feed.close()
            self._server.should_exit = True
        await asyncio.to_thread(self._write_down)
        gc.unfreeze()

    def stop(self) -> None:
        """Ask `run` to end cleanly."""
        self.ingest.stop()

    def reload_rules(self) -> None:
        """Take up rule files that were changed; wrong ones are refused, and the log says where."""
        self._rules_changed.set()

    async def until_ready(self) -> None:
        """Wait until both doors are open."""
        await self.ingest.subscriber.connected.wait()
        await self._server.opened.wait()

    async def _take_up_rules(self) -> None:
        while True:
            await self._rules_changed.wait()
            self._rules_changed.clear()
            await self.ingest.pipeline.between_commits(self.alarms.reload)

    async def _save_stations(self) -> None:
        while True:
            await asyncio.sleep(SAVE_STATIONS_S)
            records = self.services.fleet.records(self._saved_at)
            self._saved_at = now_ms() - 1_000
            try:
                await asyncio.to_thread(self.services.state.stations.save, records)
            except SQLAlchemyError as error:
                log.warning("stations_not_saved", reason=str(error), next="trying again")

    def _write_down(self) -> None:
        """Leave nothing to repair: the ledger, the stations, the end of this run."""
        state = self.services.state
        try:
            self.ingest.write_ledger()
            state.stations.save(self.services.fleet.records())
            state.births.note(JournalRow(now_ms(), Happening.GATEWAY_STOP, None, {}))
        except (duckdb.Error, SQLAlchemyError, StoreClosedError) as error:
            log.warning("not_written_down", reason=str(error), next="the next start reads the frames instead")


def open_stores(settings: Settings, undo: AsyncExitStack) -> tuple[Store, State]:
    """Open both stores, created and migrated as needed; StartError says why not."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        state = undo.enter_context(State.open(settings.data_dir, now_ms()))
    except (OSError, SQLAlchemyError) as error:
        raise StartError(f"cannot open the state in {settings.data_dir}: {error}") from error
    store = Store(settings.data_dir / "store.duckdb")
    store.open()
    undo.callback(store.close)
    return store, state


async def _broker_url(settings: Settings, undo: AsyncExitStack) -> str:
    if settings.broker.url is not None:
        return settings.broker.url
    broker = await undo.enter_async_context(EmbeddedBroker(settings.broker.port))
    return f"mqtt://127.0.0.1:{broker.port}"


def _ingest(parts: Parts, *, take_over: bool) -> Ingest:
    """Build ingest, with everything the stores remember taken up."""
    settings = parts.settings
    plan = IngestPlan(
        settings.broker,
        parts.mqtt_url,
        settings.ack,
        settings.ingest,
        settings.regions,
        Topics(settings.topic_root),
        take_over,
        lambda station_id: settings.stations.accept_unknown or station_id in parts.registry,
        parts.registry.tz,
    )
    ingest = Ingest(plan, parts.store, parts.state, parts.fleet, parts.latest, parts.metrics, now_ms)
    for spec in parts.registry:
        parts.fleet.expect(spec.station_id, spec.region, spec.tz)
    parts.fleet.restore(parts.state.stations.load())
    for source in parts.store.sources.known:
        # heard for the first time shortly before a kill, and never born: only its frames tell of it
        if source.station_id not in parts.fleet and source.station_id != OWN_STATION:
            parts.fleet.expect(source.station_id, source.region, DEFAULT_TZ)
    try:
        ingest.restore()
        for domain, table in last_values.read(parts.store.cursor(), now_ms() - LAST_VALUES_MS):
            parts.latest.take(domain, table)
    except duckdb.Error as error:
        raise StartError(f"{parts.store.path} cannot be read: {error}; restore a backup of it") from error
    return ingest


def _open_alarms(parts: Parts) -> AbstractAsyncContextManager[Alarms]:
    """Build what goes on about alerts."""
    settings = parts.settings
    wishes = Wishes(
        settings.data_dir,
        settings.alerts,
        () if settings.rules.dir is None else (settings.rules.dir,),
        settings.on_call,
        settings.channels,
        None if settings.http.public_url is None else str(settings.http.public_url),
    )
    known = Known(parts.store, parts.state, parts.fleet, parts.registry, parts.latest, parts.metrics)
    return Alarms.open(wishes, known, now_ms)


def _region_of(fleet: Fleet, station_id: str) -> str | None:
    station = fleet.get(station_id)
    return None if station is None else station.region


def _open_mirror(parts: Parts, ingest: Ingest, alarms: Alarms, undo: AsyncExitStack) -> "Mirroring | None":
    """Build the mirror, if there is one; its client takes half a second to import."""
    settings = parts.settings.mirror.influxdb
    if settings is None:
        return None
    from gateway.queries.reports.mirror_sources import sources_of  # noqa: PLC0415 - only with a mirror
    from gateway.timeseries.mirror.opening import Mirroring, Origin  # noqa: PLC0415 - the same

    def stations() -> dict[str, Subject]:
        return {one.station_id: one for one in subjects(parts.fleet, parts.registry, None)}

    rules = RuleBook(lambda: alarms.catalogue, parts.registry)
    ledger = Ledger(alarms.calendar, parts.settings.reports.staff_credentials)
    further = sources_of(ledger, stations, parts.state.publications, now_ms)
    origin = Origin(
        parts.store, parts.state, lambda: ingest.pipeline.durable_upto, rules.rule, now_ms, further
    )
    mirroring = Mirroring(settings, parts.settings.data_dir, origin, parts.metrics.registry)
    return undo.enter_context(mirroring)


def _retention(parts: Parts, mirroring: "Mirroring | None") -> RetentionRecord:
    mirrored_upto = (lambda: sys.maxsize) if mirroring is None else mirroring.mirrored_upto
    tables = Retention(parts.store, mirrored_upto)
    return RetentionRecord(parts.settings.retention, tables, parts.state.retention)


def _readiness(ingest: Ingest, mirroring: "Mirroring | None") -> dict[str, str]:
    """Return what ingest says of its parts, and how the mirror is."""
    return ingest.readiness() | ({} if mirroring is None else {"mirror": mirroring.condition})


def _services(
    parts: Parts,
    ingest: Ingest,
    alarms: Alarms,
    mirroring: "Mirroring | None",
    retention: RetentionRecord,
) -> Services:
    fleet_list = FleetList(parts.fleet, parts.registry)
    feed = StationFeed(parts.fleet, fleet_list)
    rules = RuleBook(lambda: alarms.catalogue, parts.registry)
    region_of = partial(_region_of, parts.fleet)
    alert_list = AlertList(parts.state.alerts, parts.registry, rules.rule, alarms.consumer.pending, region_of)
    rota = None if alarms.alerting.plan.on_call is None else alarms.alerting.policy.rota
    on_call = OnCall(rota, alarms.calendar, parts.state.rota_overrides, alarms.service.working)
    return Services(
        settings=parts.settings.http,
        clock=now_ms,
        fleet=parts.fleet,
        registry=parts.registry,
        state=parts.state,
        fleet_list=fleet_list,
        details=StationDetails(
            parts.fleet, parts.registry, fleet_list, parts.latest.devices, ingest.completeness
        ),
        feed=feed,
        alerts=alert_list,
        life=alarms.alerting.alerts,
        watch=AlertWatch(alert_list, fleet_list, feed),
        rules=rules,
        on_call=on_call,
        backtest=Backtest(
            History(parts.store, parts.state.births), parts.registry, alarms.calendar, alert_list, on_call
        ),
        reports=Reports(
            parts.fleet,
            parts.registry,
            parts.state,
            Ledger(alarms.calendar, parts.settings.reports.staff_credentials),
            parts.store.cursor,
        ),
        links=alarms.links,
        retention=retention,
        cursor=parts.store.cursor,
        send_command=ingest.send_command,
        replay=ingest.replay,
        correct=ingest.corrections.correct,
        backups=RunningBackups(Backups(parts.store, parts.state, now_ms), ingest.pipeline.between_commits),
        readiness=partial(_readiness, ingest, mirroring),
        metrics=parts.metrics.registry,
    )
