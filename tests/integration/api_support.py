"""A gateway without ingest: real store, real database, real HTTP, and a clock that is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from catalogue.catalogue import Catalogue
from catalogue.model import Rule
from gateway.alerting.detection.lane import Pending
from gateway.alerting.detection.recovery import History
from gateway.alerting.response.deciding import Policy
from gateway.alerting.response.emergency import Emergency
from gateway.alerting.response.life import Alerts
from gateway.alerting.response.settings import AlertSettings, OnCallSettings, days, nobody_on_call
from gateway.alerting.response.surroundings import StationFacts, Surroundings
from gateway.api.application import create_api
from gateway.api.services import Services
from gateway.api.settings import HttpSettings
from gateway.backup.running import RunningBackups
from gateway.backup.taking import Backups
from gateway.batch.batch import FRAME_SCHEMA, Batch
from gateway.batch.latest import Latest
from gateway.domain.alerts import Change, Key, Transition, alert_id
from gateway.domain.corrections import Wish
from gateway.domain.fleet import Fleet
from gateway.domain.holidays import Holidays
from gateway.domain.registry import Registry
from gateway.domain.retention import RetentionSettings
from gateway.ingest.corrector import Corrector
from gateway.notify.links import Links
from gateway.queries.alert_watch import AlertWatch
from gateway.queries.alerts import AlertList
from gateway.queries.backtest import Backtest
from gateway.queries.feed import StationFeed
from gateway.queries.fleet_list import FleetList
from gateway.queries.reports.reports import Reports
from gateway.queries.reports.visit_hours import Ledger
from gateway.queries.retention import RetentionRecord
from gateway.queries.rota import OnCall
from gateway.queries.rules import RuleBook
from gateway.queries.station_detail import StationDetails
from gateway.state.commands import CommandRecord
from gateway.state.corrections import Correction
from gateway.state.database import State
from gateway.state.quarantined import Replayed
from gateway.timeseries.retention import Retention
from gateway.timeseries.store import Store
from wire.columns import field_types

NOW = 1_795_334_400_000
"""2026-11-22T08:00:00Z, 16:00 in China."""
STREAM = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"

Row = Mapping[str, Any]


def _rule(rule_id: str, severity: str, *, life_safety: bool = False) -> Rule:
    return Rule.model_validate(
        {
            "id": rule_id,
            "name": {"zh": f"规则 {rule_id}", "en": f"Rule {rule_id}"},
            "kind": "threshold",
            "subject": "water.water_flow_l_per_min",
            "parameters": {
                "burst": {"value": 25, "unit": "L/min", "source": "own", "profiles": {"trucker_home": 60}}
            },
            "with": {},
            "levels": [
                {"if": {"field": "water_flow_l_per_min", "above": {"param": "burst"}}, "severity": severity}
            ],
            "life_safety": life_safety,
            "first_action": {"zh": "关闭 <总阀>", "en": "Close the <main valve>"},
            "reason": {"zh": "漏水", "en": "A leak"},
            "source": "own",
        }
    )


RULES = {
    "WA-02": _rule("WA-02", "P1"),
    "WA-07": _rule("WA-07", "P3"),
    "EN-01": _rule("EN-01", "P1", life_safety=True),
}
TWO_PEOPLE = OnCallSettings.model_validate(
    {
        "people": {
            "li": {"name": "李", "channels": ["wecom"]},
            "zhao": {"name": "Zhao", "channels": ["mail"]},
        },
        "layers": [
            {
                "name": "nights",
                "people": ["li"],
                "first_day": "2026-01-01",
                "hours": [{"days": "mon-sun", "from": "15:00", "to": "09:00"}],
            }
        ],
        "fallback": "zhao",
    }
)


@dataclass
class House:
    """Everything the API rests on; ``answers`` is what the parts not built here would say."""

    store: Store
    state: State
    fleet: Fleet
    latest: Latest
    registry: Registry
    now: int = NOW
    sent: list[tuple[CommandRecord, str]] = field(default_factory=list)
    readiness: dict[str, str] = field(default_factory=lambda: {"store": "ok", "engine": "ok", "broker": "ok"})
    completeness: dict[str, int] = field(default_factory=dict)
    replayed: Replayed = field(default_factory=lambda: Replayed(taken=True))
    on_call: OnCallSettings | None = None
    catalogue: Catalogue = field(default_factory=lambda: Catalogue(RULES, {}, {}, {"WA-21": "flat rate"}))
    pending: list[Pending] = field(default_factory=list)
    working: set[str] = field(default_factory=lambda: {"wecom", "sms"})
    watermark: int = 0

    def __post_init__(self) -> None:
        self.fleet_list = FleetList(self.fleet, self.registry)
        self.feed = StationFeed(self.fleet, self.fleet_list)
        self.rules = RuleBook(lambda: self.catalogue, self.registry)
        self.alerts = AlertList(
            self.state.alerts, self.registry, self.rules.rule, lambda: self.pending, self._region
        )
        self.watch = AlertWatch(self.alerts, self.fleet_list, self.feed)
        self.links = Links(b"k" * 32)
        backups = Backups(self.store, self.state, lambda: self.now)
        self.running_backups = RunningBackups(backups, asyncio.to_thread)
        self.corrector = Corrector(self.state.corrections, self.store, self.latest, lambda: self.now)
        self.calendar = Holidays()
        people = self.on_call or nobody_on_call()
        policy = Policy(
            Surroundings(self.catalogue.rules.get, lambda station_id: StationFacts(self._region(station_id))),
            people,
            people.rota(self.calendar),
            days(people, AlertSettings()),
            0,
        )
        emergency = Emergency(policy, self.state.rota_overrides.unended)
        self.life = Alerts(self.state, policy, AlertSettings(), emergency)

    def services(self, settings: HttpSettings | None = None) -> Services:
        """Wire the parts the way the application does."""
        rota = None if self.on_call is None else self.on_call.rota(self.calendar)
        on_call = OnCall(rota, self.calendar, self.state.rota_overrides, lambda: self.working)
        return Services(
            settings=settings or HttpSettings(),
            clock=lambda: self.now,
            fleet=self.fleet,
            registry=self.registry,
            state=self.state,
            fleet_list=self.fleet_list,
            details=StationDetails(
                self.fleet, self.registry, self.fleet_list, self.latest.devices, lambda _: self.completeness
            ),
            feed=self.feed,
            alerts=self.alerts,
            life=self.life,
            watch=self.watch,
            rules=self.rules,
            on_call=on_call,
            links=self.links,
            reports=Reports(self.fleet, self.registry, self.state, Ledger(self.calendar), self.store.cursor),
            backtest=Backtest(
                History(self.store, self.state.births), self.registry, self.calendar, self.alerts, on_call
            ),
            retention=RetentionRecord(
                RetentionSettings(), Retention(self.store, lambda: -1), self.state.retention
            ),
            cursor=self.store.cursor,
            send_command=self._send,
            replay=self._replay,
            correct=self._correct,
            backups=self.running_backups,
            readiness=lambda: self.readiness,
            metrics=CollectorRegistry(),
        )

    def opens(self, rule: str, severity: str = "P2", **more: Any) -> str:  # noqa: ANN401 - any field
        """Let an alert open now; return its id."""
        key = Key(rule, more.pop("station_id", "louxing-07"), more.pop("device", "main"))
        figures = {"value": 28.0, "limit": 25.0} | more
        self._happen(Transition(key, Change.OPENED, severity, self.now, self.now, self.now, **figures))
        return alert_id(key, self.now)

    def storm(self, count: int) -> None:
        """Let so many alerts open at once, each at a station of its own."""
        keys = [Key("WA-07", f"s-{n}", "main") for n in range(count)]
        opened = [Transition(key, Change.OPENED, "P3", self.now, self.now, self.now) for key in keys]
        self._happen(*opened)

    def clears(self, rule: str, severity: str, opened: int) -> None:
        """Let the condition of an alert clear now."""
        key = Key(rule, "louxing-07", "main")
        self._happen(Transition(key, Change.CLEARED, severity, opened, self.now, self.now))

    def _happen(self, *transitions: Transition) -> None:
        self.watermark += 1
        self.life.apply(transitions, self.watermark, self.now)

    def _region(self, station_id: str) -> str | None:
        station = self.fleet.get(station_id)
        return None if station is None else station.region

    async def _send(self, command: CommandRecord, region: str) -> None:
        self.sent.append((command, region))

    async def _correct(self, wish: Wish) -> tuple[Correction, bool]:
        decided, shown = self.corrector.correct(wish)
        for one in shown:
            self.latest.correct(*one)
        return decided, decided.id not in self.corrector.waiting

    async def _replay(self, entry_id: str) -> Replayed:
        self.state.quarantine.mark_replayed(entry_id, self.now)
        return self.replayed

    def write(self, station_id: str, domain: str, rows: Sequence[Row], *, events: bool = False) -> None:
        """Store readings of one station, each a dict of device, ts, fields, and suspect, quality, epoch."""
        batch = batch_of(self.store, station_id, domain, rows, events=events)
        self.store.consume([batch])
        self.store.next_frame += 1
        self.latest.update(batch)

    def hear(self, station_id: str, region: str = "louxing") -> None:
        """Let a station be online."""
        self.fleet.heard(station_id, region, self.now, fresh=True)


def batch_of(store: Store, station_id: str, domain: str, rows: Sequence[Row], *, events: bool) -> Batch:
    """Return rows as the batch of one frame."""
    frame = store.next_frame
    source = store.sources.number("louxing", station_id, STREAM)
    count = len(rows)
    devices = pa.array([row["device"] for row in rows], pa.string())
    series = store.series.number(domain, store.series.stations([station_id] * count), devices)
    columns: dict[str, pa.Array] = {
        "frame": pa.array([frame] * count, pa.int64()),
        "idx": pa.array(range(count), pa.int16()),
        "series": pa.array(series, pa.int32()),
        "ts": pa.array([row["ts"] for row in rows], pa.int64()),
        "quality": pa.array([row.get("quality") for row in rows], pa.string()),
        "epoch": pa.array([row.get("epoch") for row in rows], pa.int32()),
        "suspect": pa.array([row.get("suspect") for row in rows], pa.list_(pa.string())),
    }
    types = dict(field_types(domain)) | ({"event": pa.string()} if events else {})
    for name, kind in types.items():
        values = [row.get(name) for row in rows]
        if any(value is not None for value in values):
            columns[name] = pa.array(values, kind)
    table = pa.table(columns)
    frames = {
        "frame": frame,
        "source": source,
        "seq": frame + 1,
        "lane": "telemetry",
        "class": "sample",
        "sent": NOW,
        "received": NOW,
        "correction": 0,
        "clock": None,
        "oldest": 1,
        "late": False,
        "digest": None,
    }
    return Batch(
        frames=pa.table({name: [value] for name, value in frames.items()}, schema=FRAME_SCHEMA),
        samples={} if events else {domain: table},
        events={domain: table} if events else {},
    )


@contextlib.contextmanager
def open_house(
    data_dir: Path, registry: Registry | None = None, on_call: OnCallSettings | None = None
) -> Iterator[House]:
    """Open a store and a database in ``data_dir``, with a broker connected long ago."""
    store = Store(data_dir / "timeseries.duckdb")
    store.open()
    fleet = Fleet()
    fleet.broker_connected(0)
    try:
        with State.open(data_dir, NOW, reserve_bytes=4_096) as state:
            yield House(store, state, fleet, Latest(store.series), registry or Registry(), on_call=on_call)
    finally:
        store.close()


@contextlib.asynccontextmanager
async def client_of(app: FastAPI, **options: Any) -> AsyncIterator[httpx.AsyncClient]:  # noqa: ANN401 - keys of a body
    """Speak HTTP to an application in this process."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", **options) as client:
        yield client


@contextlib.asynccontextmanager
async def client_for(house: House, settings: HttpSettings | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Speak HTTP to the API of a house."""
    async with client_of(create_api(house.services(settings))) as client:
        yield client


async def settle() -> None:
    """Let every task that can run run once."""
    await asyncio.sleep(0)
