from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.state.database import State
from gateway.state.quarantined import Quarantined, QuarantineLimits
from wire.ranges import Ranges

NOW = 1_795_334_400_000
STREAM = "01K0PZ6Q9V3W8S4D2N7X5C1BFA"
LIMITS = QuarantineLimits(rows=20, payload_bytes=2_000, rows_per_station=5, entry_bytes=500)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path, NOW, reserve_bytes=1, limits=LIMITS) as state:
        yield state


def frame(
    station_id: str | None = "a", payload: bytes = b"{", seq: int | None = None, **more: object
) -> Quarantined:
    return Quarantined(
        station_id=station_id,
        region="r" if station_id else None,
        topic="t",
        reason="not_json",
        detail="where and what",
        payload=payload,
        stream=None if seq is None else STREAM,
        seq=seq,
        **more,  # type: ignore[arg-type]
    )


def test_it_gives_back_what_it_holds(state: State) -> None:
    reading = frame(seq=5, domain="water", index=2)
    state.quarantine.add([reading], NOW)
    (entry,) = state.quarantine.page(10)
    assert (entry.item, entry.received, entry.count, entry.cut) == (reading, NOW, 1, False)
    assert state.quarantine.get(entry.id) == entry


def test_the_same_bytes_again_only_count(state: State) -> None:
    state.quarantine.add([frame(), frame()], NOW)
    state.quarantine.add([frame()], NOW + 5)
    (entry,) = state.quarantine.page(10)
    assert (entry.count, entry.received, entry.repeated) == (3, NOW, NOW + 5)


def test_frames_without_an_identity_are_counted_once_each_and_their_copies(state: State) -> None:
    first = state.quarantine.add([frame(), frame(), frame(payload=b"["), frame(seq=5)], NOW)
    again = state.quarantine.add([frame(), frame(station_id="b"), frame(station_id=None)], NOW)
    reading = state.quarantine.add([frame(domain="water", index=0)], NOW)
    assert (first, again) == (({"a": 2}, {"a": 1}), ({"b": 1}, {"a": 1}))
    assert reading == ({}, {})
    assert state.quarantine.nameless() == ({"a": 2, "b": 1}, {"a": 2, "b": 0})
    assert state.quarantine.held() == [("a", STREAM, Ranges([(5, 5)]))]


def test_a_frame_of_a_version_to_come_is_counted_when_it_is_understood(state: State) -> None:
    later = replace(frame(), reason="unknown_version")
    assert state.quarantine.add([later, later], NOW) == ({}, {})
    assert state.quarantine.nameless() == ({}, {})


def test_frames_without_an_identity_stay_counted_when_their_entries_go(state: State) -> None:
    for n in range(1, 8):
        state.quarantine.add([frame(payload=bytes([n]))], NOW)
    assert len(state.quarantine.page(10)) == LIMITS.rows_per_station
    assert state.quarantine.nameless().distinct == {"a": 7}


def test_the_same_frame_sent_again_only_counts(state: State) -> None:
    state.quarantine.add([frame(seq=5, payload=b"sent 1")], NOW)
    state.quarantine.add([frame(seq=5, payload=b"sent 2")], NOW)
    assert [entry.count for entry in state.quarantine.page(10)] == [2]


@pytest.mark.parametrize(
    "other",
    [
        frame(station_id="b"),
        frame(payload=b"}"),
        frame(station_id=None),
        frame(seq=5),
        frame(seq=5, domain="water", index=0),
        frame(seq=5, domain="water", index=1),
    ],
)
def test_another_thing_is_another_entry(state: State, other: Quarantined) -> None:
    state.quarantine.add([frame(), other], NOW)
    assert [entry.count for entry in state.quarantine.page(10)] == [1, 1]


def test_it_remembers_frames_held_whole_for_good(tmp_path: Path) -> None:
    with State.open(tmp_path, NOW, reserve_bytes=1, limits=LIMITS) as state:
        state.quarantine.add([frame(seq=n) for n in (3, 4, 9)], NOW)
        state.quarantine.add([frame(seq=n) for n in range(10, 100)], NOW)
    with State.open(tmp_path, NOW, reserve_bytes=1, limits=LIMITS) as state:
        assert state.quarantine.held() == [("a", STREAM, Ranges([(3, 4), (9, 99)]))]
        assert state.quarantine.size()[0] == LIMITS.rows_per_station


def test_a_bad_reading_does_not_make_its_frame_held(state: State) -> None:
    state.quarantine.add([frame(seq=5, domain="water", index=0)], NOW)
    assert state.quarantine.held() == []


def test_one_mad_station_does_not_push_out_another(state: State) -> None:
    state.quarantine.add([frame(station_id="quiet")], NOW)
    state.quarantine.add([frame(station_id="mad", seq=n) for n in range(1, 100)], NOW + 1)
    stations = [entry.item.station_id for entry in state.quarantine.page(100)]
    assert stations.count("mad") == LIMITS.rows_per_station
    assert stations.count("quiet") == 1
    assert state.quarantine.evicted() == {"rows_per_station": 94}


def test_it_is_bounded_in_rows_and_drops_the_oldest(state: State) -> None:
    for n in range(25):
        state.quarantine.add([frame(station_id=f"s{n}")], NOW + n)
    kept = [entry.received - NOW for entry in state.quarantine.page(100)]
    assert kept == list(range(24, 4, -1))
    assert state.quarantine.evicted() == {"rows": 5}


def test_it_is_bounded_in_bytes_and_drops_the_oldest(state: State) -> None:
    for n in range(8):
        state.quarantine.add([frame(station_id=f"s{n}", payload=bytes([n]) * 300)], NOW + n)
    assert [entry.received - NOW for entry in state.quarantine.page(100)] == [7, 6, 5, 4, 3, 2]
    assert state.quarantine.size() == (6, 1_800)
    assert state.quarantine.evicted() == {"payload_bytes": 2}


def test_it_keeps_the_beginning_of_a_long_payload(state: State) -> None:
    state.quarantine.add([frame(payload=b"x" * 501)], NOW)
    (entry,) = state.quarantine.page(1)
    assert (len(entry.item.payload), entry.cut) == (500, True)


def test_it_lists_page_by_page_newest_first(state: State) -> None:
    for n in range(5):
        state.quarantine.add([frame(station_id=f"s{n}")], NOW + n)
    first = state.quarantine.page(3)
    rest = state.quarantine.page(3, before=first[-1].id)
    assert [entry.item.station_id for entry in first + rest] == ["s4", "s3", "s2", "s1", "s0"]


def test_it_lists_by_station_reason_and_region(state: State) -> None:
    state.quarantine.add([frame(), frame(station_id="b"), frame(station_id=None)], NOW)
    assert len(state.quarantine.page(10, station_id="b")) == 1
    assert len(state.quarantine.page(10, reason="bad_seq")) == 0
    assert len(state.quarantine.page(10, regions=["r"])) == 2
    assert len(state.quarantine.page(10, regions=["other"])) == 0


def test_an_entry_is_replayed_once(state: State) -> None:
    state.quarantine.add([frame()], NOW)
    (entry,) = state.quarantine.page(1)
    assert state.quarantine.mark_replayed(entry.id, NOW + 1)
    assert not state.quarantine.mark_replayed(entry.id, NOW + 2)
    assert not state.quarantine.mark_replayed("none", NOW)
    again = state.quarantine.get(entry.id)
    assert again is not None
    assert again.replayed == NOW + 1


def test_it_knows_no_entry_that_is_not_there(state: State) -> None:
    assert state.quarantine.get("none") is None
