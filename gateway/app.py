"""The whole gateway as a value.

`async with Gateway.open(settings) as gateway:` builds it, knows its real ports and closes it. The one place
that wires parts together and reads the clock.
"""

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial

import duckdb
import structlog
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from catalogue.catalogue import Catalogue
from catalogue.loading import load as load_rules
from gateway.alerting.deciding import Policy
from gateway.alerting.emergency import Emergency
from gateway.alerting.life import Alerts
from gateway.alerting.settings import AlertSettings, OnCallSettings, days, nobody_on_call
from gateway.alerting.surroundings import StationFacts, Surroundings
from gateway.api.application import create_api
from gateway.api.services import Services
from gateway.batch.latest import Latest
from gateway.config import Settings
from gateway.console.pages import add_console
from gateway.domain.fleet import Fleet
from gateway.domain.holidays import FILE_NAME as HOLIDAYS_FILE
from gateway.domain.holidays import Holidays
from gateway.domain.registry import Registry
from gateway.errors import StartError, StoreClosedError
from gateway.ingest.embedded import EmbeddedBroker
from gateway.ingest.ingest import Ingest, IngestPlan
from gateway.notify.links import Links, load_key
from gateway.observability import Metrics
from gateway.queries.alert_watch import AlertWatch
from gateway.queries.alerts import AlertList
from gateway.queries.feed import StationFeed
from gateway.queries.fleet_list import FleetList
from gateway.queries.rota import OnCall
from gateway.queries.rules import RuleBook
from gateway.queries.station_detail import StationDetails
from gateway.state.births import Happening, JournalRow
from gateway.state.database import State
from gateway.timeseries import last_values
from gateway.timeseries.store import Store
from wire.topics import Topics

log = structlog.get_logger(__name__)

SAVE_STATIONS_S = 30.0
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
    services: Services
    http_url: str
    mqtt_url: str
    _server: "_Server"
    _socket: socket.socket
    _saved_at: int = field(default=0)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, *, take_over: bool = False) -> AsyncIterator["Gateway"]:
        """Open stores, broker and doors; StartError or SettingsError says what is in the way."""
        async with AsyncExitStack() as undo:
            listener = undo.enter_context(_listen(settings.http.host, settings.http.port))
            registry = Registry.load(settings.stations.file) if settings.stations.file else Registry()
            store, state = open_stores(settings, undo)
            url = await _broker_url(settings, undo)
            latest = Latest(store.series)
            parts = Parts(settings, registry, store, state, Fleet(), latest, Metrics(), url)
            ingest = _ingest(parts, take_over=take_over)
            services = _services(parts, ingest)
            api = create_api(services)
            add_console(api)
            server = _Server(
                uvicorn.Config(api, log_config=None, lifespan="off", ws="none", access_log=False)
            )
            http_url = f"http://{settings.http.host}:{listener.getsockname()[1]}"
            yield cls(ingest, services, http_url, url, server, listener)

    async def run(self) -> None:
        """Serve until `stop`; everything that arrived by then is durable and acknowledged."""
        started = JournalRow(now_ms(), Happening.GATEWAY_START, None, {"http": self.http_url})
        await asyncio.to_thread(self.services.state.births.note, started)
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 100)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._server.serve(sockets=[self._socket]), name="http")
            others = [
                group.create_task(self.services.feed.run(now_ms), name="feed"),
                group.create_task(self.services.watch.run(), name="watch-alerts"),
                group.create_task(self._save_stations(), name="save-stations"),
            ]
            await self.ingest.run()
            for task in others:
                task.cancel()
            self.services.feed.close()
            self._server.should_exit = True
        await asyncio.to_thread(self._write_down)
        gc.unfreeze()

    def stop(self) -> None:
        """Ask `run` to end cleanly."""
        self.ingest.stop()

    async def until_ready(self) -> None:
        """Wait until both doors are open."""
        await self.ingest.subscriber.connected.wait()
        await self._server.opened.wait()

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


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the command line decides when to stop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.opened = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.opened.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise StartError(
                f"http: cannot listen on {host}:{port}: {error.strerror}; choose another port"
            ) from error
        yield listener


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
    )
    ingest = Ingest(plan, parts.store, parts.state, parts.fleet, parts.latest, parts.metrics, now_ms)
    for spec in parts.registry:
        parts.fleet.expect(spec.station_id, spec.region, spec.tz)
    parts.fleet.restore(parts.state.stations.load())
    try:
        ingest.restore()
        for domain, table in last_values.read(parts.store.cursor(), now_ms() - LAST_VALUES_MS):
            parts.latest.take(domain, table)
    except duckdb.Error as error:
        raise StartError(f"{parts.store.path} cannot be read: {error}; restore a backup of it") from error
    return ingest


def _life(parts: Parts, on_call: OnCallSettings, catalogue: Catalogue, calendar: Holidays) -> Alerts:
    alerting = AlertSettings()

    def known(station_id: str) -> StationFacts:
        station = parts.fleet.get(station_id)
        tz = parts.registry.tz(station_id)
        if station is None:
            return StationFacts(tz=tz)
        return StationFacts(station.region, tz, heard=station.last_seen)

    surroundings = Surroundings(catalogue.rules.get, known, tuple(catalogue.circumstances.values()))
    rota = on_call.rota(calendar)
    policy = Policy(surroundings, on_call, rota, days(on_call, alerting), now_ms())
    return Alerts(parts.state, policy, alerting, Emergency(policy, parts.state.rota_overrides.unended))


def _region_of(fleet: Fleet, station_id: str) -> str | None:
    station = fleet.get(station_id)
    return None if station is None else station.region


def _services(parts: Parts, ingest: Ingest) -> Services:
    fleet_list = FleetList(parts.fleet, parts.registry)
    feed = StationFeed(parts.fleet, fleet_list)
    catalogue, calendar = load_rules(), Holidays.load(parts.settings.data_dir / HOLIDAYS_FILE)
    rules = RuleBook(lambda: catalogue, parts.registry)
    alert_list = AlertList(
        parts.state.alerts, parts.registry, rules.rule, list, partial(_region_of, parts.fleet)
    )
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
        life=_life(parts, nobody_on_call(), catalogue, calendar),
        watch=AlertWatch(alert_list, fleet_list, feed),
        rules=rules,
        on_call=OnCall(None, calendar, parts.state.rota_overrides, frozenset),
        links=Links(load_key(parts.settings.data_dir)),
        cursor=parts.store.cursor,
        send_command=ingest.send_command,
        replay=ingest.replay,
        readiness=ingest.readiness,
        metrics=parts.metrics.registry,
    )
