"""Alerts of one gateway as one value: the engine that judges, the life of what it finds, and who is told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import duckdb
import structlog
from sqlalchemy.exc import SQLAlchemyError

from catalogue.catalogue import Catalogue
from catalogue.documents import CatalogueError
from catalogue.loading import load
from catalogue.model import Rule
from gateway.alerting.detection.consumer import AlertConsumer
from gateway.alerting.detection.detection import Detection
from gateway.alerting.detection.recovery import History
from gateway.alerting.detection.snapshot import SnapshotFile
from gateway.alerting.listed_regions import ListedRegions
from gateway.alerting.response.around import StationBook
from gateway.alerting.response.assembly import Alerting, Plan
from gateway.alerting.response.service import AlertService
from gateway.alerting.response.settings import CONSOLE, AlertSettings, OnCallSettings
from gateway.alerting.response.surroundings import Surroundings
from gateway.batch.latest import Latest
from gateway.domain.alerts import Transition
from gateway.domain.fleet import Fleet
from gateway.domain.holidays import FILE_NAME, Holidays
from gateway.domain.observation import Observation
from gateway.domain.registry import Registry
from gateway.errors import NotDurableError, SettingsError, StartError
from gateway.notify.channels import AnyChannel, open_channels
from gateway.notify.console_log import ConsoleLogSettings
from gateway.notify.links import Links, load_key
from gateway.notify.posting import open_client
from gateway.observability import Metrics
from gateway.state.database import State
from gateway.timeseries.store import Store

log = structlog.get_logger(__name__)

OBSERVE_S = 10.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings say of alerts; ``rules`` are folders over the built-in catalogue."""

    data_dir: Path
    alerts: AlertSettings
    rules: Sequence[Path] = ()
    on_call: OnCallSettings | None = None
    channels: Mapping[str, AnyChannel] | None = None
    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the gateway knows that alerts ask of."""

    store: Store
    state: State
    fleet: Fleet
    registry: Registry
    latest: Latest
    metrics: Metrics


@dataclass
class Alarms:
    """Opened after the stores are; `run` until `stop`."""

    alerting: Alerting
    consumer: AlertConsumer
    service: AlertService
    links: Links
    calendar: Holidays
    _detection: Detection
    _regions: ListedRegions
    _wishes: Wishes
    _clock: Callable[[], int]

    @classmethod
    @asynccontextmanager
    async def open(cls, wishes: Wishes, known: Known, clock: Callable[[], int]) -> AsyncIterator["Alarms"]:
        """Judge what is stored and was not judged yet; StartError, SettingsError say what is in the way."""
        async with AsyncExitStack() as undo:
            catalogue = rules_of(wishes.rules)
            calendar = Holidays.load(wishes.data_dir / FILE_NAME)
            links = Links(load_key(wishes.data_dir))
            detection: Detection

            def rule(rule_id: str) -> Rule | None:
                return detection.catalogue.rules.get(rule_id)

            alerting = _people(wishes, known, calendar, links, (rule, catalogue), clock)

            def urgently(transitions: Sequence[Transition], now: int) -> None:
                alerting.emergency.hear(transitions, now)
                alerting.alerts.wake()

            detection = Detection(
                catalogue,
                History(known.store, known.state.births),
                known.registry,
                calendar,
                alerting.alerts,
                SnapshotFile(wishes.data_dir / "engine.snapshot"),
                clock,
                urgently,
            )
            client = await undo.enter_async_context(open_client())
            told = {CONSOLE: ConsoleLogSettings(), **(wishes.channels or {})}
            channels = open_channels(told, client, known.metrics)
            consumer = _recovered(detection)
            service = await undo.enter_async_context(
                AlertService.open(alerting, channels, client, lambda: consumer.ticked)
            )
            regions = ListedRegions(known.fleet, known.registry)
            yield cls(alerting, consumer, service, links, calendar, detection, regions, wishes, clock)

    @property
    def catalogue(self) -> Catalogue:
        """The rules in force."""
        return self._detection.catalogue

    async def run(self) -> None:
        """Send, tend and watch until `stop`."""
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._observe(), name="alerts-observe")
            await self.service.run()
            watching.cancel()

    def stop(self) -> None:
        """Ask `run` to end."""
        self.service.stop()

    def reload(self) -> None:
        """Go on with the rules as they are on the disk now; wrong ones are refused and the old ones stay.

        Call it in the committing thread, between two commits.
        """
        try:
            catalogue = load(self._wishes.rules)
        except CatalogueError as error:
            log.error("rules_refused", reason=str(error), next="the rules before stay in force")  # noqa: TRY400 - the sentence says all
            return
        changed = self._detection.reload(catalogue, self.consumer)
        log.info("rules_reloaded", changed=changed)

    async def _observe(self) -> None:
        while True:
            now = self._clock()
            try:
                observed = await asyncio.to_thread(self.service.observations, now)
            except SQLAlchemyError as error:
                log.warning("alerts_not_observed", reason=str(error), next="trying again")
                observed = []
            self._hear(chain(observed, self._regions.observations()))
            await asyncio.sleep(OBSERVE_S)

    def _hear(self, observed: Iterable[Observation]) -> None:
        for observation in observed:
            self.consumer.observe(observation)


def rules_of(folders: Sequence[Path]) -> Catalogue:
    """Return the catalogue with the rules of the folders over it; SettingsError names file and line."""
    try:
        return load(folders)
    except CatalogueError as error:
        raise SettingsError(f"rules: {error}") from error


def _people(
    wishes: Wishes,
    known: Known,
    calendar: Holidays,
    links: Links,
    rules: tuple[Callable[[str], Rule | None], Catalogue],
    clock: Callable[[], int],
) -> Alerting:
    rule, catalogue = rules
    circumstances = tuple(catalogue.circumstances.values())
    book = StationBook(
        known.fleet, known.registry, known.latest.devices, known.state.births.started, circumstances, clock
    )
    surroundings = Surroundings(rule, book.facts, circumstances)
    plan = Plan(wishes.alerts, calendar, wishes.on_call, wishes.public_url)
    return Alerting.over(
        known.state,
        surroundings,
        plan,
        known.registry.name,
        links,
        clock,
        lambda reason: known.metrics.alerts_kept.labels(reason).inc(),
    )


def _recovered(detection: Detection) -> AlertConsumer:
    try:
        return detection.open()
    except (duckdb.Error, SQLAlchemyError, NotDurableError) as error:
        raise StartError(f"alerts cannot take up where they ended: {error}") from error
