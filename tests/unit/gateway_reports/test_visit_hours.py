"""Visits out of the store: what the roll-ups and access events say, whatever came when."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from gateway.domain.retention import DataClass
from gateway.domain.visits import Figure, Method, figures
from gateway.domain.visits_by_source import ENTRIES_PER_PERSON, PEOPLE_PER_GRANT
from gateway.queries.reports.period import Period
from gateway.queries.reports.visit_changes import visits_of
from gateway.queries.reports.visit_hours import ReportSettings
from gateway.timeseries.retention import Retention
from tests.unit.gateway_reports.lived import (
    DAY,
    HOUR,
    LEDGER,
    MINUTE,
    NOVEMBER,
    Lived,
    Row,
    counting,
    granted,
    guarded,
    lived_in,
    station,
)

MONTH = Period.parse("2026-11")
PER_DAY = [0] * 8 + [2, 3, 1, 4, 2, 2, 1, 3, 2, 2, 1, 1] + [0] * 4
WEEK = PER_DAY * 7
NOW = NOVEMBER + 7 * DAY
STATION = station()
ID = STATION.station_id


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Lived]:
    with lived_in(tmp_path) as lived:
        yield lived


def week(lived: Lived, now: int = NOW) -> tuple[int | None, Method | None, float | None]:
    lived.roll(now + HOUR)
    reckoned = LEDGER.reckoned(lived.store.cursor(), MONTH, [STATION], now)
    told = figures([reckoned[ID]], np.array([NOVEMBER, NOW]))[0]
    return told.visits, told.method, told.completeness


def test_it_counts_by_the_counter_what_the_roll_ups_say(lived: Lived) -> None:
    lived.write(ID, "occupancy", counting(NOVEMBER, WEEK))
    visits, method, completeness = week(lived)
    assert (visits, method) == (round(sum(WEEK) / ENTRIES_PER_PERSON), Method.COUNTER)
    assert completeness == pytest.approx(1.0, abs=0.001)


def test_it_leaves_staff_out_by_their_credential(lived: Lived) -> None:
    lived.write(ID, "access", guarded(NOVEMBER, len(WEEK)))
    lived.write(ID, "access", granted(NOVEMBER, WEEK), events=True)
    lived.write(ID, "access", granted(NOVEMBER, [0] * 9 + [5]), events=True)
    alone, method, _ = week(lived)
    assert (alone, method) == (round((sum(WEEK) + 5) * PEOPLE_PER_GRANT), Method.GRANTS)
    lived.write(ID, "access", granted(NOVEMBER, WEEK, kind="key"), events=True)
    assert week(lived)[0] == alone


def test_a_credential_that_there_is_not_cannot_be_that_of_staff() -> None:
    assert ReportSettings(staff_credentials=("key", "card")).staff_credentials == ("key", "card")
    with pytest.raises(ValidationError, match="no credential is called 'broom'; there are qr"):
        ReportSettings(staff_credentials=("broom",))


def test_it_counts_nobody_who_is_let_out(lived: Lived) -> None:
    lived.write(ID, "access", guarded(NOVEMBER, len(WEEK)))
    lived.write(ID, "access", granted(NOVEMBER, WEEK), events=True)
    alone = week(lived)[0]
    lived.write(ID, "access", granted(NOVEMBER, WEEK, direction="out"), events=True)
    assert week(lived)[0] == alone


def test_it_adds_up_the_doors_of_a_station_and_knows_an_hour_only_by_all_of_them(lived: Lived) -> None:
    lived.write(ID, "occupancy", counting(NOVEMBER, WEEK))
    lived.write(ID, "occupancy", counting(NOVEMBER, PER_DAY, device="back-door"))
    visits, _, completeness = week(lived)
    assert completeness == pytest.approx(1 / 7, abs=0.01)
    assert visits is not None
    assert visits > sum(WEEK)


def test_it_reckons_with_presence_where_nothing_counts(lived: Lived) -> None:
    rows = [{"device": "lounge", "ts": row["ts"], "zone_people_count": 1} for row in counting(NOVEMBER, WEEK)]
    lived.write(ID, "occupancy", rows)
    visits, method, _ = week(lived)
    assert (visits, method) == (round(7 * 86_400 / 1_600), Method.PRESENCE)


def test_it_does_not_miss_visits_before_it_knew_the_station(lived: Lived) -> None:
    lived.write(ID, "occupancy", counting(NOVEMBER + 5 * DAY, PER_DAY * 2))
    lived.roll(NOW + HOUR)
    young = station(first_seen=NOVEMBER + 5 * DAY)
    reckoned = LEDGER.reckoned(lived.store.cursor(), MONTH, [young], NOW)[ID]
    told = figures([reckoned], np.array([NOVEMBER, NOW]))[0]
    assert told.visits == round(2 * sum(PER_DAY) / ENTRIES_PER_PERSON)
    assert told.completeness == pytest.approx(1.0, abs=0.01)


def test_a_week_of_backlog_comes_to_the_same_visits_as_if_it_had_come_live(tmp_path: Path) -> None:
    rows = counting(NOVEMBER, WEEK)
    chunks = [rows[n : n + 1_440] for n in range(0, len(rows), 1_440)]
    live = [(chunk, int(chunk[-1]["ts"]) + 2 * MINUTE) for chunk in chunks]
    order = [chunks[-1], *random.Random(7).sample(chunks[:-1], len(chunks) - 1)]
    late = [(chunk, NOW + n * MINUTE) for n, chunk in enumerate(order)]
    assert told_of(tmp_path / "live", live) == told_of(tmp_path / "late", late)


def told_of(place: Path, arrivals: list[tuple[list[Row], int]]) -> list[Figure]:
    """Return the visits of each hour when readings arrive in this order at these times."""
    place.mkdir()
    with lived_in(place) as lived:
        for chunk, at in arrivals:
            lived.write(ID, "occupancy", chunk)
            lived.roll(at)
        lived.write(ID, "access", granted(NOVEMBER, WEEK), events=True)
        lived.roll(NOW + HOUR)
        reckoned = LEDGER.reckoned(lived.store.cursor(), MONTH, [STATION], NOW)[ID]
    return figures([reckoned], np.append(reckoned.starts, NOW))


def test_it_tells_a_copy_what_is_new_and_nothing_twice(lived: Lived) -> None:
    lived.write(ID, "occupancy", counting(NOVEMBER, WEEK))
    lived.roll(NOW + HOUR)
    cursor, stations = lived.store.cursor(), {ID: STATION}
    place, told = visits_of(cursor, LEDGER, stations, 0, NOW, limit=100_000)
    by_unit: dict[str, int] = {}
    for one in told:
        by_unit[one.unit] = by_unit.get(one.unit, 0) + (one.figure.visits or 0)
    visits = round(sum(WEEK) / ENTRIES_PER_PERSON)
    assert by_unit == {"1h": visits, "1d": visits, "1mo": visits}
    again, more = visits_of(cursor, LEDGER, stations, place, NOW)
    assert (again, list(more)) == (place, [])


def test_it_tells_the_same_when_access_events_are_not_kept_any_more(lived: Lived) -> None:
    lived.write(ID, "access", guarded(NOVEMBER, len(WEEK)))
    lived.write(ID, "access", granted(NOVEMBER, WEEK), events=True)
    lived.write(ID, "access", granted(NOVEMBER, PER_DAY, kind="key"), events=True)
    before = week(lived)
    retention = Retention(lived.store, lambda: 1_000_000)
    for part in retention.expired(DataClass.ACCESS, NOW):
        retention.drop(part)
    assert lived.store.cursor().execute("SELECT count(*) FROM access_events").fetchone() == (0,)
    assert week(lived) == before
