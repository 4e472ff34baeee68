"""The store of record: one transaction, everything back after a restart, on after a fatal error."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.batch.batch import Batch
from gateway.errors import NotDurableError, StartError, StoreClosedError
from gateway.timeseries import last_values, ledgers, replay, tables
from gateway.timeseries.store import Store
from tests.unit.gateway_ingest.ticks import (
    NOW,
    OTHER_STREAM,
    STATION,
    STREAM,
    Desk,
    arrived,
    best_effort,
    payload,
    rows,
)
from wire.codec import Decoded, decode, suspect_fields
from wire.documents.goldens import SENT, good_frames
from wire.documents.goldens import STATION as GOLDEN_STATION
from wire.measures import MEASURES

DAY = 86_400_000
OCTOBER = 1_791_504_000_000
"""2026-10-09."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.duckdb")
    opened.open()
    yield opened
    opened.close()


def desk(store: Store) -> Desk:
    return Desk(store.sources, store.series, frame=store.next_frame)


def reopened(store: Store) -> Store:
    """Close as a clean stop does and open the file again as another process would."""
    store.close()
    again = Store(store.path)
    again.open()
    return again


def read(store: Store, sql: str) -> list[Any]:
    return store.cursor().execute(sql).fetchall()


def failing(store: Store) -> bool:
    return store.failure is not None


def power(ts: int, **fields: object) -> dict[str, list[dict[str, object]]]:
    return {"power": [{"device": "main", "ts": ts, **fields}]}


def ledger(store: Store) -> dict[str, ledgers.StreamRecord]:
    return {record.stream: record for record in ledgers.read(store.cursor(), NOW - DAY).streams}


# -- writing


def test_it_keeps_frames_and_readings_with_who_sent_them(store: Store) -> None:
    store.consume([desk(store).batch(payload(7, oldest=5))])
    assert read(store, "SELECT region, station_id, stream, seq, oldest, lane FROM frames") == [
        ("louxing", STATION, STREAM, 7, 5, "telemetry")
    ]
    assert read(store, "SELECT frame, idx, ts, voltage_v, own_ts, quality FROM power_samples") == [
        (0, 0, NOW - 1_000, 229.8, None, None)
    ]


def test_it_keeps_nothing_of_a_batch_that_cannot_be_kept_whole(store: Store) -> None:
    at = desk(store)
    right, wrong = at.batch(payload(1)), at.batch(payload(2))
    impossible = wrong.samples["power"].append_column("no_such_column", wrong.samples["power"]["ts"])
    broken = Batch(wrong.frames, {"power": impossible}, {}, wrong.gone, {STATION: 3})
    with pytest.raises((NotDurableError, KeyError)):
        store.consume([right, broken])
    store = reopened(store)
    assert read(store, "SELECT count(*) FROM frames_raw") == [(0,)]
    assert read(store, "SELECT count(*) FROM power_samples") == [(0,)]
    assert read(store, "SELECT count(*) FROM sources") == [(0,)]
    assert read(store, "SELECT count(*) FROM duplicates") == [(0,)]
    store.close()


def test_it_takes_the_next_batch_after_one_it_could_not_keep(store: Store) -> None:
    at = desk(store)
    batch = at.batch(payload(1))
    table = batch.samples["power"]
    broken = table.set_column(0, "frame", [["no number"]])
    with pytest.raises(NotDurableError):
        store.consume([Batch(batch.frames, {"power": broken}, {})])
    assert failing(store)
    store.consume([batch])
    assert not failing(store), "what was repaired is no longer told"
    assert read(store, "SELECT station_id, voltage_v FROM power_samples JOIN frames USING (frame)") == [
        (STATION, 229.8)
    ]


def test_it_gives_a_column_to_the_first_value(store: Store) -> None:
    at = desk(store)
    store.consume([at.batch(payload(1))])
    assert "current_a" not in [row[0] for row in read(store, "DESCRIBE power_samples_202611")]
    store.consume([at.batch(payload(2, power(NOW, current_a=3.21)))])
    assert read(store, "SELECT voltage_v, current_a FROM power_samples ORDER BY frame") == [
        (229.8, None),
        (None, 3.21),
    ]


def test_it_splits_readings_by_their_own_month_and_frames_by_receipt(store: Store) -> None:
    both = {"power": [*power(OCTOBER, voltage_v=1.0)["power"], *power(NOW, voltage_v=2.0)["power"]]}
    store.consume([desk(store).batch(payload(1, both))])
    named = read(
        store,
        "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '%\\_2026%' ESCAPE '\\' ORDER BY 1",
    )
    assert [name for (name,) in named] == [
        "frames_raw_202611",
        "power_samples_202610",
        "power_samples_202611",
    ]
    assert read(store, "SELECT ts, voltage_v FROM power_samples ORDER BY ts") == [(OCTOBER, 1.0), (NOW, 2.0)]


def test_its_views_have_every_column_whatever_was_stored(store: Store) -> None:
    for view, columns in tables.views().items():
        names = [row[0] for row in read(store, f"DESCRIBE {view}")]
        assert names == list(columns)
    store.consume([desk(store).batch(payload(1))])
    assert [row[0] for row in read(store, "DESCRIBE power_samples")] == list(tables.views()["power_samples"])


def test_it_reads_all_months_through_one_view_after_a_restart(store: Store) -> None:
    at = desk(store)
    store.consume([at.batch(payload(1, power(OCTOBER, current_a=1.0)))])
    store.consume([at.batch(payload(2, power(NOW, voltage_v=2.0)))])
    store = reopened(store)
    store.consume([desk(store).batch(payload(3, power(NOW, current_a=3.0)))])
    assert read(store, "SELECT voltage_v, current_a FROM power_samples ORDER BY frame") == [
        (None, 1.0),
        (2.0, None),
        (None, 3.0),
    ]
    store.close()


def test_it_never_gives_a_frame_number_twice(store: Store) -> None:
    store.consume([desk(store).batch(payload(1), payload(2))])
    store = reopened(store)
    assert store.next_frame == 2
    store.close()


def test_it_keeps_the_numbers_of_sources_and_series_over_a_restart(store: Store) -> None:
    store.consume([desk(store).batch(payload(1))])
    store = reopened(store)
    batch = desk(store).batch(payload(2), payload(1, stream=OTHER_STREAM))
    assert batch.frames["source"].to_pylist() == [0, 1]
    assert set(batch.samples["power"]["series"].to_pylist()) == {0}
    store.consume([batch])
    assert read(store, "SELECT count(*) FROM series") == [(1,)]
    assert read(store, "SELECT stream FROM sources ORDER BY id") == [(STREAM,), (OTHER_STREAM,)]
    store.close()


def test_it_says_who_has_the_file_when_it_cannot_open_it(tmp_path: Path) -> None:
    (tmp_path / "store.duckdb").write_bytes(
        b"this is no database, and it is long enough to be looked at" * 99
    )
    with pytest.raises(StartError, match=r"cannot open .*store\.duckdb"):
        Store(tmp_path / "store.duckdb").open()


def test_it_closes_after_a_fatal_error_and_opens_again_by_itself(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB invalidates the whole object; what that looks like from outside is a connection that refuses."""
    at = desk(store)
    store.consume([at.batch(payload(1))])
    batch = at.batch(payload(2))
    connection = store._connection  # noqa: SLF001 - no way to it from outside, and none is wanted
    assert connection is not None
    connection.close()
    with pytest.raises(NotDurableError):
        store.consume([batch])
    with pytest.raises(StoreClosedError):
        store.cursor()
    with pytest.raises(NotDurableError):
        store.take_replayed(batch, "x", (STATION, STREAM, 9))
    monkeypatch.setattr(store, "path", store.path.parent / "no" / "such" / "directory")
    with pytest.raises(NotDurableError):
        store.consume([batch])
    assert failing(store)
    monkeypatch.undo()
    store.consume([batch])
    assert not failing(store)
    assert read(store, "SELECT seq FROM frames ORDER BY seq") == [(1,), (2,)]


# -- what comes back


def test_it_remembers_every_stream_without_a_snapshot(store: Store) -> None:
    at = desk(store)
    store.consume([at.batch(payload(5, oldest=3), payload(6, oldest=5), payload(9, oldest=5, gone=[(7, 8)]))])
    store = reopened(store)
    record = ledger(store)[STREAM]
    assert record == ledgers.StreamRecord(
        STATION, STREAM, 3, 9, 5, born=False, held=[[5, 6], [9, 9]], gone=[[7, 8]]
    )
    store.close()


def test_it_brings_the_snapshot_up_to_date_by_the_frames_since(store: Store) -> None:
    at = desk(store)
    store.consume([at.batch(payload(1), payload(2))])
    snapshot = [
        ledgers.StreamRecord(STATION, STREAM, 1, 40, 2, born=True, held=[[1, 2]], gone=[[10, 12]]),
        ledgers.StreamRecord("louxing-08", OTHER_STREAM, 4, 9, 5, born=True, held=[]),
    ]
    store.write_ledger(snapshot, upto=1)
    store.consume([at.batch(payload(4, oldest=3, gone=[(20, 20)]))])
    store = reopened(store)
    found = ledger(store)
    assert found[STREAM] == ledgers.StreamRecord(
        STATION, STREAM, 1, 40, 3, born=True, held=[[1, 2], [4, 4]], gone=[[10, 12], [20, 20]]
    )
    assert found[OTHER_STREAM] == snapshot[1]
    store.close()


def test_it_counts_a_late_frame_once_however_often_the_snapshot_is_written(store: Store) -> None:
    at = desk(store)
    old = payload(1, power(NOW - DAY, voltage_v=1.0))
    store.consume([at.batch(old)])
    for _ in range(2):
        store.write_ledger([], upto=0)
    store.consume([at.batch(payload(2, power(NOW - DAY, voltage_v=1.0)))])
    store.write_ledger([], upto=0)
    assert ledgers.read(store.cursor(), 0).late == {STATION: 2}


def test_it_remembers_duplicates_and_best_effort_frames(store: Store) -> None:
    at = desk(store)
    store.consume([at.batch(payload(1), payload(1), best_effort(), best_effort())])
    store.write_ledger([], upto=1)
    store.consume([at.batch(payload(1))])
    found = ledgers.read(store.cursor(), NOW - DAY)
    assert found.duplicates == {STATION: 3}
    assert found.unnumbered == {STATION: 1}
    assert list(found.digests.values()) == [NOW]
    assert ledgers.read(store.cursor(), NOW + 1).digests == {}


def test_it_gives_back_the_last_value_of_every_field(store: Store) -> None:
    at = desk(store)
    store.consume([at.batch(payload(1), payload(2, power(NOW - 500, current_a=3.0)))])
    [(domain, table)] = last_values.read(store.cursor(), NOW - DAY)
    assert (domain, table.to_pylist()) == (
        "power",
        [{"series": 0, "ts": NOW - 500, "voltage_v": 229.8, "current_a": 3.0}],
    )
    assert list(last_values.read(store.cursor(), NOW)) == []


# -- replayed


def replayed(store: Store, batch: Batch, identity: str = "a", seq: int = 1) -> bool:
    return store.take_replayed(batch, identity, (STATION, STREAM, seq))


def test_it_puts_a_replayed_reading_under_its_own_frame_once(store: Store) -> None:
    at = desk(store)
    store.consume([at.batch(payload(1))])
    again = Desk(store.sources, store.series, frame=99).batch(payload(1, power(NOW, current_a=5.0)))
    assert replayed(store, again)
    assert not replayed(store, again)
    assert read(store, "SELECT frame, current_a FROM power_samples ORDER BY current_a NULLS FIRST") == [
        (0, None),
        (0, 5.0),
    ]
    store = reopened(store)
    assert not replayed(store, again)
    assert read(store, "SELECT count(*) FROM frames_raw") == [(1,)]
    store.close()


def test_it_puts_a_replayed_frame_that_was_never_stored_in_with_its_readings(store: Store) -> None:
    assert replayed(store, desk(store).batch(payload(4)), seq=4)
    assert read(store, "SELECT seq, voltage_v FROM frames JOIN power_samples USING (frame)") == [(4, 229.8)]


# -- whatever is accepted can be kept

INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def readings(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    """Draw a reading with numbers as wild as the wire takes them."""
    domain = draw(st.sampled_from(sorted(MEASURES)))
    numeric = [row for row in MEASURES[domain].values() if row.type in {"int", "float"}]
    chosen = draw(st.lists(st.sampled_from(numeric), min_size=1, max_size=3, unique_by=lambda row: row.name))
    fields: dict[str, object] = {
        row.name: draw(INTEGERS if row.type == "int" else st.one_of(FLOATS, INTEGERS)) for row in chosen
    }
    if draw(st.booleans()):
        fields["epoch"] = draw(st.integers(0, 2**63 - 1))
    return domain, {"device": "main", "ts": NOW, **fields}


def test_it_can_keep_the_largest_epoch(store: Store) -> None:
    store.consume([desk(store).batch(payload(1, power(NOW, voltage_v=1.0, epoch=2**63 - 1)))])
    assert read(store, "SELECT epoch FROM power_samples") == [(2**63 - 1,)]


def test_it_folds_gone_ranges_into_the_snapshot(store: Store) -> None:
    """Stations repeat them in frame after frame."""
    store.consume([desk(store).batch(payload(1, gone=[(3, 4)]), payload(2, gone=[(3, 4)]))])
    assert len(read(store, "FROM gone")) == 2
    store.write_ledger([], upto=1)
    assert read(store, "FROM gone") == []


@pytest.mark.parametrize("value", [2**53 + 1, 2**63 - 1, -(2**63)])
def test_it_can_keep_integers_that_no_float_can_hold(store: Store, value: int) -> None:
    at = desk(store)
    batches = []
    for domain, table in MEASURES.items():
        for row in table.values():
            if row.type in {"int", "float"}:
                reading = {"device": "main", "ts": NOW, row.name: value}
                batches.append(at.batch(payload(at.frame + 1, {domain: [reading]})))
                [stored] = rows(batches[-1], domain)
                assert stored.get("suspect", []) == list(suspect_fields(domain, reading))
    store.consume(batches)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(readings(), min_size=1, max_size=6), st.integers(1, 2**63 - 1))
def test_it_can_keep_every_number_the_wire_takes(
    store: Store, drawn: list[tuple[str, dict[str, object]]], seq: int
) -> None:
    """A batch that can never be stored would be tried for ever, and hold up every station."""
    at = desk(store)
    frames = [payload(seq, {domain: [reading]}) for domain, reading in drawn]
    assert all(isinstance(decode(frame, STATION), Decoded) for frame in frames)
    store.consume([at.batch(*frames)])


def test_it_can_keep_every_golden_frame(store: Store) -> None:
    expected = 0
    for good in good_frames():
        at = desk(store)
        batch = at.batch(arrived(good.payload, station_id=GOLDEN_STATION, received=SENT + 300))
        store.consume([batch])
        expected += good.readings
    stored = sum(len(read(store, f"FROM {view}")) for view in tables.views() if view != "frames_raw")
    assert stored == expected


def test_it_gives_back_of_which_frames_nothing_had_set_the_clock(store: Store) -> None:
    store.consume([desk(store).batch(payload(1), payload(2, clock_unset=True))])
    [batch] = replay.batches(reopened(store).cursor(), 0, 1)
    told = dict(zip(batch.frames["seq"].to_pylist(), batch.frames["clock"].to_pylist(), strict=True))
    assert told == {1: None, 2: "unset"}


def test_it_goes_on_with_frames_of_which_it_once_did_not_keep_that(store: Store) -> None:
    store.consume([desk(store).batch(payload(1))])
    store.cursor().execute("DROP VIEW frames; DROP VIEW frames_raw")
    store.cursor().execute("ALTER TABLE frames_raw_202611 DROP COLUMN clock")
    again = reopened(store)
    [before] = replay.batches(again.cursor(), 0, 0)
    assert before.frames["clock"].to_pylist() == [None]
    again.consume([desk(again).batch(payload(2, clock_unset=True))])
    [batch] = replay.batches(again.cursor(), 0, 1)
    assert batch.frames["clock"].to_pylist() == [None, "unset"]
