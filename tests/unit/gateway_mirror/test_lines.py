"""Lines say what was said, and read back as the same value."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.timeseries.mirror.frames import read_frames
from gateway.timeseries.mirror.lines import line
from gateway.timeseries.mirror.portion import text_of
from gateway.timeseries.mirror.probing import told
from gateway.timeseries.store import Store
from tests.unit.gateway_ingest.ticks import NOW, STREAM, Desk, arrived, best_effort, payload
from wire.influx import ACCESS, ALERT_TRANSITIONS, NS_A_MS, RAW, STATIONS, slot


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.duckdb")
    opened.open()
    yield opened
    opened.close()


def lines(store: Store, *messages: bytes, since: int = 0) -> dict[str, list[str]]:
    desk = Desk(store.sources, store.series, frame=store.next_frame)
    store.consume([desk.batch(*map(arrived, messages))])
    read = read_frames(store.cursor(), ">= 0", lambda _policy: since)
    return {policy.name: text_of(some).decode().splitlines() for policy, some in read.lines.items()}


def test_it_writes_each_type_as_the_table_has_it(store: Store) -> None:
    reading = {
        "device": "main.l1",
        "ts": NOW,
        "voltage_v": 229.8,
        "power_active_w": 24.0,
        "breaker_closed": True,
        "ups_status": ["OL", "CHRG"],
    }
    (said,) = lines(store, payload(7, {"power": [reading]}))["raw"]
    key, fields, at = (
        said.rsplit(" ", 2)[0].split(" ")[0],
        said.split(" ", 1)[1].rsplit(" ", 1)[0],
        said.split()[-1],
    )
    assert key == "power,region=louxing,station=louxing-07,device=main.l1"
    assert sorted(fields.split(",")) == [
        "breaker_closed=true",
        "power_active_w=24.0",
        'ups_status="OL CHRG"',
        "voltage_v=229.8",
    ]
    assert int(at) == NOW * NS_A_MS + slot(STREAM, 7, 0)


def test_it_parts_an_event_from_the_states_that_came_with_it_and_hides_who_it_was(store: Store) -> None:
    reading = {
        "device": "front-door",
        "ts": NOW,
        "event": "granted",
        "credential_kind": "qr",
        "subject_ref": "k3v7tq2m5x4c6bzn",
        "door_state": "open",
    }
    told = lines(store, payload(1, {"access": [reading]}, frame_class="event"))
    assert 'door_state="open"' in told["raw"][0]
    assert "event=" not in told["raw"][0]
    assert told["access"][0].startswith("access_events,region=louxing,station=louxing-07,device=front-door ")
    assert 'event="granted",credential_kind="qr"' in told["access"][0]
    assert "k3v7tq2m5x4c6bzn" not in str(told)


def test_it_names_what_is_suspect(store: Store) -> None:
    (said,) = lines(store, payload(1, {"power": [{"device": "main", "ts": NOW, "voltage_v": 999.0}]}))["raw"]
    assert 'suspect="voltage_v"' in said


def test_two_readings_of_a_millisecond_and_two_unnumbered_frames_have_times_of_their_own(
    store: Store,
) -> None:
    twice = [
        {"device": "main", "ts": NOW, "voltage_v": 230.0},
        {"device": "main", "ts": NOW, "voltage_v": 231.0},
    ]
    bare = [
        best_effort({"power": [{"device": "main", "ts": NOW, "voltage_v": volts}]}) for volts in (1.0, 2.0)
    ]
    said = lines(store, payload(1, {"power": twice}), *bare)["raw"]
    assert len({one.rsplit(" ", 1)[1] for one in said}) == 4


def test_it_leaves_out_and_counts_what_its_class_does_not_keep(store: Store) -> None:
    desk = Desk(store.sources, store.series, frame=0)
    store.consume([desk.batch(payload(1))])
    read = read_frames(store.cursor(), ">= 0", lambda policy: NOW + 1 if policy is RAW else 0)
    assert (read.lines, read.outside) == ({}, 1)
    assert ACCESS not in read.lines


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back_the_same_from_the_store_and_from_here(value: float) -> None:
    (text,) = duckdb.execute("SELECT ?::DOUBLE::VARCHAR", [value]).fetchall()[0]
    assert float(text) == value
    said = line(STATIONS, {"region": "r", "station": "s"}, {"lat": value}, 1)
    assert said is not None
    assert float(said.split("lat=")[1].split(" ")[0]) == value


@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_any_text_of_people_stays_one_line_that_can_be_taken_apart(name: str, alert: str) -> None:
    tags = {"region": "r", "station": "s", "rule": "WA-02", "severity": "P1"}
    said = line(ALERT_TRANSITIONS, tags, {"name_zh": name, "alert_id": alert, "value": 1}, 5)
    assert said is not None
    assert said.count("\n") == 1
    key = "alerts,region=r,station=s,rule=WA-02,severity=P1"
    found = told(pa.array([said]), key)
    assert found.counts == {"name_zh": 1, "alert_id": 1, "value": 1}
    assert (found.tags["rule"], found.first, found.last) == ("WA-02", 5, 5)


def test_a_line_without_a_value_is_none_and_an_unknown_field_is_an_error() -> None:
    tags = {"region": "r", "station": "s"}
    assert line(STATIONS, tags, {"state": None}, 1) is None
    with pytest.raises(KeyError):
        line(STATIONS, tags, {"no_such_field": 1}, 1)
