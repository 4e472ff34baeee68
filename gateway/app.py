"""The whole gateway as a value.

`async with Gateway.open(settings) as gateway:` builds it, knows its real ports and closes it. The one place that wires parts together and reads the clock.
"""

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import duckdb
import structlog
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from gateway.api.application import create_api
from gateway.api.services import Services
from gateway.batch.latest import Latest
from gateway.config import Settings
from gateway.console.pages import add_console
from gateway.domain.fleet import Fleet
from gateway.domain.registry import Registry
from gateway.errors import StartError, StoreClosedError
from gateway.ingest.embedded import EmbeddedBroker
from gateway.ingest.ingest import Ingest, IngestPlan
from gateway.observability import Metrics
from gateway.queries.feed import StationFeed
from gateway.queries.fleet_list import FleetList
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


@dataclass
class Gateway:
    """An open gateway; `run` serves until `stop`."""

    settings: Settings
    ingest: Ingest
    services: Services
    http_url: str
    mqtt_url: str
    _server: "_Server"
    _socket: socket.socket
    _store: Store
    _saved_at: int = field(default=0)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, *, take_over: bool = False) -> AsyncIterator["Gateway"]:
        """Open stores, broker and doors; StartError or SettingsError says what is in the way."""
        async with AsyncExitStack() as undo:
            listener = undo.enter_context(_listen(settings.http.host, settings.http.port))
            registry = _registry(settings)
            store, state = open_stores(settings, undo)
            mqtt_url = await _broker_url(settings, undo)
            metrics = Metrics()
            fleet, latest = Fleet(), Latest(store.series)
            plan = IngestPlan(
                settings.broker,
                mqtt_url,
                settings.ack,
                settings.ingest,
                settings.regions,
                Topics(settings.topic_root),
                take_over,
            )
            ingest = Ingest(plan, store, state, fleet, latest, metrics, now_ms)
            _restore(ingest, state, store, fleet, latest, registry)
            services = _services(settings, registry, store, state, fleet, latest, metrics, ingest)
            api = create_api(services)
            add_console(api)
            server = _Server(
                uvicorn.Config(api, log_config=None, lifespan="off", ws="none", access_log=False)
            )
            url = f"http://{settings.http.host}:{listener.getsockname()[1]}"
            yield cls(settings, ingest, services, url, mqtt_url, server, listener, store)

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
        while not (self._server.started and self.ingest.subscriber.is_connected):
            await asyncio.sleep(0.02)

    async def _save_stations(self) -> None:
        while True:
            await asyncio.sleep(SAVE_STATIONS_S)
            records = self.services.fleet.records(self._saved_at)
            self._saved_at = now_ms() - 1_000
            try:
                await asyncio.to_thread(self.services.state.stations.save, records)
            except SQLAlchemyError as error:
                log.error("stations_not_saved", reason=str(error), next="trying again")

    def _write_down(self) -> None:
        """Leave nothing to repair: the ledger, the stations, the end of this run."""
        state = self.services.state
        try:
            self.ingest.snapshot()
            state.stations.save(self.services.fleet.records())
            state.births.note(JournalRow(now_ms(), Happening.GATEWAY_STOP, None, {}))
        except (duckdb.Error, SQLAlchemyError, StoreClosedError) as error:
            log.error("not_written_down", reason=str(error), next="the next start reads the frames instead")


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the command line decides when to stop."""

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


def _registry(settings: Settings) -> Registry:
    file = settings.stations.file
    return Registry.load(file) if file is not None else Registry()


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


def _restore(
    ingest: Ingest, state: State, store: Store, fleet: Fleet, latest: Latest, registry: Registry
) -> None:
    for spec in registry:
        fleet.expect(spec.station_id, spec.region, spec.tz)
    fleet.restore(state.stations.load())
    ingest.restore()
    for domain, table in last_values.read(
        store.cursor(), now_ms() - int(timedelta(hours=2).total_seconds() * 1000)
    ):
        latest.take(domain, table)


def _services(  # noqa: PLR0913 - the junction of all parts
    settings: Settings,
    registry: Registry,
    store: Store,
    state: State,
    fleet: Fleet,
    latest: Latest,
    metrics: Metrics,
    ingest: Ingest,
) -> Services:
    fleet_list = FleetList(fleet, registry)

    def readiness() -> Mapping[str, str]:
        claimed = [
            f"{region} is claimed by gateway {holder}" for region, holder in ingest.claims.foreign().items()
        ]
        failure = ingest.pipeline.failure or store.failure
        return {
            "store": "ok" if failure is None else failure,
            "engine": "ok",
            "broker": "ok" if ingest.subscriber.is_connected else "not connected",
            **({"regions": "; ".join(claimed) + "; stop it, or start with --take-over"} if claimed else {}),
        }

    return Services(
        settings=settings.http,
        clock=now_ms,
        fleet=fleet,
        registry=registry,
        state=state,
        fleet_list=fleet_list,
        details=StationDetails(fleet, registry, fleet_list, latest.devices, ingest.completeness),
        feed=StationFeed(fleet, fleet_list),
        cursor=store.cursor,
        send_command=ingest.send_command,
        replay=ingest.replay,
        readiness=readiness,
        metrics=metrics.registry,
    )
