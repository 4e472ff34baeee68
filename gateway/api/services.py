"""What the API needs of the rest of the gateway, as one value that `app` fills in."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import duckdb
from prometheus_client import CollectorRegistry

from gateway.alerting.response.life import Alerts
from gateway.api.settings import HttpSettings
from gateway.backup.running import RunningBackups
from gateway.domain.corrections import Wish
from gateway.domain.fleet import Fleet
from gateway.domain.registry import Registry
from gateway.notify.links import Links
from gateway.queries.alert_watch import AlertWatch
from gateway.queries.alerts import AlertList
from gateway.queries.backtest import Backtest
from gateway.queries.feed import StationFeed
from gateway.queries.fleet_list import FleetList
from gateway.queries.reports.reports import Reports
from gateway.queries.retention import RetentionRecord
from gateway.queries.rota import OnCall
from gateway.queries.rules import RuleBook
from gateway.queries.station_detail import StationDetails
from gateway.state.commands import CommandRecord
from gateway.state.corrections import Correction
from gateway.state.database import State
from gateway.state.quarantined import Replayed

READERS = 2
"""Readings are read by this many threads at most: the store has its own work to do."""


@dataclass(frozen=True)
class Services:
    """Everything a route may ask.

    ``clock`` gives ms UTC. ``cursor`` gives a DuckDB cursor of the caller's own, or raises StoreClosedError.
    ``life`` changes alerts, ``alerts`` lists them, ``watch`` sees what changed; ``links`` reads the links of
    messages, and one of those acts at a time (``tapping``); so does one ``backtest`` (``judging``).
    ``send_command`` publishes a command already written down (region second) and sends it again until
    its time is over; ``replay`` offers one quarantine entry to ingest again; ``correct`` decides a
    correction and says whether it is carried out. ``readiness`` gives ``ok`` or what is wrong for ``store``,
    ``engine`` and ``broker`` (and more, if it likes). ``stopping`` is set once the server closes.
    """

    settings: HttpSettings
    clock: Callable[[], int]
    fleet: Fleet
    registry: Registry
    state: State
    fleet_list: FleetList
    details: StationDetails
    feed: StationFeed
    alerts: AlertList
    life: Alerts
    watch: AlertWatch
    rules: RuleBook
    on_call: OnCall
    links: Links
    backtest: Backtest
    reports: Reports
    retention: RetentionRecord
    backups: RunningBackups
    cursor: Callable[[], duckdb.DuckDBPyConnection]
    send_command: Callable[[CommandRecord, str], Awaitable[None]]
    replay: Callable[[str], Awaitable[Replayed]]
    correct: Callable[[Wish], Awaitable[tuple[Correction, bool]]]
    readiness: Callable[[], Mapping[str, str]]
    metrics: CollectorRegistry
    tapping: asyncio.Lock = field(default_factory=asyncio.Lock)
    judging: asyncio.Lock = field(default_factory=asyncio.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)
    readers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READERS))
