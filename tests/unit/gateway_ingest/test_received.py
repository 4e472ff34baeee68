"""The ledger of streams: what is new, what is acknowledged and when, what is asked for again."""

from itertools import pairwise

import pytest

from gateway.ingest.received import Received, Stream
from tests.unit.gateway_ingest.ticks import NOW, OTHER_STREAM, STATION, STREAM
from wire.ranges import Ranges

MINUTE = 60_000
DAY = 86_400_000


@pytest.fixture
def received() -> Received:
    return Received()


def ledger(received: Received, station_id: str = STATION, stream: str = STREAM, first: int = 1) -> Stream:
    """Return the ledger of a stream that is the station's own."""
    found = received.stream_of(station_id, stream, first)
    assert found is not None
    return found


def take(received: Received, *seqs: int, now: int = NOW, stream: str = STREAM) -> None:
    """Let frames arrive and become durable."""
    for seq in seqs:
        of = ledger(received, stream=stream, first=seq)
        received.offer(of, seq, now)
        of.note(oldest=1)
        received.commit(of, seq, now)


def acks(received: Received, now: int) -> list[list[list[int]]]:
    return [receipt.received for receipt in received.receipts(now)]


# -- arrival


def test_it_takes_a_frame_once_however_often_it_comes(received: Received) -> None:
    of = ledger(received)
    assert received.offer(of, 1, NOW)
    assert not received.offer(of, 1, NOW)
    received.commit(of, 1, NOW)
    assert not received.offer(of, 1, NOW)
    assert received.figures(STATION)["duplicate"] == 2
    assert received.figures(STATION)["received"] == 1


def test_it_says_nothing_of_a_frame_before_it_is_durable(received: Received) -> None:
    received.offer(ledger(received, first=1), 1, NOW)
    received.offer(ledger(received, first=1), 1, NOW)
    assert acks(received, NOW + DAY) == []
    assert received.figures(STATION)["received"] == 0


def test_it_leaves_a_stream_with_the_station_it_was_first_seen_at(received: Received) -> None:
    take(received, 1)
    assert received.stream_of("louxing-08", STREAM, first=2) is None
    assert received.figures("louxing-08")["received"] == 0


def test_it_acknowledges_a_stray_frame_to_its_sender_and_leaves_the_owner_alone(received: Received) -> None:
    take(received, 1)
    stray = received.stray_of("louxing-08", STREAM, first=7)
    assert received.stray_of("louxing-08", STREAM, first=8) is stray
    assert received.offer(stray, 7, NOW)
    assert not received.offer(stray, 7, NOW)
    received.commit(stray, 7, NOW)
    assert not received.offer(stray, 7, NOW)
    said = {receipt.station_id: receipt.received for receipt in received.receipts(NOW + 2_000)}
    assert said == {STATION: [[1, 1]], "louxing-08": [[7, 7]]}
    assert received.figures(STATION) == {"received": 1, "duplicate": 0, "missing": 0, "gone": 0}
    assert received.figures("louxing-08")["received"] == 1


# -- acknowledgement


def test_it_acknowledges_a_station_when_sixteen_frames_wait(received: Received) -> None:
    take(received, *range(1, 16))
    assert acks(received, NOW) == []
    take(received, 16)
    assert acks(received, NOW) == [[[1, 16]]]
    assert acks(received, NOW + DAY) == [], "nothing waits any more"


def test_it_acknowledges_two_seconds_after_the_first_frame(received: Received) -> None:
    take(received, 1, now=NOW)
    take(received, 2, now=NOW + 1_500)
    assert acks(received, NOW + 1_999) == []
    assert acks(received, NOW + 2_000) == [[[1, 2]]]


def test_it_counts_the_frames_of_all_streams_of_a_station_together(received: Received) -> None:
    take(received, *range(1, 9))
    take(received, *range(1, 9), stream=OTHER_STREAM)
    assert sorted(r.stream for r in received.receipts(NOW)) == [STREAM, OTHER_STREAM]


def test_it_makes_a_duplicate_wait_for_an_acknowledgement_like_a_new_frame(received: Received) -> None:
    take(received, 1)
    assert acks(received, NOW + 2_000) == [[[1, 1]]]
    received.offer(ledger(received, first=1), 1, NOW + 10_000)
    assert acks(received, NOW + 11_999) == []
    assert acks(received, NOW + 12_000) == [[[1, 1]]]


def test_it_acknowledges_stations_by_their_own_time(received: Received) -> None:
    take(received, 1, now=NOW)
    other = ledger(received, "louxing-08", OTHER_STREAM)
    received.offer(other, 1, NOW + 1_000)
    received.commit(other, 1, NOW + 1_000)
    assert [r.station_id for r in received.receipts(NOW + 2_500)] == [STATION]
    assert [r.station_id for r in received.receipts(NOW + 3_000)] == ["louxing-08"]


def test_it_acknowledges_everything_at_a_clean_stop(received: Received) -> None:
    take(received, 1)
    assert [r.received for r in received.receipts(NOW, everything=True)] == [[[1, 1]]]


def test_it_lists_what_it_holds_besides_the_waiting_frames(received: Received) -> None:
    take(received, 1, 2, 5)
    assert acks(received, NOW + 2_000) == [[[1, 2], [5, 5]]]
    take(received, 9, now=NOW + 5_000)
    assert acks(received, NOW + 7_000) == [[[1, 2], [5, 5], [9, 9]]]


def test_it_lists_the_ranges_of_waiting_frames_first_when_there_are_too_many(received: Received) -> None:
    received.restore_quarantined(STATION, STREAM, Ranges((n, n) for n in range(1, 401, 2)))
    take(received, 100, 300)
    [said] = acks(received, NOW + 2_000)
    assert len(said) == 64
    assert [99, 101] in said
    assert [299, 301] in said
    assert all(before[1] + 1 < after[0] for before, after in pairwise(said)), "ascending, not touching"


def test_it_needs_a_second_message_when_the_waiting_frames_fill_more_than_64_ranges() -> None:
    received = Received(ack_frames=70)
    take(received, *range(1, 141, 2))
    first, second = acks(received, NOW)
    assert len(first) == 64
    assert {lo for lo, _ in first + second} >= set(range(1, 141, 2))
    assert len(second) <= 64


# -- what is counted


def test_it_counts_as_missing_what_is_below_oldest_and_neither_received_nor_gone(received: Received) -> None:
    take(received, 1, 2)
    take(received, 8)
    ledger(received).note(oldest=7, gone=[(3, 4)])
    assert received.figures(STATION) == {"received": 3, "duplicate": 0, "missing": 2, "gone": 2}


def test_it_lets_received_win_over_gone(received: Received) -> None:
    take(received, 1, 5)
    ledger(received).note(oldest=5, gone=[(2, 3)])
    take(received, 2)
    assert received.figures(STATION) == {"received": 3, "duplicate": 0, "missing": 1, "gone": 1}


def test_it_counts_a_stream_from_the_lowest_number_held_when_it_first_heard_of_it(received: Received) -> None:
    received.offer(ledger(received, first=812), 812, NOW)
    ledger(received).note(oldest=790)
    received.commit(ledger(received), 812, NOW)
    ledger(received).note(oldest=813)
    assert received.figures(STATION)["missing"] == 22


def test_it_believes_the_first_birth_about_what_is_kept_and_no_later_one(received: Received) -> None:
    received.note_birth(STATION, STREAM, oldest=50, kept=40, last=60, gone=[])
    assert received.figures(STATION)["missing"] == 10
    received.note_birth(STATION, STREAM, oldest=50, kept=5, last=60, gone=[])
    ledger(received).note(oldest=3)
    assert received.figures(STATION)["missing"] == 10, "counted from 40 for good"


def test_it_lowers_the_first_number_when_a_birth_follows_frames(received: Received) -> None:
    received.offer(ledger(received, first=20), 20, NOW)
    ledger(received).note(oldest=20)
    received.commit(ledger(received), 20, NOW)
    received.note_birth(STATION, STREAM, oldest=20, kept=11, last=20, gone=[(11, 12)])
    assert received.figures(STATION) == {"received": 1, "duplicate": 0, "missing": 7, "gone": 2}


def test_it_learns_of_dropped_frames_from_a_birth_alone(received: Received) -> None:
    received.note_birth(STATION, STREAM, oldest=4, kept=4, last=3, gone=[(1, 3)])
    assert received.figures(STATION)["gone"] == 3


def test_it_refuses_a_birth_that_names_a_stream_of_another_station(received: Received) -> None:
    take(received, 1)
    assert not received.note_birth("louxing-08", STREAM, oldest=9, kept=9, last=9, gone=[(2, 8)])
    assert received.figures(STATION) == {"received": 1, "duplicate": 0, "missing": 0, "gone": 0}


def test_it_ignores_an_older_oldest(received: Received) -> None:
    take(received, 1, 9)
    ledger(received).note(oldest=9)
    ledger(received).note(oldest=3)
    assert received.figures(STATION)["missing"] == 7


def test_it_takes_a_station_s_word_for_what_it_no_longer_holds(received: Received) -> None:
    take(received, 1, 9)
    ledger(received).note(oldest=9)
    received.note_gone("louxing-08", STREAM, [(2, 8)])
    assert received.figures(STATION)["missing"] == 7, "no other station may say so"
    received.note_gone(STATION, STREAM, [(2, 4)])
    assert received.figures(STATION) == {"received": 2, "duplicate": 0, "missing": 4, "gone": 3}


def test_it_takes_up_what_quarantine_holds(received: Received) -> None:
    received.restore_quarantined(STATION, STREAM, Ranges([(3, 4)]))
    assert not received.offer(ledger(received), 3, NOW)
    received.restore_quarantined("louxing-08", STREAM, Ranges([(9, 9)]))
    assert not received.offer(received.stray_of("louxing-08", STREAM, first=9), 9, NOW)
    assert received.figures("louxing-08")["received"] == 1


# -- asking again


def asked(received: Received, now: int) -> list[list[list[int]]]:
    return [ask.received for ask in received.asks(now)]


def test_it_asks_ten_minutes_after_it_was_told(received: Received) -> None:
    take(received, 1, 2, 5)
    assert asked(received, NOW) == []
    assert asked(received, NOW + 10 * MINUTE - 1) == []
    assert asked(received, NOW + 10 * MINUTE) == [[[3, 4]]]


def test_it_asks_again_at_doubling_intervals_up_to_a_day(received: Received) -> None:
    take(received, 1, 3)
    moments = []
    for minute in range(10 * 24 * 60):
        if asked(received, NOW + minute * MINUTE):
            moments.append(minute)  # noqa: PERF401 - asking changes what is asked next
    intervals = [after - before for before, after in pairwise(moments)]
    assert moments[0] == 10
    assert intervals[:5] == [20, 40, 80, 160, 320]
    assert set(intervals[7:]) == {24 * 60}


def test_it_asks_for_the_tail_a_birth_told_of(received: Received) -> None:
    received.note_birth(STATION, STREAM, oldest=1, kept=1, last=30, gone=[(2, 3)])
    asked(received, NOW)
    assert asked(received, NOW + 10 * MINUTE) == [[[1, 1], [4, 30]]]


def test_it_asks_for_nothing_that_is_on_its_way_to_the_disk(received: Received) -> None:
    take(received, 1, 4)
    received.offer(ledger(received, first=2), 2, NOW)
    asked(received, NOW)
    assert asked(received, NOW + 10 * MINUTE) == [[[3, 3]]]


def test_it_does_not_ask_for_a_frame_it_was_told_of_a_moment_ago(received: Received) -> None:
    take(received, 1, 3)
    asked(received, NOW)
    take(received, 9)
    assert asked(received, NOW + 10 * MINUTE) == [[[2, 2]]]


def test_it_stops_asking_when_the_gap_is_closed(received: Received) -> None:
    take(received, 1, 3)
    asked(received, NOW)
    take(received, 2)
    assert asked(received, NOW + 10 * MINUTE) == []


def test_it_asks_for_a_new_gap_after_ten_minutes_however_long_an_old_one_lasts(received: Received) -> None:
    take(received, 1, 3)
    for minute in range(6 * 60):
        asked(received, NOW + minute * MINUTE)
    take(received, 9)
    later = [minute for minute in range(360, 400) if [[4, 8]] in asked(received, NOW + minute * MINUTE)]
    assert later[:1] == [370]


def test_it_is_not_put_off_by_frames_that_are_always_a_little_out_of_order(received: Received) -> None:
    """A live stream nearly always lacks a frame that was overtaken; that must not lengthen the intervals."""
    take(received, 1)
    for minute in range(24 * 60):
        take(received, 2 * minute + 3)
        assert asked(received, NOW + minute * MINUTE) == []
        take(received, 2 * minute + 2)
    take(received, 5_000)
    asks = [minute for minute in range(1440, 1480) if asked(received, NOW + minute * MINUTE)]
    assert asks[:1] == [1450]


def test_it_asks_for_64_ranges_at_most(received: Received) -> None:
    take(received, *range(1, 300, 2))
    asked(received, NOW)
    [ranges] = asked(received, NOW + 10 * MINUTE)
    assert ranges == [[n, n] for n in range(2, 130, 2)]


def test_it_asks_for_the_rest_a_minute_later_and_for_all_again_at_doubling_intervals(
    received: Received,
) -> None:
    take(received, *range(1, 300, 2))
    asked(received, NOW)
    minutes = [minute for minute in range(10, 120) if asked(received, NOW + minute * MINUTE)]
    assert minutes == [10, 11, 12, 32, 33, 34, 74, 75, 76]
