"""From a tick to columns: only what is new, in order, measured against its ranges."""

from gateway.batch.batch import READING_COLUMNS
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
from wire.topics import Channel

MINUTE = 60_000


def power(ts: int = NOW, device: str = "main", **fields: object) -> dict[str, list[dict[str, object]]]:
    return {"power": [{"device": device, "ts": ts, **fields}]}


def test_it_leaves_out_what_is_known_already() -> None:
    desk = Desk()
    desk.batch(payload(1))
    batch = desk.batch(payload(1), payload(2), payload(2, power(voltage_v=1.0)))
    assert batch.frames["seq"].to_pylist() == [2]
    assert [row["voltage_v"] for row in rows(batch, "power")] == [229.8]
    assert batch.duplicates == {STATION: 2}


def test_it_numbers_frames_on_from_the_last_batch_in_order_of_receipt() -> None:
    desk = Desk(frame=40)
    event = {"access": [{"device": "front-door", "ts": NOW, "event": "denied", "reason": "expired"}]}
    first = desk.batch(payload(3), payload(1, event, frame_class="event"), payload(2))
    assert first.frames["frame"].to_pylist() == [40, 41, 42]
    assert first.frames["seq"].to_pylist() == [3, 1, 2]
    assert [row["frame"] for row in rows(first, "access")] == [41]
    assert desk.batch(payload(9)).frames["frame"].to_pylist() == [43]


def test_it_tells_of_each_frame_what_replay_and_ledger_need() -> None:
    came = arrived(payload(7, oldest=5, gone=[(2, 3)], sent=NOW - 5), channel=Channel.BACKLOG)
    batch = Desk().batch(came)
    [frame] = batch.frames.to_pylist()
    assert frame == {
        "frame": 0,
        "source": 0,
        "seq": 7,
        "lane": "backlog",
        "class": "sample",
        "sent": NOW - 5,
        "received": NOW,
        "correction": 0,
        "clock": None,
        "oldest": 5,
        "late": False,
        "digest": None,
    }
    assert batch.gone == [(0, 2, 3)]


def test_it_tells_of_which_frames_nothing_had_set_the_clock() -> None:
    batch = Desk().batch(payload(1), payload(2, clock_unset=True), payload(3))
    assert {frame["seq"]: frame["clock"] for frame in batch.frames.to_pylist()} == {
        1: None,
        2: "unset",
        3: None,
    }


def test_it_gives_best_effort_frames_a_digest_for_an_identity() -> None:
    [frame] = Desk().batch(best_effort()).frames.to_pylist()
    assert (frame["seq"], frame["oldest"], len(frame["digest"])) == (None, None, 32)


def test_it_keeps_events_apart_from_samples() -> None:
    both = {
        "access": [
            {"device": "front-door", "ts": NOW, "event": "granted", "credential_kind": "qr"},
            {"device": "front-door", "ts": NOW, "door_state": "open"},
        ]
    }
    batch = Desk().batch(payload(1, both, frame_class="event"))
    assert batch.events["access"]["event"].to_pylist() == ["granted"]
    assert batch.samples["access"]["door_state"].to_pylist() == ["open"]
    assert batch.samples["access"]["idx"].to_pylist() == [1], "its place in the frame"


def test_it_names_suspects_of_each_row() -> None:
    readings = {
        "power": [
            {"device": "main", "ts": NOW, "voltage_v": 229.8, "current_a": 3.0},
            {"device": "main", "ts": NOW, "voltage_v": 9_999.0, "current_a": 3.0},
            {"device": "main", "ts": NOW, "voltage_v": -1.0, "current_a": 1e9},
        ]
    }
    suspects = Desk().batch(payload(1, readings)).samples["power"]["suspect"].to_pylist()
    assert [sorted(names or ()) for names in suspects] == [[], ["voltage_v"], ["current_a", "voltage_v"]]


def test_it_suspects_a_sentinel_inside_the_valid_range() -> None:
    """65535 is what the counter says when it has no figure, and the range ends there."""
    readings = {"occupancy": [{"device": "a", "ts": NOW, "dwell_avg_s": value} for value in (65_534, 65_535)]}
    batch = Desk().batch(payload(1, readings))
    assert batch.samples["occupancy"]["suspect"].to_pylist() == [None, ["dwell_avg_s"]]


def test_it_has_no_column_of_suspects_when_there_are_none() -> None:
    assert "suspect" not in Desk().batch(payload(1)).samples["power"].column_names


def test_it_calls_a_frame_late_by_its_newest_reading_at_first_receipt() -> None:
    def late(*ages: int) -> bool:
        readings = {"power": [{"device": "main", "ts": NOW - age, "voltage_v": 1.0} for age in ages]}
        answer: bool = Desk().batch(payload(1, readings)).frames["late"][0].as_py()
        return answer

    assert not late(5 * MINUTE)
    assert late(5 * MINUTE + 1)
    assert not late(60 * MINUTE, MINUTE)
    assert late(60 * MINUTE, 6 * MINUTE)


def test_a_frame_without_readings_is_not_late() -> None:
    assert Desk().batch(payload(1, {})).frames["late"].to_pylist() == [False]


def test_it_counts_the_values_of_fields_and_nothing_else_as_points() -> None:
    readings = {"power": [{"device": "main", "ts": NOW, "voltage_v": 9_999.0, "current_a": 3.0, "epoch": 2}]}
    batch = Desk().batch(payload(1, readings), payload(2))
    assert batch.points == 3
    assert {"frame", "idx", "series", "ts", "epoch", "suspect"} <= READING_COLUMNS


def test_it_numbers_devices_of_each_station_and_domain_for_itself() -> None:
    desk = Desk()
    other = arrived(payload(1, station_id="louxing-08", stream=OTHER_STREAM), station_id="louxing-08")
    environment = {"environment": [{"device": "main", "ts": NOW, "co2_ppm": 612}]}
    desk.batch(payload(1), other, payload(2, environment), payload(3, power(voltage_v=1.0, device="main.l1")))
    assert sorted((s.station_id, s.domain, s.device) for s in desk.series.known) == [
        (STATION, "environment", "main"),
        (STATION, "power", "main"),
        (STATION, "power", "main.l1"),
        ("louxing-08", "power", "main"),
    ]
    known = len(desk.series.known)
    desk.batch(payload(4), payload(5, environment))
    assert len(desk.series.known) == known


def test_it_numbers_sources_by_region_station_and_stream() -> None:
    desk = Desk()
    first = desk.batch(payload(1), payload(1, stream=OTHER_STREAM), best_effort(), payload(2))
    assert first.frames["source"].to_pylist() == [0, 1, 2, 0]
    assert [source.stream for source in desk.sources.known] == [STREAM, OTHER_STREAM, None]
