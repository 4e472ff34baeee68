import random

import pytest

from station_agent.delivery import FIRST_CREDIT, LIVE, Acked, Delivery, Transmission
from station_agent.flight import WINDOW
from station_agent.framing import FrameMeta
from tests.unit.station_agent.shelves import GATEWAY, STREAM, ListShelf, frame
from wire.measures import FrameClass
from wire.ranges import Ranges
from wire.topics import Channel

OTHER = "01K0PZ6Q9V3W8S4D2N7X5C1BFC"


class Bench:
    """A delivery, its shelf, and a clock that is moved by hand."""

    def __init__(self, *waiting: FrameMeta, up: bool = True) -> None:
        self.shelf = ListShelf()
        self.shelf.put(*waiting)
        self.delivery = Delivery(self.shelf, random.Random(7))
        self.now = 1000.0
        if up:
            self.delivery.connected(self.now)

    def add(self, *frames: FrameMeta) -> None:
        self.shelf.put(*frames)
        for each in frames:
            self.delivery.frame_added(each)

    def sent(self, until: float = 0.0) -> list[Transmission]:
        """Everything sent from now until so many seconds later."""
        end = self.now + until
        sent = []
        while True:
            transmission = self.delivery.next(self.now)
            if transmission is not None:
                sent.append(transmission)
                continue
            due = self.delivery.next_wakeup(self.now)
            if due is None or due > end:
                self.now = end
                return sent
            assert due > self.now, "it wakes for nothing"
            self.now = due

    def ack(self, *seqs: int, credit: int = 64, gateway: str = GATEWAY) -> Acked | None:
        for seq in seqs:
            self.shelf.frames.pop(seq, None)
            self.shelf.aside.pop(seq, None)
        received = Ranges((seq, seq) for seq in seqs)
        acked = self.delivery.ack(gateway, STREAM, received, credit=credit, gateway_ms=5, now=self.now)
        for parked in acked.parked if acked else ():
            self.shelf.aside[parked.n] = self.shelf.frames.pop(parked.n)
        return acked


def seqs(sent: list[Transmission]) -> list[int]:
    return [transmission.frame.seq for transmission in sent]


def lanes(sent: list[Transmission]) -> set[Channel]:
    return {transmission.lane for transmission in sent}


def test_it_sends_a_fresh_frame_at_once_on_telemetry() -> None:
    bench = Bench()
    bench.add(frame(1))
    assert bench.sent() == [Transmission(frame(1), Channel.TELEMETRY)]


def test_it_sends_nothing_without_a_connection() -> None:
    bench = Bench(frame(1), up=False)
    bench.add(frame(2))
    assert bench.delivery.next(bench.now) is None
    assert bench.delivery.next_wakeup(bench.now) is None


def test_it_sends_what_waited_on_backlog_within_the_first_credit() -> None:
    bench = Bench(*(frame(n) for n in range(1, 101)))
    sent = bench.sent(until=5)
    assert seqs(sent) == list(range(1, FIRST_CREDIT + 1))
    assert lanes(sent) == {Channel.BACKLOG}


def test_it_sends_backlog_at_20_a_second() -> None:
    bench = Bench(*(frame(n) for n in range(1, 501)))
    bench.ack(credit=500)
    assert 19 <= len(bench.sent(until=1.0)) <= 21


def test_it_goes_on_as_far_as_credit_allows() -> None:
    bench = Bench(*(frame(n) for n in range(1, 101)))
    bench.sent(until=2)
    bench.ack(*range(1, 11), credit=8)
    assert seqs(bench.sent(until=2)) == [17, 18]  # 6 of the first 16 are still out


def test_it_pauses_backlog_only_at_credit_0() -> None:
    bench = Bench(*(frame(n) for n in range(1, 101)))
    bench.ack(credit=0)
    bench.add(frame(200))
    sent = bench.sent(until=2)
    assert seqs(sent) == [200]
    assert lanes(sent) == {Channel.TELEMETRY}


def test_it_counts_nothing_as_out_on_a_new_connection() -> None:
    bench = Bench(*(frame(n) for n in range(1, 101)))
    bench.ack(credit=64)
    bench.sent(until=5)
    bench.delivery.disconnected()
    bench.delivery.connected(bench.now)
    assert seqs(bench.sent(until=5)) == list(range(1, FIRST_CREDIT + 1))


def test_it_sends_frames_made_without_a_connection_on_backlog() -> None:
    bench = Bench(up=False)
    bench.add(frame(1))
    bench.delivery.connected(bench.now)
    assert bench.sent() == [Transmission(frame(1), Channel.BACKLOG)]


def test_it_sends_alarms_before_everything_else() -> None:
    waiting = [frame(n) for n in range(1, 40)]
    bench = Bench(*waiting, frame(40, FrameClass.ALARM))
    bench.add(frame(41), frame(42, FrameClass.ALARM))
    assert seqs(bench.sent(until=0.2))[:3] == [42, 40, 41]


def test_it_sends_a_frame_again_when_three_later_ones_are_acknowledged() -> None:
    bench = Bench()
    bench.add(*(frame(n) for n in range(1, 6)))
    bench.sent()
    bench.ack(2, 3)
    assert bench.sent() == []
    bench.ack(4)
    assert bench.sent() == [Transmission(frame(1), Channel.BACKLOG)]


def test_it_takes_later_by_transmission_not_by_number() -> None:
    bench = Bench()
    bench.add(*(frame(n) for n in range(1, 6)))
    bench.sent()
    bench.ack(2, 3, 4)
    assert seqs(bench.sent()) == [1]
    bench.ack(5)  # sent before the second copy of 1
    assert bench.sent(until=1) == []


def test_it_parks_a_frame_sent_eight_times_while_later_ones_were_acknowledged() -> None:
    bench = Bench()
    bench.add(frame(1))
    copies = len(bench.sent())
    number = 10
    parked: tuple[FrameMeta, ...] = ()
    while not parked:
        later = range(number, number + 3)
        bench.add(*map(frame, later))
        bench.sent()
        acked = bench.ack(*later)
        assert acked is not None
        parked = acked.parked
        copies += seqs(bench.sent(until=0.1)).count(1)
        number += 3
    assert parked == (frame(1),)
    assert copies == 8
    bench.add(*(frame(n) for n in range(100, 110)))
    assert 1 not in seqs(bench.sent(until=3600))


def test_it_tries_a_parked_frame_once_at_start_and_once_a_day() -> None:
    bench = Bench(up=False)
    bench.shelf.aside[1] = frame(1)
    bench.delivery.connected(bench.now)
    assert seqs(bench.sent(until=1)) == [1]
    bench.add(*(frame(n) for n in (10, 11, 12)))
    bench.sent()
    bench.ack(10, 11, 12)
    assert 1 not in seqs(bench.sent(until=3600))
    assert seqs(bench.sent(until=86_400)) == [1]


def test_it_tries_a_parked_frame_once_on_resend() -> None:
    bench = Bench(up=False)
    bench.shelf.aside[1] = frame(1)
    bench.delivery.connected(bench.now)
    assert seqs(bench.sent(until=60)) == [1]
    bench.delivery.resend()
    assert seqs(bench.sent(until=3600)) == [1]


def test_it_sends_an_unacknowledged_frame_on_resend() -> None:
    bench = Bench()
    bench.sent()
    bench.shelf.put(frame(1))
    assert bench.sent(until=1) == []
    bench.delivery.resend()
    assert seqs(bench.sent(until=1)) == [1]


@pytest.mark.parametrize(("frame_class", "patience"), [(FrameClass.SAMPLE, 30.0), (FrameClass.ALARM, 5.0)])
def test_it_sends_the_oldest_frame_alone_when_no_ack_comes(frame_class: FrameClass, patience: float) -> None:
    bench = Bench()
    bench.add(frame(1, frame_class), frame(2, frame_class))
    bench.sent()
    assert bench.sent(until=patience - 0.001) == []
    assert bench.sent(until=0.001) == [Transmission(frame(1, frame_class), Channel.BACKLOG)]


def test_it_repeats_without_credit() -> None:
    bench = Bench(frame(1))
    bench.sent()
    bench.ack(credit=0)
    assert seqs(bench.sent(until=30)) == [1]


def test_it_waits_longer_and_longer_but_never_over_five_minutes() -> None:
    bench = Bench()
    bench.add(frame(1))
    bench.sent()
    times = []
    for _ in range(200):
        due = bench.delivery.next_wakeup(bench.now)
        assert due is not None
        assert due - bench.now <= 300
        times.append(due - bench.now)
        bench.now = due
        assert bench.delivery.next(due) is not None
    assert min(times) >= 30
    assert max(times[20:]) > 200
    assert len(set(times)) > 50  # jitter


def test_it_restores_the_rate_when_an_ack_settles_a_frame() -> None:
    bench = Bench()
    bench.add(*(frame(n) for n in range(1, 20)))
    bench.sent(until=3600)
    bench.ack(19, credit=0)
    began = bench.now
    bench.sent(until=30)
    assert bench.now == began + 30
    due = bench.delivery.next_wakeup(bench.now)
    assert due is not None


def test_it_does_not_repeat_while_acks_come() -> None:
    bench = Bench()
    bench.add(*(frame(n) for n in range(1, 10)))
    bench.sent()
    for n in (8, 9):
        bench.sent(until=29)
        bench.ack(n)
    assert bench.sent(until=29) == []


def test_it_pins_the_first_gateway_and_counts_the_others() -> None:
    bench = Bench(frame(1), frame(2))
    bench.sent(until=1)
    assert bench.ack(1) is not None
    assert bench.ack(2, gateway=OTHER) is None
    assert bench.delivery.gateway == GATEWAY
    assert bench.delivery.foreign_total == 1


def test_it_follows_a_claim_that_replaces_its_gateway() -> None:
    bench = Bench()
    assert bench.delivery.claim(GATEWAY, [])
    assert not bench.delivery.claim(OTHER, [])
    assert bench.delivery.claim(OTHER, [GATEWAY])
    assert bench.delivery.gateway == OTHER
    assert bench.ack(1, gateway=GATEWAY) is None


def test_it_knows_the_gateways_time_between_acks() -> None:
    bench = Bench()
    assert bench.delivery.gateway_time(bench.now) is None
    bench.ack(credit=1)
    assert bench.delivery.gateway_time(bench.now + 2.5) == 2505


def test_it_tells_what_every_copy_of_an_acknowledged_frame_carried() -> None:
    bench = Bench()
    bench.add(frame(9), frame(10), frame(11), frame(12))
    bench.sent()
    bench.delivery.gone_carried(frame(9), [(1, 4)])
    bench.ack(10, 11, 12)
    assert seqs(bench.sent()) == [9]
    bench.delivery.gone_carried(frame(9), [(1, 6)])
    acked = bench.ack(9)
    assert acked is not None
    assert acked.told == Ranges([(1, 6)])  # the first copy was given up, its ack can no longer be meant


def test_it_tells_only_what_a_repeated_frame_carried_each_time() -> None:
    bench = Bench()
    bench.add(frame(9))
    bench.sent()
    bench.delivery.gone_carried(frame(9), [(1, 4)])
    assert seqs(bench.sent(until=30)) == [9]
    bench.delivery.gone_carried(frame(9), [(1, 6)])
    acked = bench.ack(9)
    assert acked is not None
    assert acked.told == Ranges([(1, 4)])


def test_it_forgets_a_frame_the_shelf_dropped() -> None:
    bench = Bench()
    bench.add(frame(1))
    bench.sent()
    bench.shelf.frames.clear()
    bench.delivery.frame_dropped(frame(1))
    assert bench.sent(until=600) == []


def test_it_holds_no_more_than_a_window_of_frames() -> None:
    bench = Bench()
    many = WINDOW * 3
    for n in range(1, many + 1):
        bench.add(frame(n))
        bench.sent()
    bench.ack(many, credit=5)
    assert seqs(bench.sent(until=0.1))[0] == 1  # fell out of the window, so it waits
    assert len(list(bench.delivery._flight)) <= 2 * WINDOW  # noqa: SLF001 - the bound is the point


def test_it_lets_fresh_frames_wait_when_the_link_cannot_carry_them() -> None:
    bench = Bench()
    bench.add(*(frame(n) for n in range(1, LIVE + 11)))
    sent = bench.sent(until=5)
    assert seqs([each for each in sent if each.lane is Channel.TELEMETRY]) == list(range(11, LIVE + 11))
    assert seqs([each for each in sent if each.lane is Channel.BACKLOG]) == list(range(1, 11))
