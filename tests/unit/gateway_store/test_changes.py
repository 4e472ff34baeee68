"""What was told again is logged with what it tells, and forgotten in time."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from gateway.timeseries import changes
from gateway.timeseries.changes import Corrected, Retold
from gateway.timeseries.quarters import QUARTER_MS
from tests.unit.gateway_rollups.test_rollups import HOUR, START, House, open_house, power

DAY = 24 * HOUR


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as opened:
        yield opened


def retold(house: House, after: int = 0, limit: int = 100) -> list[Retold]:
    return [one for one in changes.retold_since(house.store.cursor(), after, limit) if one.tier == "15m"]


def note_corrected(cursor: duckdb.DuckDBPyConnection, idx: int, now: int) -> None:
    cursor.register("chosen", pa.table({"frame": [7], "idx": [idx]}))
    changes.note_corrected(cursor, "power", now)


def test_it_tells_which_quarters_were_told_and_told_again(house: House) -> None:
    house.take(power(START, voltage_v=200.0), at=START)
    house.roll(START + HOUR)
    first = retold(house)
    assert [(one.domain, one.series, one.since) for one in first] == [("power", 0, START)]
    assert first[0].until >= START + QUARTER_MS
    house.take(power(START + 1, voltage_v=220.0), at=house.now)
    house.roll(START + 2 * HOUR)
    again = retold(house, first[-1].n)
    assert [one.since for one in again] == [START]
    assert again[0].n > first[-1].n == changes.newest(house.store.cursor()) - len(again)


def test_it_goes_on_counting_after_a_restart(house: House) -> None:
    for minute in range(3):
        house.take(power(START + minute, voltage_v=200.0), at=START)
        house.roll(START + HOUR + minute * 20_000)
        house.reopen()
    numbers = [one.n for one in retold(house)]
    assert len(numbers) == 3
    assert numbers == sorted(set(numbers))


def test_it_gives_no_more_than_was_asked_for_and_then_the_rest(house: House) -> None:
    cursor = house.store.cursor()
    for idx in range(5):
        note_corrected(cursor, idx, START)
    some = changes.corrected_since(cursor, 0, 3)
    assert [one.idx for one in some] == [0, 1, 2]
    assert changes.corrected_since(cursor, some[-1].n, 3) == [
        Corrected(some[-1].n + place, "power", 7, 2 + place) for place in (1, 2)
    ]


def test_it_forgets_what_is_old_and_keeps_counting(house: House) -> None:
    cursor = house.store.cursor()
    note_corrected(cursor, 0, START)
    note_corrected(cursor, 1, START + DAY)
    last = changes.newest(cursor)
    assert changes.forget(cursor, START + changes.KEEP_MS) == 0
    assert changes.forget(cursor, START + changes.KEEP_MS + 1) == 1
    assert [one.idx for one in changes.corrected_since(cursor, 0, 10)] == [1]
    note_corrected(cursor, 2, START + 2 * DAY)
    assert changes.newest(cursor) == last + 1
