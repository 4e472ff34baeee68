"""What the API needs of the rest of the gateway, as one value that `app` fills in."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import duckdb
from prometheus_client import CollectorRegistry

from gateway.api.settings import HttpSettings
from gateway.domain.fleet import Fleet
from gateway.domain.registry import Registry
from gateway.queries.feed import StationFeed
from gateway.queries.fleet_list import FleetList
from gateway.queries.station_detail import StationDetails
from gateway.state.commands import CommandRecord
from gateway.state.database import State
from gateway.state.quarantined import Replayed

READERS = 2
"""Readings are read by this many threads at most: the store has its own work to do."""


@dataclass(frozen=True)
class Services:
    """Everything a route may ask.

    ``clock`` gives ms UTC. ``cursor`` gives a DuckDB cursor of the caller's own, or raises StoreClosedError.
    ``send_command`` publishes a command already written down (region second) and sends it again until
    its time is over; ``replay`` offers one quarantine entry to ingest again. ``readiness`` gives ``ok``
    or what is wrong for ``store``, ``engine`` and ``broker`` (and more, if it likes).
    """

    settings: HttpSettings
    clock: Callable[[], int]
    fleet: Fleet
    registry: Registry
    state: State
    fleet_list: FleetList
    details: StationDetails
    feed: StationFeed
    cursor: Callable[[], duckdb.DuckDBPyConnection]
    send_command: Callable[[CommandRecord, str], Awaitable[None]]
    replay: Callable[[str], Awaitable[Replayed]]
    readiness: Callable[[], Mapping[str, str]]
    metrics: CollectorRegistry
    readers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READERS))
