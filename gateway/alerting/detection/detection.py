"""The engine of one gateway: made from what is in force, recovered, and made anew when rules change."""

from collections.abc import Callable
from dataclasses import dataclass

from catalogue.catalogue import Catalogue
from gateway.alerting.detection.consumer import AlertConsumer, Life, Urgently
from gateway.alerting.detection.engine import Engine, Facts
from gateway.alerting.detection.recovery import History, rebuild, recover
from gateway.alerting.detection.snapshot import SnapshotFile
from gateway.domain.holidays import Holidays
from gateway.domain.registry import Registry


@dataclass
class Detection:
    """What an engine is made from; `catalogue` are the rules in force."""

    catalogue: Catalogue
    history: History
    registry: Registry
    calendar: Holidays
    life: Life
    snapshot: SnapshotFile
    clock: Callable[[], int]
    urgently: Urgently

    def open(self) -> AlertConsumer:
        """Take up where the process before ended; duckdb.Error or NotDurableError when that cannot be."""
        engine = recover(self.make, self.life, self.snapshot, self.history, self.clock())
        return AlertConsumer(engine, self.make, self.life, self.snapshot, self.clock, self.urgently)

    def make(self, wanted: Callable[[str], bool]) -> Engine:
        """Return an engine that remembers nothing, of the rules in force whose id is wanted."""
        return engine_of(self.catalogue, self.history, self.registry, self.calendar, wanted)

    def reload(self, catalogue: Catalogue, consumer: AlertConsumer) -> list[str]:
        """Go on with other rules, between two commits; returns those that changed.

        The unchanged keep what they remember; the changed judge the last two hours again.
        """
        remembered = consumer.engine.save()
        was_open = consumer.engine.open_alerts()
        self.catalogue = catalogue
        engine = self.make(lambda _: True)
        changed = engine.restore(remembered)
        gone = set(remembered["rules"]) - set(engine.rules)
        told = rebuild(engine, [*changed, *gone], self.make, self.history, was_open)
        consumer.replace(engine, self.make)
        self.life.apply(told, engine.frame, self.clock())
        return sorted([*changed, *gone])


def engine_of(
    catalogue: Catalogue,
    history: History,
    registry: Registry,
    calendar: Holidays,
    wanted: Callable[[str], bool] = lambda _: True,
) -> Engine:
    """Return an engine that remembers nothing, over the numbers of a store."""
    store = history.store
    parameters, apart = catalogue.parameter, catalogue.stations_apart
    facts = Facts(store.series.known, store.sources, registry, parameters, apart, calendar)
    return Engine([rule for rule in catalogue.rules.values() if wanted(rule.id)], facts)
