"""Every invariant of the simulation trips when the code it watches is broken."""

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from gateway.ingest.claims import Claims
from gateway.ingest.received import Received
from gateway.ingest.received import Stream as Ledger
from station_agent.delivery import Delivery
from station_agent.outbox import Outbox
from station_agent.streams import Stream, Streams
from tests.simulation import test_stories as stories
from tests.simulation.disk import Disk
from tests.simulation.test_histories import OFTEN, STEPS, play
from tests.simulation.world import World
from wire.ranges import Ranges
from wire.topics import Channel

Patch = pytest.MonkeyPatch
HISTORIES = 400


def acknowledge_before_it_is_durable(patch: Patch) -> None:
    offer = Received.offer

    def offered(self: Received, ledger: Ledger, seq: int, now: int) -> bool:
        is_new = offer(self, ledger, seq, now)
        if is_new:
            self.commit(ledger, seq, now)
        return is_new

    patch.setattr(Received, "offer", offered)


def take_every_copy_as_new(patch: Patch) -> None:
    offer = Received.offer

    def offered(self: Received, ledger: Ledger, seq: int, now: int) -> bool:
        offer(self, ledger, seq, now)
        return True

    patch.setattr(Received, "offer", offered)


def go_on_with_the_stream_on_disk(patch: Patch) -> None:
    start = Streams.start

    def started(self: Streams, sql: Any, stream: str, boot_id: str) -> None:  # noqa: ANN401 - sqlite3's
        if not list(self):
            start(self, sql, stream, boot_id)

    patch.setattr(Streams, "start", started)


def settle_everything_below_what_was_acknowledged(patch: Patch) -> None:
    settle = Outbox.settle

    def settled(self: Outbox, stream: str, received: Ranges, running_ms: int) -> int:
        return settle(self, stream, Ranges([(1, received.last or 1)]), running_ms)

    patch.setattr(Outbox, "settle", settled)


def append_without_syncing(patch: Patch) -> None:
    transaction = Disk.transaction
    patch.setattr(Disk, "transaction", lambda self, **_: transaction(self, durable=False))


def send_more_than_the_credit(patch: Patch) -> None:
    patch.setattr(Delivery, "_backlog_open", lambda self, now: now >= self._pace_at)


def send_faster_than_allowed(patch: Patch) -> None:
    patch.setattr(Delivery, "_backlog_open", lambda self, _: self._credit > self._flight.on_backlog)


def send_again_on_the_live_lane(patch: Patch) -> None:
    send = Delivery._send  # noqa: SLF001 - the sabotage goes where the fault would be

    def sent(self: Delivery, frame: Any, _: Channel, now: float, *, trial: bool = False) -> Any:  # noqa: ANN401 - whatever it stands in for takes
        return send(self, frame, Channel.TELEMETRY, now, trial=trial)

    patch.setattr(Delivery, "_send", sent)


def never_wake_up(patch: Patch) -> None:
    patch.setattr(Delivery, "next_wakeup", lambda _, __: None)


def never_ask_for_what_is_missing(patch: Patch) -> None:
    patch.setattr(Received, "asks", lambda _, __: iter(()))


def never_yield_to_a_claim(patch: Patch) -> None:
    patch.setattr(Claims, "heard", lambda *_: None)


def acknowledge_all_ranges_at_once(patch: Patch) -> None:
    patch.setattr("gateway.ingest.received.ACK_RANGES", 10_000)


def forget_what_was_parked(patch: Patch) -> None:
    def park(self: Outbox, frames: Iterable[Any]) -> None:
        for frame in frames:
            self.settle(frame.stream, Ranges([(frame.seq, frame.seq)]), 0)

    patch.setattr(Outbox, "park", park)


def call_what_is_still_held_gone(patch: Patch) -> None:
    def gone(_: Outbox, stream: Stream) -> tuple[tuple[int, int], ...]:
        return ((1, stream.last),) if stream.last else ()

    patch.setattr(Outbox, "gone", gone)


def put_samples_before_alarms(patch: Patch) -> None:
    order = [(2, 0), (2, 1), (2, 2), (1, 0), (0, 0), (1, 1), (0, 1), (1, 2), (0, 2)]
    patch.setattr("station_agent.eviction._ORDER", tuple(order))


def drop_what_is_acknowledged(patch: Patch) -> None:
    settle = Outbox.settle

    def settled(self: Outbox, stream: str, received: Ranges, running_ms: int) -> int:
        count = settle(self, stream, received, running_ms)
        self.forget_kept()
        return count

    patch.setattr(Outbox, "settle", settled)


def take_over_again_and_again(patch: Patch) -> None:
    claim = Claims.claim

    def claimed(self: Claims, region: str, *arguments: Any) -> Any:  # noqa: ANN401 - whatever it stands in for takes
        for known in self.regions.values():
            known.claimed = False
        return claim(self, region, *arguments)

    patch.setattr(Claims, "claim", claimed)


def trust_the_broker_to_retain(patch: Patch) -> None:
    patch.setattr(Claims, "connected", lambda _: [])


def park_nothing(patch: Patch) -> None:
    patch.setattr(Outbox, "park", lambda _, __: None)


def count_no_trial_as_out(patch: Patch) -> None:
    patch.setattr("station_agent.delivery.TRIAL_S", 0.0)


def forget_what_is_gone(patch: Patch) -> None:
    patch.setattr(Outbox, "gone", lambda _, __: ())


SABOTAGES: list[tuple[Callable[[Patch], None], str]] = [
    (acknowledge_before_it_is_durable, "an ack names what is not durable"),
    (take_every_copy_as_new, "times or changed"),
    (go_on_with_the_stream_on_disk, "names two readings"),
    (settle_everything_below_what_was_acknowledged, "is lost|never settled|credit"),
    (append_without_syncing, "is lost|names two readings"),
    (send_more_than_the_credit, "the credit is"),
    (send_faster_than_allowed, "more than 20 frames a second"),
    (send_again_on_the_live_lane, "went out live although"),
    (never_ask_for_what_is_missing, "never settled"),
    (never_yield_to_a_claim, "gateways hold the region"),
    (call_what_is_still_held_gone, "that it is gone itself"),
]


@pytest.mark.parametrize(("sabotage", "complaint"), SABOTAGES, ids=[s.__name__ for s, _ in SABOTAGES])
def test_it_notices_a_protocol_that_would(
    sabotage: Callable[[Patch], None], complaint: str, monkeypatch: Patch
) -> None:
    sabotage(monkeypatch)
    with pytest.raises((AssertionError, ValueError), match=complaint):
        _play_histories()


Story = Callable[[World], None]

STORIES: list[tuple[Callable[[Patch], None], Story]] = [
    (acknowledge_all_ranges_at_once, stories.test_more_gaps_than_one_ack_holds_are_settled_all_the_same),
    (forget_what_was_parked, stories.test_a_frame_never_acknowledged_is_parked_and_tried_again),
    (never_wake_up, stories.test_a_parked_frame_is_sent_once_more_at_every_start),
    (park_nothing, stories.test_a_frame_never_acknowledged_is_parked_and_tried_again),
    (count_no_trial_as_out, stories.test_parked_frames_are_tried_again_within_the_credit),
    (put_samples_before_alarms, stories.test_alarms_outlive_samples_in_a_full_outbox),
    (forget_what_is_gone, stories.test_what_policy_dropped_is_told_before_anybody_has_to_ask),
    (drop_what_is_acknowledged, stories.test_a_gateway_restored_from_a_backup_refills_itself),
    (take_over_again_and_again, stories.test_gateways_all_told_to_take_over_come_to_rest_with_the_newest),
    (trust_the_broker_to_retain, stories.test_a_station_away_during_a_take_over_hears_of_it_later),
]


@pytest.mark.parametrize(("sabotage", "story"), STORIES, ids=[s.__name__ for s, _ in STORIES])
def test_a_story_notices_a_protocol_that_would(
    sabotage: Callable[[Patch], None], story: Story, monkeypatch: Patch
) -> None:
    sabotage(monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        story(stories.settled_world())


def _play_histories() -> None:
    """Play the same histories every time, with much loss, until one is enough."""
    for seed in range(HISTORIES):
        rng = random.Random(seed)
        script = [(rng.choice([*OFTEN, *STEPS]), rng.randrange(10)) for _ in range(40)]
        play(World(seed, tight=seed % 2 == 1, credit=4), [("weather", 2), *script])
