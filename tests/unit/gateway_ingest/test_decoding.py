"""From payloads to headers, readings and rejections: each message ends somewhere, clocks are corrected."""

import pytest

from gateway.ingest.decoding import DecodedTick, TickDecoder
from tests.unit.gateway_ingest.ticks import (
    NOW,
    STREAM,
    VOLTS,
    Desk,
    arrived,
    best_effort,
    payload,
    rows,
)
from wire.codec import Reason, compress

MINUTE = 60_000
YEAR_1970 = 1_000
EVENT = {"access": [{"device": "front-door", "ts": NOW, "event": "granted", "credential_kind": "qr"}]}


def decode(*said: bytes, received: int = NOW) -> DecodedTick:
    return TickDecoder().decode([arrived(one, received=received) for one in said])


def reasons(tick: DecodedTick) -> list[Reason]:
    return [rejected.reason for _, rejected in tick.rejected] + [
        bad.reason for _, bad in tick.rejected_readings
    ]


def power(ts: int, **fields: object) -> dict[str, list[dict[str, object]]]:
    return {"power": [{"device": "main", "ts": ts, "voltage_v": 229.8, **fields}]}


def test_it_takes_plain_frames_as_columns_and_the_others_one_by_one() -> None:
    tick = decode(
        payload(1),
        payload(2, gone=[(7, 8)]),
        payload(3, EVENT, frame_class="event"),
        payload(4, clock_unset=True),
        best_effort(),
    )
    assert sum(len(part.ts) for part in tick.rows) == 1
    assert len(tick.readings) == 4
    assert {header.position for header in tick.headers} == {0, 1, 2, 3, 4}
    assert {header.position: header.gone for header in tick.headers}[1] == ((7, 8),)
    assert tick.rejected == []


def test_it_takes_compressed_frames_by_either_way() -> None:
    tick = decode(compress(payload(1)), compress(payload(2, EVENT, frame_class="event")))
    assert [header.seq for header in sorted(tick.headers)] == [1, 2]


def test_it_takes_a_compressed_event_of_more_than_the_largest_plain_payload() -> None:
    """256 KiB bound what comes; decompressed it may be 1 MiB."""
    many = {"access": EVENT["access"] * 5_000}
    plain = payload(1, many, frame_class="event")
    assert len(plain) > 256 * 1024
    tick = decode(compress(plain))
    assert (len(tick.readings), tick.rejected) == (5_000, [])


def test_it_does_not_unpack_what_was_packed_twice() -> None:
    assert reasons(decode(compress(compress(payload(1))))) == [Reason.NOT_JSON]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b"[]", Reason.BAD_ENVELOPE),
        (payload(1)[:-1], Reason.NOT_JSON),
        (b"\x28\xb5\x2f\xfd is no zstandard", Reason.BAD_COMPRESSION),
        (compress(payload(1))[:-1], Reason.BAD_COMPRESSION),
        (compress(b" " * 1_100_000), Reason.TOO_BIG),
        (b"{" + b" " * 300_000, Reason.TOO_BIG),
        (payload(1, station_id="louxing-08"), Reason.WRONG_STATION),
        (payload(1).replace(b'"v":1', b'"v":2'), Reason.UNKNOWN_VERSION),
    ],
)
def test_it_rejects_what_it_cannot_read_and_keeps_the_neighbours(said: bytes, reason: Reason) -> None:
    tick = decode(payload(1), said, payload(2))
    assert [(position, rejected.reason) for position, rejected in tick.rejected] == [(1, reason)]
    assert sorted(header.position for header in tick.headers) == [0, 2]


def test_it_gives_no_identity_to_a_frame_of_an_unknown_version() -> None:
    """It waits at the station for a newer gateway, so nobody may acknowledge it."""
    [(_, rejected)] = decode(payload(1).replace(b'"v":1', b'"v":2')).rejected
    assert (rejected.stream, rejected.seq) == (None, None)


def test_it_gives_the_identity_of_a_bad_frame_where_it_can_be_read() -> None:
    [(_, rejected)] = decode(payload(9, station_id="louxing-08")).rejected
    assert (rejected.stream, rejected.seq) == (STREAM, 9)


@pytest.mark.parametrize("exact", [False, True], ids=["columns", "exact"])
class TestClocks:
    """Contract section 6; both decoders have to say the same."""

    def stored(self, ts: int, sent: int, *, exact: bool, quality: str | None = None) -> dict[str, object]:
        fields = {"quality": quality} if quality else {}
        frame = payload(1, power(ts, **fields), sent=sent, gone=[(5, 5)] if exact else [])
        [row] = rows(Desk().batch(frame), "power")
        return {name: row[name] for name in ("ts", "own_ts", "quality") if name in row}

    def refused(self, ts: int, sent: int, *, exact: bool) -> list[Reason]:
        frame = payload(1, power(ts), sent=sent, gone=[(5, 5)] if exact else [])
        tick = decode(frame)
        assert len(tick.headers) == 1, "the frame is taken all the same"
        assert sum(len(part.ts) for part in tick.rows) + len(tick.readings) == 0
        return reasons(tick)

    def test_it_leaves_a_right_clock_alone(self, exact: bool) -> None:  # noqa: FBT001 - a parameter of pytest
        assert self.stored(NOW - MINUTE, NOW - MINUTE, exact=exact) == {"ts": NOW - MINUTE}
        assert self.stored(NOW, NOW + 60_000, exact=exact, quality="stale") == {"ts": NOW, "quality": "stale"}

    def test_it_moves_the_readings_of_a_wrong_clock(self, exact: bool) -> None:  # noqa: FBT001 - a parameter of pytest
        for off in (-60_001, 60_001, -9 * 365 * 86_400_000):
            said = self.stored(NOW + off - 5_000, NOW + off, exact=exact, quality="stale")
            assert said == {"ts": NOW - 5_000, "own_ts": NOW + off - 5_000, "quality": "substituted"}

    def test_it_stores_nothing_in_the_future(self, exact: bool) -> None:  # noqa: FBT001 - a parameter of pytest
        said = self.stored(NOW + 30_000, NOW, exact=exact)
        assert said == {"ts": NOW, "own_ts": NOW + 30_000, "quality": "substituted"}

    def test_it_refuses_a_reading_taken_after_it_was_sent(self, exact: bool) -> None:  # noqa: FBT001 - a parameter of pytest
        assert self.refused(NOW + 600_001, NOW, exact=exact) == [Reason.TS_AHEAD]
        assert self.stored(NOW + 600_000, NOW, exact=exact)["ts"] == NOW

    def test_it_refuses_a_reading_of_1970_under_a_right_clock(self, exact: bool) -> None:  # noqa: FBT001 - a parameter of pytest
        assert self.refused(YEAR_1970, NOW, exact=exact) == [Reason.TS_TOO_OLD]

    def test_it_saves_a_reading_of_1970_under_a_clock_of_1970(self, exact: bool) -> None:  # noqa: FBT001 - a parameter of pytest
        assert self.stored(YEAR_1970, YEAR_1970 + 500, exact=exact)["ts"] == NOW - 500


def test_it_corrects_an_unset_clock_however_right_it_looks() -> None:
    frame = payload(1, power(NOW - 10_000), sent=NOW - 2_000, clock_unset=True)
    [row] = rows(Desk().batch(frame), "power")
    assert (row["ts"], row["own_ts"], row["quality"]) == (NOW - 8_000, NOW - 10_000, "substituted")


def test_it_takes_the_neighbours_of_an_impossible_time() -> None:
    both = {"power": [*power(YEAR_1970)["power"], *power(NOW)["power"]]}
    tick = decode(payload(1, both), payload(2, VOLTS))
    assert [(bad.index, bad.reason) for _, bad in tick.rejected_readings] == [(0, Reason.TS_TOO_OLD)]
    [part] = tick.rows
    assert sorted(zip(part.header.tolist(), part.index.tolist(), strict=True)) == [(0, 1), (1, 0)]


def test_it_counts_fields_nobody_declared_once_by_either_way() -> None:
    odd = power(NOW, humor="dry")
    assert decode(payload(1, odd)).unknown_fields == {"power.humor": 1}
    assert decode(payload(1, odd, gone=[(3, 3)])).unknown_fields == {"power.humor": 1}


def test_it_refuses_a_frame_with_more_readings_than_good_ones_fit() -> None:
    """300 bytes of Zstandard held 340,000 empty readings, which took five seconds to judge one by one."""
    flood = payload(7).replace(b'"power":[', b'"power":[' + b"{}," * 40_000)
    tick = decode(compress(flood))
    [(_, rejected)] = tick.rejected
    assert (rejected.reason, rejected.stream, rejected.seq) == (Reason.TOO_BIG, STREAM, 7)
