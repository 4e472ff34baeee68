"""Frames patched in place are the frames a careful encoder would have written."""

import itertools
from typing import Any

import numpy as np
import orjson
import pytest

from simulators.load.encoder import Encoder
from simulators.load.frametable import Batch
from simulators.load.packets import PacketIds, Parser
from simulators.load.roster import Roster
from simulators.load.shape import MAX_POINTS, readings_of
from simulators.load.walks import Schedule
from wire.codec import decode, suspect_fields
from wire.topics import Channel
from wire.verdicts import Decoded

STREAM = "01K0PZ6Q9V3W8S4D2N7X5C1B{:02d}"
ORIGIN_MS = 1_763_790_000_000


def _encoder(points: int, stations: int = 50) -> Encoder:
    roster = Roster(
        region="sim",
        prefix="fleet-",
        streams=tuple(STREAM.format(n) for n in range(stations)),
        boot_id=STREAM.format(99),
        started_ms=ORIGIN_MS,
        interval_s=10.0,
        readings=readings_of(points),
    )
    return Encoder(roster, roster.readings, Schedule(ORIGIN_MS, 10_000, stations), PacketIds())


def _batch(stations: list[int], seqs: list[int], oldest: list[int] | None = None) -> Batch:
    return Batch(np.array(stations), np.array(seqs), np.array(oldest or seqs))


def _messages(encoder: Encoder, batch: Batch, lane: Channel = Channel.TELEMETRY) -> list[tuple[str, bytes]]:
    rows = encoder.encode(lane, batch, ORIGIN_MS + 123_456)
    packets = Parser().feed(rows.tobytes())
    return [(topic.decode(), payload) for topic, payload in (packet.message() for packet in packets)]


def _decoded(encoder: Encoder, batch: Batch, lane: Channel = Channel.TELEMETRY) -> list[Decoded]:
    frames = [decode(payload, topic.split("/")[2]) for topic, payload in _messages(encoder, batch, lane)]
    assert all(isinstance(frame, Decoded) for frame in frames)
    return [frame for frame in frames if isinstance(frame, Decoded)]


def _points(frame: Decoded) -> int:
    return sum(len(reading.keys() - {"device", "ts"}) for _, _, reading in frame.readings)


@pytest.mark.parametrize("points", [1, 2, 5, 29, 30, 31, 90, MAX_POINTS])
def test_it_writes_frames_that_the_exact_decoder_takes_whole(points: int) -> None:
    stations = list(range(50))
    for frame, number in zip(
        _decoded(_encoder(points), _batch(stations, stations_to_seqs(stations))), stations, strict=True
    ):
        assert (frame.station_id, frame.stream) == (f"fleet-{number + 1:05d}", STREAM.format(number))
        assert (frame.seq, frame.sent, frame.frame_class) == (number + 1, ORIGIN_MS + 123_456, "sample")
        assert not frame.rejected
        assert not frame.unknown_fields
        assert _points(frame) == points
        assert not any(suspect_fields(domain, reading) for domain, _, reading in frame.readings)


def stations_to_seqs(stations: list[int]) -> list[int]:
    return [number + 1 for number in stations]


def test_it_holds_30_points_in_11_readings_and_5_points_in_2() -> None:
    assert [len(_decoded(_encoder(points), _batch([0], [1]))[0].readings) for points in (30, 5)] == [11, 2]


def test_it_covers_all_seven_domains_at_30_points() -> None:
    (frame,) = _decoded(_encoder(30), _batch([0], [1]))
    assert len({domain for domain, _, _ in frame.readings}) == 7


def test_it_stays_under_the_size_an_agent_keeps_to() -> None:
    (_, payload), *_ = _messages(_encoder(MAX_POINTS), _batch([0], [1]))
    assert len(payload) < 16 * 1024


def test_it_sends_the_same_readings_again_on_the_other_lane() -> None:
    encoder = _encoder(30)
    batch = _batch([3, 4], [9, 9])
    live = _messages(encoder, batch)
    again = _messages(encoder, _batch([3, 4], [9, 9], [2, 2]), Channel.BACKLOG)
    assert [topic for topic, _ in again] == [
        "stations/sim/fleet-00004/backlog",
        "stations/sim/fleet-00005/backlog",
    ]
    for (_, before), (_, after) in zip(live, again, strict=True):
        assert orjson.loads(before)["readings"] == orjson.loads(after)["readings"]
        assert (orjson.loads(before)["oldest"], orjson.loads(after)["oldest"]) == (9, 2)


def test_it_writes_numbers_of_different_length_into_one_batch() -> None:
    seqs = [7, 99, 100, 12_345, 1_000_000]
    frames = _decoded(_encoder(5), _batch([0, 1, 2, 3, 4], seqs, [1, 9, 10, 100, 999_999]))
    assert [(frame.seq, frame.oldest) for frame in frames] == list(
        zip(seqs, [1, 9, 10, 100, 999_999], strict=True)
    )


def test_it_spreads_the_stations_of_a_turn_over_the_interval() -> None:
    frames = _decoded(_encoder(5), _batch([0, 25, 0], [1, 1, 2]))
    taken = [frame.readings[0][2]["ts"] for frame in frames]
    assert [later - earlier for earlier, later in itertools.pairwise(_numbers(taken))] == [5_000, 5_000]


def _numbers(values: list[Any]) -> list[int]:
    return [int(value) for value in values]


def test_it_counts_upwards_and_moves_gauges() -> None:
    frames = _decoded(_encoder(30), _batch([7] * 5_000, list(range(1, 5_001))))
    water = [reading for frame in frames for domain, _, reading in frame.readings if domain == "water"]
    totals = [float(str(reading["water_volume_m3_total"])) for reading in water]
    assert totals == sorted(totals)
    assert len(set(totals)) > 100
    assert len({reading["water_pressure_kpa"] for reading in water}) > 200


def test_it_numbers_its_packets_one_after_the_other() -> None:
    encoder = _encoder(5)
    bodies = [
        packet.body
        for _ in range(2)
        for packet in Parser().feed(encoder.encode(Channel.TELEMETRY, _batch([0, 1], [1, 1]), 0).tobytes())
    ]
    ids = [int.from_bytes(body[2 + int.from_bytes(body[:2], "big") :][:2], "big") for body in bodies]
    assert ids == [1, 2, 3, 4]


@pytest.mark.parametrize("points", [0, -1, MAX_POINTS + 1])
def test_it_refuses_a_number_of_points_no_frame_has(points: int) -> None:
    with pytest.raises(ValueError, match=f"points must be 1 to {MAX_POINTS}"):
        readings_of(points)
