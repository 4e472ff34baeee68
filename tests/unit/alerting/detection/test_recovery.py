"""Killed between any two steps and started again, the engine tells every transition, and none twice."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from catalogue.model import Rule
from gateway.alerting.detection.consumer import AlertConsumer
from gateway.alerting.detection.engine import Engine, Facts
from gateway.alerting.detection.recovery import History, recover
from gateway.alerting.detection.snapshot import SnapshotFile
from gateway.batch.batch import Batch
from gateway.domain.registry import Registry
from gateway.ingest.batching import Batcher
from gateway.state.alert_schema import alert_journal
from gateway.state.births import Happening, JournalRow
from gateway.state.database import FILE_NAME
from gateway.timeseries.store import Store
from tests.unit.alerting.detection.stage import Said, Stage, happening, overrides, rule, sample
from tests.unit.alerting.response.desk import Desk, desk
from tests.unit.gateway_ingest.ticks import NOW

STEPS = ("stored", "judged", "applied", "saved")
RULES = (
    rule(
        id="TS-01",
        levels=[
            {"if": {"value": True, "above": 30}, "for": "60s", "severity": "P3"},
            {"if": {"value": True, "above": 300}, "severity": "P2"},
        ],
        clear={"for": "30s"},
    ),
    rule(
        id="TS-02",
        kind="absence",
        subject="station.heard",
        per="station",
        levels=[{"for": "100s", "severity": "P3"}],
        **{"with": {"of": "station.heard", "cut_short": {"on": "station.lost", "after": "20s"}}},
    ),
    rule(
        id="TS-03",
        kind="event",
        subject="occupancy.panic_button",
        levels=[{"severity": "P1"}],
        life_safety=True,
        **{"with": {"lasts": "30s"}},
    ),
)


def frames() -> Iterator[list[Said]]:
    """A quarter of an hour at two stations, five frames a batch: gas that rises, a silence, a button."""
    said = []
    for second in range(0, 900, 15):
        level = 40.0 if 100 < second < 300 else 400.0 if 300 <= second < 420 else 5.0
        said.append(sample(second, "environment", "lounge", co_ppm=level))
        if not 200 < second < 500:
            said.append(sample(second + 1, "environment", "hall", station="louxing-08", co_ppm=1.0))
    said.append(sample(610.5, "occupancy", "button", event="panic_button"))
    said.sort(key=lambda one: one.at)
    for begin in range(0, len(said), 5):
        yield said[begin : begin + 5]


@dataclass
class House:
    """Store, state and engine of one gateway, in a folder; `start` is a start after a kill."""

    folder: Path
    rules: tuple[Rule, ...] = RULES
    stage: Stage = field(default_factory=lambda: Stage(*RULES))

    def start(self, now: int = NOW) -> None:
        self.store = Store(self.folder / "store.duckdb")
        self.store.open()
        self.desk: Desk = desk(self.folder, rules={one.id: one for one in self.rules}, now=now)
        self.snapshot = SnapshotFile(self.folder / "engine.snapshot")
        # the batches are numbered by this store, as the pipeline does it
        self.stage.desk.sources, self.stage.desk.series = self.store.sources, self.store.series
        self.stage.desk.batcher = Batcher(self.store.sources, self.store.series)
        history = History(self.store, self.desk.state.births)
        engine = recover(self.make, self.desk.alerts, self.snapshot, history, now)
        self.consumer = AlertConsumer(
            engine,
            self.make,
            self.desk.alerts,
            self.snapshot,
            lambda: self.desk.now,
            self.desk.emergency.hear,
        )

    def make(self, wanted: Callable[[str], bool]) -> Engine:
        facts = Facts(self.store.series.known, self.store.sources, Registry(), overrides(*self.rules))
        return Engine([one for one in self.rules if wanted(one.id)], facts)

    def stop(self) -> None:
        self.store.close()
        self.desk.state.close()

    def hear(self, row: JournalRow) -> None:
        self.desk.state.births.note(row)
        self.consumer.hear(row)

    def lives_and_saves(self) -> None:
        """Judge the first frames and write the snapshot."""
        for said in list(frames())[:8]:
            batch = self.stage.batch(*said)
            self.store.consume([batch])
            self.consumer.consume([batch])
        self.consumer.save()

    def told(self) -> list[str]:
        """Every transition in the journal, once for each time it was written."""
        with self.desk.state.alerts._reading.connect() as connection:  # noqa: SLF001 - what was written, raw
            rows = connection.execute(select(alert_journal.c.identity)).scalars().all()
        return sorted(one for one in rows if one is not None)


def play(house: House, killed: tuple[int, str] | None = None) -> list[str]:
    """Play all frames; kill after a step of one batch. Returns the transitions that were written."""
    house.start()
    for number, said in enumerate(frames()):
        batch = house.stage.batch(*said)
        if number == 5:
            house.hear(happening(said[0].at - 1, Happening.WILL, "louxing-08", state="lost", session=1))
        step = killed[1] if killed is not None and killed[0] == number else None
        _take(house, batch, number, step)
        if step is not None:
            house.stop()
            house.start(NOW + round(said[-1].at * 1000))
    house.consumer.advance(NOW + 2_000_000)
    told = house.told()
    house.stop()
    return told


def _take(house: House, batch: Batch, number: int, killed: str | None) -> None:
    house.store.consume([batch])
    if killed == "stored":
        return
    if killed == "judged":
        house.consumer.engine.take(batch)
        return
    house.consumer.consume([batch])
    if killed != "applied" and number % 4 == 3:
        house.consumer.save()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    told = play(House(tmp_path_factory.mktemp("undisturbed")))
    assert len(told) >= 8
    return told


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("number", [1, 5, 12])
def test_a_kill_between_any_two_steps_loses_and_repeats_nothing(
    tmp_path: Path, undisturbed: list[str], number: int, step: str
) -> None:
    assert play(House(tmp_path), (number, step)) == undisturbed


BACKED_UP, LOST = 3, 9


def lose(house: House, restored: tuple[str, ...]) -> None:
    """Play until the disk is lost; put back these files as they were some batches earlier."""
    house.start()
    kept: dict[str, bytes] = {}
    for number, said in enumerate(list(frames())[:LOST]):
        if number == BACKED_UP:
            house.store.checkpoint()
            kept["store.duckdb"] = house.store.path.read_bytes()
            with contextlib.closing(sqlite3.connect(house.folder / FILE_NAME)) as state:
                kept[FILE_NAME] = state.serialize()
        if number == 5:
            house.hear(happening(said[0].at - 1, Happening.WILL, "louxing-08", state="lost", session=1))
        _take(house, house.stage.batch(*said), number, None)
    house.consumer.save()
    house.stop()
    for name in restored:
        (house.folder / name).write_bytes(kept[name])


def refill(house: House, killed: tuple[int, str] | None) -> list[str]:
    """Play what the store does not have (any more); kill after a step of one batch."""
    house.stage = Stage(*RULES)
    played = list(frames())
    for said in played[:BACKED_UP]:
        house.stage.batch(*said)  # of these the store knows
    house.start(NOW + round(played[LOST - 1][-1].at * 1000))
    for number, said in enumerate(played[BACKED_UP:], BACKED_UP):
        batch = house.stage.batch(*said)
        if number == 5 and Happening.WILL not in {row.kind for row in wills(house)}:
            house.hear(happening(said[0].at - 1, Happening.WILL, "louxing-08", state="lost", session=1))
        step = killed[1] if killed is not None and killed[0] == number else None
        _take(house, batch, number, step)
        if step is not None:
            house.stop()
            house.start(NOW + round(said[-1].at * 1000))
    house.consumer.advance(NOW + 2_000_000)
    told = house.told()
    house.stop()
    return told


def wills(house: House) -> list[JournalRow]:
    return list(house.desk.state.births.between(0, NOW + 2_000_000))


@pytest.mark.parametrize("killed", [None, (5, "stored"), (6, "judged"), (7, "stored")])
@pytest.mark.parametrize("restored", [("store.duckdb", FILE_NAME), ("store.duckdb",)], ids=["both", "store"])
def test_a_store_restored_from_a_backup_is_judged_to_its_end_however_far_the_engine_had_come(
    tmp_path: Path,
    undisturbed: list[str],
    restored: tuple[str, ...],
    killed: tuple[int, str] | None,
) -> None:
    house = House(tmp_path)
    lose(house, restored)
    assert set(refill(house, killed)) == set(undisturbed)


def test_a_kill_after_a_restore_hides_nothing_behind_the_numbers_that_were_judged_before(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    lose(house, ("store.duckdb",))
    house.stage = Stage(*RULES)
    for said in list(frames())[:BACKED_UP]:
        house.stage.batch(*said)  # of these the store knows
    house.start(NOW + 900_000)
    house.consumer.save()
    house.store.consume([house.stage.batch(sample(900, "occupancy", "button", event="panic_button"))])
    house.stop()
    house.start(NOW + 901_000)
    assert any("TS-03" in one for one in house.told())
    house.stop()


def test_an_unreadable_snapshot_costs_nothing_that_two_hours_tell(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.start()
    house.lives_and_saves()
    told, was_open = house.told(), house.consumer.engine.open_alerts()
    house.snapshot.path.write_bytes(house.snapshot.path.read_bytes()[:-10])
    house.stop()
    house.start(NOW + 400_000)
    assert was_open
    assert house.consumer.engine.open_alerts() == was_open
    assert house.told() == told
    house.stop()


def test_a_rule_that_changed_is_judged_anew_and_the_others_go_on(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.start()
    house.lives_and_saves()
    open_before = house.consumer.engine.open_alerts()
    assert {key.rule for key in open_before} == {"TS-01", "TS-02"}
    house.stop()
    house.rules = (
        rule(id="TS-01", levels=[{"if": {"value": True, "above": 5_000}, "severity": "P3"}]),
        *RULES[1:],
    )
    house.start(NOW + 300_000)
    assert {key.rule for key in house.consumer.engine.open_alerts()} == {"TS-02"}
    assert any("TS-01" in one and "cleared" in one for one in house.told())
    house.stop()


def test_life_safety_is_told_while_the_store_takes_nothing_and_not_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.start()
    quiet = house.stage.batch(sample(0, "environment", "lounge", co_ppm=400.0))
    panic = house.stage.batch(sample(1, "occupancy", "button", event="panic_button"))
    assert house.consumer.urgent([quiet]) == []
    (one,) = house.consumer.urgent([quiet, panic])
    assert one.key.rule == "TS-03"
    assert house.consumer.urgent([quiet, panic]) == []
    house.store.consume([quiet, panic])
    house.consumer.consume([quiet, panic])
    assert len(house.told()) == 2
    house.stop()
