"""What becomes of each frame: new, a further copy, held; and every count of it."""

import json

import pytest

from gateway.ingest.admission import DIGEST_MS
from tests.unit.gateway_ingest.ticks import (
    NOW,
    OTHER_STREAM,
    STATION,
    STREAM,
    VOLTS,
    Desk,
    arrived,
    best_effort,
    payload,
)
from wire.codec import Decoded, decode

OLD = {"power": [{"device": "main", "ts": NOW - 3_600_000, "voltage_v": 1.0}]}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def stray(seq: int = 5) -> bytes:
    """A frame of louxing-08 in a stream of louxing-07."""
    return payload(seq, station_id="louxing-08")


def test_it_acknowledges_a_frame_of_another_stations_stream_to_its_sender_only(desk: Desk) -> None:
    desk.commit(desk.admit([payload(1)])[1])
    _, admitted, batch = desk.admit([arrived(stray(), station_id="louxing-08")])
    assert batch.frames.num_rows == 0
    [held] = admitted.quarantined
    assert (held.reason, held.station_id, held.stream, held.seq) == (
        "foreign_stream",
        "louxing-08",
        STREAM,
        5,
    )
    desk.commit(admitted)
    said = {receipt.station_id: receipt.received for receipt in desk.received.receipts(NOW + 2_000)}
    assert said == {STATION: [[1, 1]], "louxing-08": [[5, 5]]}
    assert desk.admission.quarantined == {"louxing-08": 1}


def test_it_holds_a_frame_with_a_bad_envelope_and_lets_it_wait_for_its_acknowledgement(desk: Desk) -> None:
    bad = payload(3).replace(b'"class":"sample"', b'"class":"humor"')
    _, admitted, _ = desk.admit([bad, bad])
    assert [held.reason for held in admitted.quarantined] == ["bad_class", "bad_class"]
    assert [(of.stream, seq, at) for of, seq, at in admitted.uncommitted] == [(STREAM, 3, NOW)]
    assert (admitted.copies, desk.admission.quarantined) == ({STATION: 1}, {STATION: 1})
    desk.commit(admitted)
    assert [receipt.received for receipt in desk.received.receipts(NOW + 2_000)] == [[[3, 3]]]


@pytest.mark.parametrize("bad", [b"{", payload(1).replace(b'"v":1', b'"v":2')])
def test_it_acknowledges_nothing_it_cannot_name(desk: Desk, bad: bytes) -> None:
    _, admitted, _ = desk.admit([bad])
    assert (len(admitted.quarantined), admitted.uncommitted) == (1, [])


def test_it_takes_a_best_effort_frame_once_in_a_day(desk: Desk) -> None:
    assert len(desk.admit([best_effort(), best_effort()])[1].new) == 1
    assert desk.received.figures(STATION)["duplicate"] == 1
    assert desk.admission.unnumbered == {STATION: 1}
    desk.admission.forget_digests(NOW + DIGEST_MS)
    assert desk.admit([best_effort()])[1].new == []
    desk.admission.forget_digests(NOW + DIGEST_MS + 1)
    assert len(desk.admit([best_effort()])[1].new) == 1


def test_it_holds_a_bad_reading_with_its_place_and_only_itself(desk: Desk) -> None:
    readings = {"power": [*VOLTS["power"], {"device": "Main", "ts": NOW, "voltage_v": 1.0, "phone": "555"}]}
    _, admitted, batch = desk.admit([payload(4, readings)])
    assert batch.samples["power"].num_rows == 1
    [held] = admitted.quarantined
    assert (held.reason, held.stream, held.seq, held.domain, held.index) == (
        "bad_device",
        STREAM,
        4,
        "power",
        1,
    )
    assert json.loads(held.payload)["readings"] == {
        "power": [{"device": "(masked)", "ts": NOW, "voltage_v": 1.0, "phone": "(masked)"}]
    }


def test_it_holds_the_readings_of_a_frame_once_however_often_it_comes(desk: Desk) -> None:
    bad = payload(4, {"power": [{"device": "Main", "ts": NOW, "voltage_v": 1.0}]})
    assert len(desk.admit([bad, bad])[1].quarantined) == 1
    assert desk.admit([bad])[1].quarantined == []


def test_it_holds_a_hundred_readings_of_one_frame_and_counts_the_rest(desk: Desk) -> None:
    _, admitted, batch = desk.admit([payload(1, {"power": [*[{}] * 130, *VOLTS["power"]]}), payload(2)])
    assert (len(admitted.quarantined), admitted.not_held) == (100, 30)
    assert batch.samples["power"].num_rows == 2


@pytest.mark.parametrize(
    "said",
    [
        b'{"\\ud800":1}',
        b'{"v":1,"station_id":1e999,"\\ud800":"\\udfff"}',
        b'{"v":[1e999,NaN],"telephone":"555"}',
    ],
)
def test_it_holds_what_json_cannot_say_again_without_a_stranger_s_values(desk: Desk, said: bytes) -> None:
    [held] = desk.admit([said])[1].quarantined
    assert b"555" not in held.payload
    assert isinstance(json.loads(held.payload), dict)


def test_what_it_holds_can_be_decoded_again_whatever_strangers_called_their_fields(desk: Desk) -> None:
    bad = payload(4, {"power": [{"device": "main", "ts": NOW, "voltage_v": "x"}]})
    [held] = desk.admit([bad.replace(b'"v":1', b'"v":1,"\\ud800":"x"')])[1].quarantined
    verdict = decode(held.payload, STATION)
    assert isinstance(verdict, Decoded)
    assert len(verdict.rejected) == 1


def test_it_says_that_a_station_lives_by_a_late_frame_but_not_that_it_is_well(desk: Desk) -> None:
    desk.admit([payload(1, OLD)])
    station = desk.fleet.station(STATION)
    assert (station.last_seen, station.fresh_at) == (NOW, None)
    assert desk.admission.late == {STATION: 1}
    desk.admit([payload(1, OLD), payload(2)])
    assert station.fresh_at == NOW
    assert desk.admission.late == {STATION: 1}, "counted at first receipt"


def test_it_hears_a_station_by_a_duplicate_and_by_a_frame_it_refuses(desk: Desk) -> None:
    desk.admit([payload(1)])
    desk.admit([arrived(payload(1), received=NOW + 10)])
    assert desk.fleet.station(STATION).last_seen == NOW + 10
    desk.admit([arrived(b"{", received=NOW + 20)])
    assert desk.fleet.station(STATION).last_seen == NOW + 20


def test_it_tells_hardware_without_an_outbox_from_an_agent(desk: Desk) -> None:
    desk.admit([best_effort()])
    assert desk.fleet.station(STATION).best_effort
    desk.admit([payload(1)])
    assert not desk.fleet.station(STATION).best_effort


def test_it_notes_what_headers_say_of_their_streams(desk: Desk) -> None:
    _, admitted, _ = desk.admit([payload(9, oldest=8, gone=[(2, 3)]), payload(1, stream=OTHER_STREAM)])
    desk.commit(admitted)
    desk.received.note_birth(STATION, STREAM, oldest=8, kept=1, last=9, gone=[])
    assert desk.received.figures(STATION) == {"received": 2, "duplicate": 0, "missing": 5, "gone": 2}
