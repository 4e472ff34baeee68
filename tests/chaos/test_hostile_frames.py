"""Whatever arrives: quarantined with its reason or refused; never a crash, never a stall of good frames."""

import base64
import json
import random
from collections import Counter
from pathlib import Path

import zstandard
from ulid import ULID

from tests.chaos.gatehouse import Gatehouse
from tests.chaos.peer import Peer, frame, now_ms, people
from tests.support.waiting import until_sync
from wire.ranges import Ranges

EXAMPLES = sorted((Path(__file__).parents[2] / "wire" / "examples" / "bad").iterdir())
EXAMPLE_STREAM = b"01K0PZ6Q9V3W8S4D2N7X5C1BFA"
GOOD, BAD, OTHER = "louxing-01", "louxing-07", "louxing-08"
DAY_MS = 86_400_000


def stream() -> str:
    return str(ULID())


def held_reasons(house: Gatehouse, station_id: str) -> Counter[str]:
    """Count quarantined things of a station by reason, repeats included."""
    reasons: Counter[str] = Counter()
    for item in house.items("/quarantine", station_id=station_id):
        reasons[item["reason"]] += item["count"]
    return reasons


def settle(house: Gatehouse, peer: Peer, good: str, last: int) -> None:
    """Wait until every good frame is acknowledged and stored, by the same process as ever."""
    peer.wait_for_acks(GOOD, good, last)
    assert house.counted(GOOD) == list(range(1, last + 1))
    assert house.runs


def test_it_quarantines_every_bad_example_with_its_reason_and_takes_the_good_ones_between(
    house: Gatehouse, peer: Peer
) -> None:
    good, expected = stream(), Counter[str]()
    for seq, path in enumerate(EXAMPLES, 1):
        case = json.loads(path.read_text("utf-8"))
        payload = case["payload"].encode() if "payload" in case else base64.b64decode(case["payload_base64"])
        # Each its own stream: all examples are the same frame, and only its first copy would count.
        peer.send(BAD, payload.replace(EXAMPLE_STREAM, stream().encode()))
        peer.send(GOOD, frame(GOOD, good, seq, people(seq)))
        verdicts = case["expected"]
        for reason in [verdicts["reason"]] if "reason" in verdicts else verdicts["reasons"]:
            expected[reason] += 1
    settle(house, peer, good, len(EXAMPLES))
    until_sync(
        lambda: expected <= held_reasons(house, BAD),
        what=f"reasons {expected}, missing {expected - held_reasons(house, BAD)}",
    )


def test_it_goes_on_through_noise_bombs_and_giants(house: Gatehouse, peer: Peer) -> None:
    noise, good = random.Random(7), stream()
    attacks = [
        *(noise.randbytes(noise.randrange(1, 2_000)) for _ in range(200)),
        bytes(10 * 1024 * 1024),
        frame(BAD, stream(), 1, people(1))[:-1] + b" " * (10 * 1024 * 1024) + b"}",
        zstandard.compress(bytes(200 * 1024 * 1024)),
        zstandard.compress(b'{"v":1,"readings":' + b"[" * 900_000),
        zstandard.compress(frame(BAD, stream(), 1, people(1)))[:-7],
        b"[" * 200_000,
        b'{"a":' * 40_000,
        b'{"v":1,"station_id":"louxing-07","seq":' + b"9" * 5_000 + b"}",
        b"",
        b"\x28\xb5\x2f\xfd" + noise.randbytes(500),
    ]
    for seq, attack in enumerate(attacks, 1):
        peer.send(BAD, attack, noise.choice(["telemetry", "backlog", "status", "result"]))
        peer.send(BAD, attack)
        peer.send(GOOD, frame(GOOD, good, seq, people(seq)))
    settle(house, peer, good, len(attacks))
    reasons = held_reasons(house, BAD)
    assert reasons["too_big"] >= 3, reasons
    assert reasons["bad_compression"] >= 1, reasons
    assert reasons["not_json"] > 100
    assert house.counted(BAD) == []


def test_it_holds_a_frame_that_names_another_station_for_the_one_that_sent_it(
    house: Gatehouse, peer: Peer
) -> None:
    theirs = stream()
    peer.send(BAD, frame(OTHER, theirs, 1, people(1)))
    peer.wait_for_acks(BAD, theirs, 1)
    assert held_reasons(house, BAD) == {"wrong_station": 1}
    assert peer.acked(OTHER, theirs) == Ranges()
    assert house.completeness(BAD)["quarantined"] == 1


def test_it_keeps_a_stream_to_the_station_it_was_first_seen_at(house: Gatehouse, peer: Peer) -> None:
    owned = stream()
    for seq in (1, 2, 3):
        peer.send(GOOD, frame(GOOD, owned, seq, people(seq)))
    peer.wait_for_acks(GOOD, owned, 3)
    peer.send(BAD, frame(BAD, owned, 1, people(99)))
    peer.send(BAD, frame(BAD, owned, 2, people(99), oldest=9, gone=[[4, 8]]))
    peer.wait_for_acks(BAD, owned, 2)
    assert held_reasons(house, BAD) == {"foreign_stream": 2}
    peer.send(GOOD, frame(GOOD, owned, 4, people(4)))
    peer.wait_for_acks(GOOD, owned, 4)
    assert house.counted(GOOD) == [1, 2, 3, 4]
    assert house.completeness(GOOD)["missing"] == house.completeness(GOOD)["gone"] == 0


def test_it_stores_no_point_of_1970_or_of_tomorrow_and_keeps_their_neighbours(
    house: Gatehouse, peer: Peer
) -> None:
    good, now = stream(), now_ms()
    times = {"first": now, "old": 5, "tomorrow": now + DAY_MS, "last": now}
    readings = [
        {"device": device, "ts": ts, "people_in_total": n} for n, (device, ts) in enumerate(times.items(), 1)
    ]
    peer.send(GOOD, frame(GOOD, good, 1, {"occupancy": readings}))
    peer.wait_for_acks(GOOD, good, 1)
    assert sorted(house.counted(GOOD)) == [1, 4]
    assert held_reasons(house, GOOD) == {"ts_too_old": 1, "ts_ahead": 1}
    assert house.completeness(GOOD)["quarantined"] == 0


def test_it_counts_repeats_and_bounds_what_one_mad_station_may_fill(house: Gatehouse, peer: Peer) -> None:
    mad, good = stream(), stream()
    for _ in range(5):
        peer.send(BAD, b"always the same")
    for seq in range(1, 1_501):
        peer.send(BAD, frame(BAD, mad, seq, people(seq), **{"class": "urgent"}))
    peer.send(GOOD, b"once")
    peer.send(GOOD, frame(GOOD, good, 1, people(1)))
    settle(house, peer, good, 1)
    peer.wait_for_acks(BAD, mad, 1_500)
    held = house.items("/quarantine", station_id=BAD)
    assert len(held) == 1_000
    assert held_reasons(house, GOOD) == {"not_json": 1}
    counted = house.completeness(BAD)
    assert (counted["quarantined"], counted["received"], counted["duplicate"]) == (1_501, 1_501, 4)
    assert house.completeness(GOOD)["quarantined"] == 1


def test_it_writes_down_no_value_of_a_field_nobody_declared(house: Gatehouse, peer: Peer) -> None:
    good, telephone = stream(), "13807381234"
    peer.send(GOOD, frame(GOOD, good, 1, people(1, phone=telephone)))
    peer.send(GOOD, frame(GOOD, good, 2, people(2, phone=telephone, people_out_total="many")))
    peer.send(GOOD, frame(GOOD, good, 3, people(3, phone=telephone), owner=telephone, **{"class": "x"}))
    peer.wait_for_acks(GOOD, good, 3)
    assert sum(held_reasons(house, GOOD).values()) == 2
    assert telephone not in house.ask("/quarantine").text
    assert house.stop() == 0
    for path in house.data_dir.iterdir():
        assert telephone.encode() not in path.read_bytes(), path
