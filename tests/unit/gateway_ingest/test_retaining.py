"""Fourteen months on virtual time: what is past its time goes, what was made of it stays, reports say so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.retention import DataClass, RetentionSettings
from gateway.ingest.retaining import Removal
from gateway.state.database import State
from gateway.state.retention import RetentionReport
from gateway.timeseries import ledgers
from gateway.timeseries.retention import Retention
from gateway.timeseries.tables import span_of
from tests.unit.gateway_ingest.test_pipeline import Works
from tests.unit.gateway_ingest.ticks import STATION, STREAM
from tests.unit.gateway_rollups.test_rollups import HOUR, START, House, Reading, open_house, power

DAY = 24 * HOUR
MONTHS_14 = 426 * DAY
EVERY = 12 * DAY
EVERYTHING = 2**62
SETTINGS = RetentionSettings()


class Archive:
    """A house with years behind it, and what removes them."""

    def __init__(self, house: House, path: Path, state: State) -> None:
        self.house, self.state = house, state
        self.pipeline = Works(path, house.store, state).pipeline
        self.mirrored = EVERYTHING
        self.removal = self.begin()

    def begin(self) -> Removal:
        tables = Retention(self.house.store, lambda: self.mirrored)
        return Removal(SETTINGS, tables, self.state.retention, pause_s=0)

    def live(self, since: int, until: int, *, every: int = EVERY) -> None:
        for ts in range(since, until, every):
            self.house.take(*_visit(ts, ts - since), at=ts)

    def settle(self, now: int) -> None:
        """Roll up, and write the ledger down."""
        self.house.roll(now)
        held = ledgers.StreamRecord(
            STATION, STREAM, 1, self.house.seq, 1, born=True, held=[[1, self.house.seq]]
        )
        self.house.store.write_ledger([held], self.house.desk.frame - 1)

    async def remove(self, now: int) -> dict[str, RetentionReport]:
        assert await self.removal.run_when_due(self.pipeline, now)
        return {report.data_class: report for _, report in self.state.retention.page(len(DataClass))}

    def asked(self, query: str) -> Any:  # noqa: ANN401 - whatever is asked
        return self.house.store.cursor().execute(query).fetchall()

    def close(self) -> None:
        self.pipeline.close()


def _visit(ts: int, since: int) -> list[Reading]:
    """Let somebody in, and read the meter."""
    granted = {"device": "door", "ts": ts + 1, "event": "granted", "credential_kind": "qr", "direction": "in"}
    return [
        ("access", {**granted, "subject_ref": "abcdefghijklmnop"}),
        power(ts, energy_import_kwh_total=100.0 + since / DAY, voltage_v=230.0),
    ]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_house(tmp_path) as house, State.open(tmp_path, START, reserve_bytes=4_096) as state:
        opened = Archive(house, tmp_path, state)
        yield opened
        opened.close()


async def test_after_the_removal_nothing_older_is_there_and_the_tiers_remain(archive: Archive) -> None:
    now = START + MONTHS_14
    archive.live(START, now)
    archive.settle(now)
    count = "SELECT sum(count)::INT FROM access_{} WHERE name = 'granted'"
    grown = "SELECT round(sum(increase), 3) FROM power_{} WHERE name = 'energy_import_kwh_total'"
    before = [archive.asked(query.format(tier)) for query in (count, grown) for tier in ("quarters", "days")]
    raw = archive.asked("SELECT count(*) FROM power_samples")[0][0]
    reports = await archive.remove(now)
    (oldest, left), (seen,) = archive.asked("SELECT min(ts), count(*) FROM power_samples")[0], [raw]
    assert oldest >= now - 400 * DAY
    assert 0 < left < seen
    assert archive.asked("SELECT min(ts) FROM access_events")[0][0] >= now - 30 * DAY
    assert archive.asked("SELECT count(*) FROM access_events")[0][0] >= 2
    after = [archive.asked(query.format(tier)) for query in (count, grown) for tier in ("quarters", "days")]
    assert after == before
    report = reports["readings"]
    assert (report.rows >= seen - left, report.bytes > 0, report.held) == (True, True, [])
    assert "power_samples_202611" in report.tables
    assert reports["access"].rows == 36 - archive.asked("SELECT count(*) FROM access_events")[0][0]
    assert reports["tiers"].rows == 0


async def test_counts_of_who_was_let_in_outlive_who_it_was(archive: Archive) -> None:
    now = START + 60 * DAY
    archive.live(START, now)
    archive.settle(now)
    await archive.remove(now)
    kept = archive.asked(
        "SELECT event, credential_kind, direction, sum(count)::INT FROM access_counts GROUP BY ALL"
    )
    events = archive.asked("SELECT count(*) FROM access_events")[0][0]
    assert kept == [("granted", "qr", "in", 5 - events)]


async def test_what_comes_late_is_added_to_what_was_counted(archive: Archive) -> None:
    now = START + 60 * DAY
    archive.live(START, now)
    archive.settle(now)
    await archive.remove(now)
    door = {"device": "door", "ts": START + 2, "event": "granted", "door_state": "open"}
    archive.house.take(("access", door), at=now)
    archive.settle(now + HOUR)
    counted = "SELECT count, covered_s FROM access_quarters WHERE bucket = {} AND name = 'granted'"
    assert archive.asked(counted.format(START)) == [(2, None)]
    await archive.remove(now + DAY)
    archive.house.take(("access", {**door, "ts": START + 3}), at=now)
    archive.settle(now + DAY + HOUR)
    assert archive.asked(counted.format(START)) == [(3, None)]
    assert archive.asked("SELECT count(*) FROM unrolled")[0][0] == 0


async def test_a_month_whose_readings_are_gone_is_not_told_anew(archive: Archive) -> None:
    now = START + MONTHS_14
    archive.live(START, now)
    archive.settle(now)
    before = archive.asked("SELECT * FROM power_quarters ORDER BY ALL")
    await archive.remove(now)
    archive.house.take(power(START + 60_000, voltage_v=180.0), at=now)
    archive.settle(now + HOUR)
    assert archive.asked("SELECT * FROM power_quarters WHERE bucket < 1800000000000 ORDER BY ALL") == [
        row for row in before if row[0] < 1_800_000_000_000
    ]


@pytest.mark.parametrize("waits", ["roll-ups", "mirror"])
async def test_nothing_goes_that_somebody_waits_for_but_not_for_ever(archive: Archive, waits: str) -> None:
    now = START + 33 * DAY
    archive.live(START, now)
    if waits == "mirror":
        archive.mirrored = -1
        archive.settle(now)
    reports = await archive.remove(now)
    assert reports["access"].rows == 0
    assert reports["access"].held == [f"access_events_20261122: {waits}"]
    reports = await archive.remove(now + 7 * DAY)
    assert [name.rpartition(": ")[2] for name in reports["access"].forced] == [waits]
    assert reports["access"].rows == 1


async def test_it_runs_once_a_day_and_again_after_a_restart_only_when_it_is_due(archive: Archive) -> None:
    at = SETTINGS.last_due(START)
    assert await archive.removal.run_when_due(archive.pipeline, at)
    assert not await archive.removal.run_when_due(archive.pipeline, at + DAY - 1)
    again = archive.begin()
    assert not await again.run_when_due(archive.pipeline, at + DAY - 1)
    assert await again.run_when_due(archive.pipeline, at + DAY)
    assert len(archive.state.retention.page(100)) == 2 * len(DataClass)


async def test_the_counts_of_frames_without_a_number_outlive_them(archive: Archive) -> None:
    now = START + MONTHS_14
    archive.live(START, now)
    archive.settle(now)
    archive.house.store.cursor().execute("UPDATE sources SET stream = NULL")
    before = ledgers.read(archive.house.store.cursor(), 0).unnumbered
    frames = archive.asked("SELECT count(*) FROM frames_raw")[0][0]
    await archive.remove(now)
    assert archive.asked("SELECT count(*) FROM frames_raw")[0][0] < frames
    assert ledgers.read(archive.house.store.cursor(), 0).unnumbered == before


async def test_the_room_of_what_went_is_used_again(archive: Archive) -> None:
    cursor = archive.house.store.cursor()
    archive.live(START, START + DAY, every=DAY)
    archive.settle(START + 2 * DAY)
    path = archive.house.store.path
    sizes = []
    for place, month in enumerate(("202601", "202602", "202603", "202604")):
        since, _ = span_of(month)
        rows = f"0 AS frame, 0 AS idx, 0 AS series, {since} + i * 5000 AS ts, random() AS voltage_v"
        cursor.execute(f"CREATE TABLE power_samples_{month} AS SELECT {rows} FROM range(400000) t(i)")  # noqa: S608 - our own names
        archive.house.store.checkpoint()
        sizes.append(path.stat().st_size)
        reports = await archive.remove(since + 440 * DAY)
        assert reports["readings"].tables[0] == f"power_samples_{month}"
        assert reports["readings"].bytes > 2_000_000
        archive.house.store.checkpoint()
        assert place == 0 or sizes[place] <= 1.1 * sizes[0]
