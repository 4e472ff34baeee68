"""Readings that a person corrects: the value follows everywhere, what stood there stays on record."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gateway.batch.latest import Latest
from gateway.domain.buckets import UTC_ZONE, Every
from gateway.domain.corrections import AmbiguousError, NoReadingError, TooManyError, Wanted, Wish
from gateway.ingest import corrector
from gateway.ingest.corrector import Corrector, Shown
from gateway.state.corrections import Correction
from gateway.state.database import FILE_NAME, State
from gateway.timeseries import changes, corrections, increase
from gateway.timeseries.quarters import QUARTER_MS
from gateway.timeseries.rollups import Rollups
from gateway.timeseries.store import Store
from tests.unit.gateway_ingest.ticks import NOW, STATION, STREAM, Desk, arrived, payload
from wire.measures import MEASURES

MINUTE, HOUR = 60_000, 3_600_000
START = NOW - NOW % QUARTER_MS
M3 = "water_volume_m3_total"
WANTED = Wanted(STATION, "water", M3, device="main")


class House:
    """A store, a database, and what corrects both; frames are numbered from 1."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seq = 0
        self.frame = 0
        self.open()

    def open(self) -> None:
        self.store = Store(self.folder / "store.duckdb")
        self.store.open()
        self.state = State.open(self.folder, NOW, reserve_bytes=1)
        self.latest = Latest(self.store.series)
        self.corrector = Corrector(self.state.corrections, self.store, self.latest, lambda: NOW + HOUR)

    def close(self) -> None:
        self.store.close()
        self.state.close()

    def take(self, *readings: dict[str, object], domain: str = "water", seq: int | None = None) -> None:
        """Store one frame that is received at the time of its newest reading."""
        self.seq = seq or self.seq + 1
        at = max(int(str(reading["ts"])) for reading in readings)
        desk = Desk(self.store.sources, self.store.series, frame=self.store.last_frame() + 1)
        batch = desk.batch(arrived(payload(self.seq, {domain: list(readings)}, sent=at), received=at))
        self.store.consume([batch])
        self.latest.update(batch)

    def counts(self, *totals: float, step: int = MINUTE) -> None:
        """Let the meter say so, once a minute from `START` on."""
        for n, total in enumerate(totals):
            self.take({"device": "main", "ts": START + n * step, M3: total})

    def correct(self, value: object, **wanted: Any) -> Correction:  # noqa: ANN401 - fields of `Wanted`
        wish = Wish(replace(WANTED, **wanted), value, "li", "seen on the dial")
        decided, shown = self.corrector.correct(wish)
        for one in shown:
            self.latest.correct(*one)
        return decided

    def at(self, minute: int) -> dict[str, int]:
        """Name the reading of a minute."""
        return {"since": START + minute * MINUTE, "until": START + minute * MINUTE + 1}

    def read(self, sql: str) -> list[Any]:
        return self.store.cursor().execute(sql).fetchall()

    def totals(self) -> list[Any]:
        return [
            total for (total,) in self.read("SELECT water_volume_m3_total FROM water_samples ORDER BY ts")
        ]

    def roll(self, now: int = START + 2 * HOUR) -> None:
        rollups = Rollups(self.store)
        while rollups.step(now, self.store.last_frame()):
            pass

    def grown(self) -> float:
        [(grown,)] = self.read("SELECT sum(increase) FROM water_quarters")
        return float(grown)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


# -- what follows


def test_it_changes_the_value_and_keeps_what_stood_there_with_reason_and_name(house: House) -> None:
    house.counts(5.0, 51.0, 5.2)
    decided = house.correct(5.1, **house.at(1))
    assert house.read("SELECT water_volume_m3_total, quality FROM water_samples ORDER BY ts") == [
        (5.0, None),
        (5.1, "substituted"),
        (5.2, None),
    ]
    [kept] = house.state.corrections.page(10)
    assert kept == decided
    assert (kept.by, kept.reason, kept.at, kept.value) == ("li", "seen on the dial", NOW + HOUR, 5.1)
    [reading] = kept.readings
    assert (reading.old, reading.ts, reading.identity[:2]) == (51.0, START + MINUTE, (STREAM, 2))


def test_quarters_and_growth_follow(house: House) -> None:
    house.counts(5.0, 5.1, 95.2, 95.3)
    house.roll()
    assert house.grown() == pytest.approx(90.3)
    n = changes.newest(house.store.cursor())
    house.correct(5.2, **house.at(2))
    house.correct(5.3, **house.at(3))
    house.roll()
    assert house.grown() == pytest.approx(0.3)
    span = (START, START + HOUR)
    told = increase.increase_by_bucket(
        house.store.cursor(), MEASURES["water"][M3], 0, span, Every.HOUR, UTC_ZONE
    )
    assert sum(told.values()) == pytest.approx(0.3)
    assert {(one.frame, one.idx) for one in changes.corrected_since(house.store.cursor(), n, 10)} == {
        (2, 0),
        (3, 0),
    }
    assert changes.retold_since(house.store.cursor(), n, 10)


def test_days_follow(house: House) -> None:
    two_days_on = START + 48 * HOUR
    house.counts(5.0, 5.1, 95.2, 95.3)
    house.roll(two_days_on)
    days = "SELECT round(sum(increase), 6), max(last) FROM water_days"
    assert house.read(days) == [(90.3, 95.3)]
    house.correct(None, since=START + 2 * MINUTE, until=START + HOUR, several=True)
    house.roll(two_days_on)
    assert house.read(days) == [(0.1, 5.1)]


def test_what_a_device_last_said_follows(house: House) -> None:
    house.counts(5.0, 51.0)
    house.correct(5.1, **house.at(1))
    assert [one.fields[M3] for one in house.latest.devices(STATION)] == [5.1]
    house.correct(None, **house.at(1))
    assert [one.fields[M3] for one in house.latest.devices(STATION)] == [5.0]
    house.correct(4.9, **house.at(0))
    assert [one.fields[M3] for one in house.latest.devices(STATION)] == [4.9]
    house.correct(None, **house.at(0))
    assert [one.fields for one in house.latest.devices(STATION)] == [{}]


def test_a_correction_can_be_corrected_and_all_of_it_is_told(house: House) -> None:
    house.counts(5.0)
    for value in (6.0, None, 7.0):
        house.correct(value, **house.at(0))
    assert house.totals() == [7.0]
    told = [(one.value, one.removed, one.readings[0].old) for one in house.state.corrections.page(10)]
    assert told == [(7.0, False, None), (None, True, 6.0), (6.0, False, 5.0)]


def test_a_wrong_stretch_goes_as_one(house: House) -> None:
    house.counts(*map(float, range(60)))
    decided = house.correct(None, since=START + 10 * MINUTE, until=START + 50 * MINUTE, several=True)
    assert decided.count == 40
    assert house.totals() == [*map(float, range(10)), *[None] * 40, *map(float, range(50, 60))]
    kept = house.state.corrections.get(decided.id)
    assert kept is not None
    assert [one.old for one in kept.readings] == list(map(float, range(10, 50)))


@pytest.mark.parametrize("quality", ["suspect", "stale"])
def test_what_stood_beside_it_in_a_doubted_reading_stays_doubted(house: House, quality: str) -> None:
    flow = {"water_flow_l_per_min": 9.0}
    house.take({"device": "main", "ts": START, M3: 5.0, **flow, "quality": quality})
    house.correct(5.1, **house.at(0))
    assert house.read("SELECT quality, suspect FROM water_samples") == [
        ("substituted", ["water_flow_l_per_min"])
    ]


def test_a_corrected_field_is_suspect_no_more(house: House) -> None:
    house.take({"device": "main", "ts": START, "water_flow_l_per_min": 900.0, M3: 5.0})
    assert house.read("SELECT suspect FROM water_samples") == [(["water_flow_l_per_min"],)]
    house.correct(9.0, field="water_flow_l_per_min", **house.at(0))
    assert house.read("SELECT water_flow_l_per_min, suspect FROM water_samples") == [(9.0, None)]


def test_states_and_words_and_readings_with_an_event_can_be_corrected(house: House) -> None:
    house.take({"device": "ups", "ts": START, "ups_status": ["OL"]}, domain="power")
    house.correct(["OB", "LB"], domain="power", device="ups", field="ups_status", **house.at(0))
    assert house.read("SELECT ups_status FROM power_samples") == [(["OB", "LB"],)]
    door = {"device": "door", "ts": START, "event": "granted", "credential_kind": "qr", "door_state": "open"}
    house.take(door, domain="access")
    house.correct("closed", domain="access", device="door", field="door_state", **house.at(0))
    assert house.read("SELECT event, door_state FROM access_events") == [("granted", "closed")]


# -- which reading


def test_it_finds_a_reading_by_its_identity(house: House) -> None:
    house.counts(5.0, 5.1)
    house.correct(6.0, device=None, stream=STREAM, seq=2, index=0)
    assert house.totals() == [5.0, 6.0]


def test_it_asks_which_of_two_readings_is_meant(house: House) -> None:
    house.take(*[{"device": "main", "ts": START, M3: total} for total in (5.0, 6.0)])
    with pytest.raises(AmbiguousError) as several:
        house.correct(7.0, **house.at(0))
    assert list(several.value.identities) == [(STREAM, 1, 0), (STREAM, 1, 1)]
    house.correct(7.0, **house.at(0), index=1)
    assert house.totals() == [5.0, 7.0]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1.0, {"since": START + 1, "until": START + 2}),
        (1.0, {"since": START, "until": START + 1, "device": "other"}),
        (1.0, {"since": START, "until": START + 1, "station_id": "louxing-08"}),
        (1.0, {"since": START, "until": START + 1, "field": "water_flow_l_per_min"}),
        (1.0, {"stream": STREAM, "seq": 9, "index": 0}),
        (1.0, {"stream": STREAM, "seq": 1, "index": 1}),
        (1.0, {"stream": "01K0PZ6Q9V3W8S4D2N7X5C1BFB", "seq": 1, "index": 0}),
    ],
    ids=["time", "device", "station", "field", "seq", "index", "stream"],
)
def test_it_says_that_there_is_no_such_reading(house: House, value: object, wanted: dict[str, Any]) -> None:
    house.counts(5.0)
    with pytest.raises(NoReadingError):
        house.correct(value, **wanted)
    assert house.state.corrections.page(10) == []


def test_nothing_can_be_taken_away_twice(house: House) -> None:
    house.counts(5.0)
    house.correct(None, **house.at(0))
    with pytest.raises(NoReadingError):
        house.correct(None, **house.at(0))


def test_it_refuses_a_stretch_of_too_many(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrector, "MOST_READINGS", 3)
    house.counts(1.0, 2.0, 3.0, 4.0)
    with pytest.raises(TooManyError):
        house.correct(None, since=START, until=START + HOUR, several=True)
    assert house.totals() == [1.0, 2.0, 3.0, 4.0]


# -- whatever happens


def test_it_is_carried_out_after_a_kill_between_the_two_databases(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.counts(5.0, 51.0)

    def full(*_: object) -> None:
        raise duckdb.IOException("no space left on device")

    monkeypatch.setattr(corrections, "carry_out", full)
    first, second = house.correct(5.2, **house.at(1)), house.correct(5.1, **house.at(1))
    assert house.corrector.waiting == [first.id, second.id]
    assert house.totals() == [5.0, 51.0]
    house.close()
    monkeypatch.undo()
    house.open()
    house.corrector.take_up()
    assert house.corrector.waiting == []
    assert house.totals() == [5.0, 5.1], "the later decision stands"
    house.roll()
    assert house.grown() == pytest.approx(0.1)
    house.corrector.take_up()
    assert len(changes.corrected_since(house.store.cursor(), 0, 10)) == 2, "each was carried out once"


def test_what_was_decided_first_is_carried_out_first_though_the_disk_took_it_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.counts(5.0)
    carry_out, refusals = corrections.carry_out, iter([True, True, False, False])

    def sometimes(*given: Any) -> None:  # noqa: ANN401 - what `carry_out` takes
        if next(refusals):
            raise duckdb.IOException("no space left on device")
        carry_out(*given)

    monkeypatch.setattr(corrections, "carry_out", sometimes)
    house.correct(6.0, **house.at(0))
    house.correct(7.0, **house.at(0))
    assert house.totals() == [5.0]
    house.corrector.catch_up()
    assert house.totals() == [7.0]
    assert house.corrector.waiting == []


def test_it_outlives_a_store_restored_from_a_backup_and_refilled(house: House) -> None:
    house.counts(5.0)
    house.store.checkpoint()
    backup = house.store.path.read_bytes()
    house.take({"device": "main", "ts": START + MINUTE, M3: 51.0})
    decided = house.correct(5.1, **house.at(1))
    house.close()
    house.store.path.write_bytes(backup)
    house.open()
    house.corrector.take_up()
    assert house.totals() == [5.0]
    assert house.corrector.waiting == [decided.id]
    house.take({"device": "main", "ts": START + 2 * MINUTE, M3: 5.2}, seq=3)
    assert house.corrector.catch_up() == []
    house.take({"device": "main", "ts": START + MINUTE, M3: 51.0}, seq=2)
    assert house.corrector.catch_up() == [Shown("water", 0, M3, 5.2)]
    assert house.totals() == [5.0, 5.1, 5.2]
    assert house.corrector.waiting == []


def test_nobody_can_change_what_was_written(house: House) -> None:
    house.counts(5.0)
    house.correct(6.0, **house.at(0))
    with sqlite3.connect(house.folder / FILE_NAME) as file:
        for change in ("UPDATE corrections SET reason = 'none'", "DELETE FROM corrected_readings"):
            with pytest.raises(sqlite3.IntegrityError, match="kept as they were written"):
                file.execute(change)
    file.close()
