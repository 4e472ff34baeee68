"""The light stations keep the rules of the contract's section 4."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.load.frametable import Batch
from simulators.load.ledger import MAX_SENDINGS, PATIENCE, SECOND, Ledger

GATEWAY_CREDIT = 64


def _all(stations: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.ones(stations, np.bool_)


def _frames(batch: Batch) -> list[tuple[int, int]]:
    return list(zip(batch.stations.tolist(), batch.seqs.tolist(), strict=True))


def _one(frames: int) -> Ledger:
    """One station that has just sent ``frames`` live frames."""
    ledger = Ledger(1, frames=100)
    ledger.generate(frames, 0, _all(1))
    return ledger


def test_it_deals_frames_to_one_station_after_the_other() -> None:
    batch = Ledger(3, frames=9).generate(5, 0, _all(3))
    assert _frames(batch) == [(0, 1), (1, 1), (2, 1), (0, 2), (1, 2)]


def test_it_measures_from_the_first_sending_to_the_acknowledgement() -> None:
    ledger = Ledger(2, frames=9)
    ledger.generate(4, 1000, _all(2))
    assert ledger.settle(1, [(1, 2)], GATEWAY_CREDIT, 5000) == [5000 - 1001, 5000 - 1003]
    assert (ledger.settled, ledger.low.tolist()) == (2, [1, 3])


def test_it_counts_an_acknowledgement_once() -> None:
    ledger = _one(4)
    ledger.settle(0, [(1, 2)], GATEWAY_CREDIT, 10)
    assert ledger.settle(0, [(1, 2)], GATEWAY_CREDIT, 20) == []
    assert ledger.settled == 2


def test_it_does_not_believe_an_acknowledgement_of_what_it_never_sent() -> None:
    ledger = _one(2)
    ledger.settle(0, [(1, 1_000_000)], GATEWAY_CREDIT, 10)
    assert (ledger.settled, ledger.low.tolist()) == (2, [3])


def test_it_sends_a_frame_again_at_once_when_three_later_ones_are_acknowledged() -> None:
    ledger = _one(5)
    ledger.settle(0, [(1, 1), (3, 4)], GATEWAY_CREDIT, 10)
    assert not ledger.waiting
    ledger.settle(0, [(3, 5)], GATEWAY_CREDIT, 20)
    assert _frames(ledger.due_backlog(SECOND, _all(1))) == [(0, 2)]
    assert ledger.resent == 1


def test_it_sends_at_most_20_a_second_on_backlog() -> None:
    ledger = Ledger(1, backlog=50, frames=50)
    ledger.settle(0, [], GATEWAY_CREDIT, 0)
    sent = sum(len(ledger.due_backlog(tick * SECOND // 100, _all(1)).seqs) for tick in range(201))
    assert sent == 41


def test_it_has_at_most_16_out_before_the_first_acknowledgement() -> None:
    ledger = Ledger(1, backlog=50, frames=50)
    sent = sum(len(ledger.due_backlog(second * SECOND // 10, _all(1)).seqs) for second in range(100))
    assert sent == 16


def test_it_pauses_backlog_but_not_live_frames_at_credit_0() -> None:
    ledger = Ledger(1, backlog=5, frames=50)
    ledger.settle(0, [], 0, 0)
    assert not _frames(ledger.due_backlog(SECOND, _all(1)))
    assert _frames(ledger.generate(1, SECOND, _all(1))) == [(0, 6)]


def test_it_sends_the_oldest_frame_alone_again_after_30_s_of_silence() -> None:
    ledger = _one(5)
    ledger.settle(0, [(1, 1)], GATEWAY_CREDIT, SECOND)
    assert not _frames(ledger.overdue(PATIENCE, _all(1)))
    assert _frames(ledger.overdue(PATIENCE + SECOND, _all(1))) == [(0, 2)]
    assert not _frames(ledger.overdue(PATIENCE + SECOND, _all(1)))


def test_it_asks_a_silent_gateway_less_and_less_often() -> None:
    ledger = _one(5)
    instants = [second for second in range(3600) if len(ledger.overdue(second * SECOND, _all(1)).seqs)]
    assert 5 < len(instants) < 60
    assert max(np.diff(instants)) <= 301


def test_it_parks_a_frame_sent_8_times_while_later_ones_were_acknowledged() -> None:
    ledger = Ledger(1, frames=200)
    ledger.generate(1, 0, _all(1))
    seq = 2
    for turn in range(1, MAX_SENDINGS + 1):
        ledger.generate(3, turn * SECOND, _all(1))
        ledger.settle(0, [(seq, seq + 2)], GATEWAY_CREDIT, turn * SECOND + 1)
        seq += 3
        ledger.due_backlog(turn * SECOND + 2, _all(1))
    assert (ledger.parked, ledger.resent, ledger.waiting) == (1, MAX_SENDINGS - 1, False)


def test_it_counts_nothing_as_out_on_a_new_connection() -> None:
    ledger = _one(20)
    ledger.disconnect(np.array([0]))
    assert not _frames(ledger.due_backlog(SECOND, np.zeros(1, np.bool_)))
    sent = [
        seq for tick in range(100) for _, seq in _frames(ledger.due_backlog((10 + tick) * SECOND, _all(1)))
    ]
    assert sent == list(range(1, 17))


def test_it_lets_frames_wait_that_are_made_without_a_link() -> None:
    ledger = Ledger(2, frames=9)
    assert _frames(ledger.generate(4, 0, np.array([True, False]))) == [(0, 1), (0, 2)]
    assert _frames(ledger.due_backlog(SECOND, _all(2))) == [(1, 1)]
    assert ledger.resent == 0


def test_it_sends_what_the_gateway_asks_for_again() -> None:
    ledger = _one(5)
    ledger.settle(0, [(1, 5)], GATEWAY_CREDIT, 10)
    assert ledger.ask_again(0, [(2, 3), (400, 500)]) == []
    assert (ledger.settled, ledger.low.tolist()) == (3, [2])
    assert _frames(ledger.due_backlog(SECOND, _all(1))) == [(0, 2)]
    assert ledger.settle(0, [(1, 5)], GATEWAY_CREDIT, 20) == []
    assert ledger.settled == 5


def test_it_makes_no_more_frames_than_it_can_hold() -> None:
    ledger = Ledger(2, frames=8)
    ledger.generate(ledger.room(), 0, _all(2))
    assert (ledger.room(), ledger.generated) == (0, 8)
    ledger.settle(0, [(1, 1)], GATEWAY_CREDIT, 1)
    assert ledger.room() == 0
    ledger.settle(1, [(1, 2)], GATEWAY_CREDIT, 1)
    assert ledger.room() == 2


def test_it_reuses_the_place_of_a_settled_frame() -> None:
    ledger = Ledger(1, frames=4)
    for turn in range(10):
        now = turn * SECOND
        assert _frames(ledger.generate(1, now, _all(1))) == [(0, turn + 1)]
        assert len(ledger.settle(0, [(1, turn + 1)], GATEWAY_CREDIT, now + 5)) == 1
    assert ledger.held(0) == (11, 7, 10)
    assert ledger.ask_again(0, [(2, 3), (5, 7)]) == [(2, 3), (5, 6)]


def test_it_refuses_a_backlog_it_cannot_hold() -> None:
    with pytest.raises(ValueError, match="hold at most 10 frames each, not 11"):
        Ledger(1, backlog=11, frames=10)


@given(st.data())
def test_it_settles_every_frame_over_a_link_that_loses_frames_and_acknowledgements(
    data: st.DataObject,
) -> None:
    stations, total = 3, 30
    ledger = Ledger(stations, backlog=2, frames=total)
    lost = st.lists(st.booleans(), min_size=8, max_size=8)
    received: list[set[int]] = [set() for _ in range(stations)]
    now = 0
    while ledger.settled < total:
        now += 5 * SECOND
        assert now < 7200 * SECOND, "not settled after two hours"
        losses = data.draw(lost) if now < 60 * SECOND else [False]
        made = ledger.generate(min(3, total - ledger.made), now, _all(stations))
        sent = [*_frames(made), *_frames(ledger.due_backlog(now, _all(stations)))]
        sent += _frames(ledger.overdue(now, _all(stations)))
        arrived = [frame for place, frame in enumerate(sent) if not losses[place % len(losses)]]
        for station, seq in arrived:
            received[station].add(seq)
        for station in {station for station, _ in arrived if not losses[station % len(losses)]}:
            ranges = [(seq, seq) for seq in sorted(received[station])]
            ledger.settle(station, ranges, GATEWAY_CREDIT, now + 1)
    assert ledger.sent == total
