"""The disasters one by one, each with what it has to come to."""

import pytest

from gateway.ingest.claims import Standing
from station_agent.notebook import Notebook
from tests.simulation.box import PLACE
from tests.simulation.flow import FIRST_CREDIT
from tests.simulation.readings import NEWER
from tests.simulation.world import World
from wire.frames import Birth
from wire.measures import FrameClass
from wire.messages import decode_status
from wire.topics import Channel

DAY_S = 86_400.0


def settled_world() -> World:
    """Return a station and a gateway that have exchanged thirty frames, all settled."""
    world = World(seed=1)
    world.pass_time(3.0)
    world.take(30)
    world.pass_time(60.0)
    assert world.is_settled()
    return world


@pytest.fixture
def world() -> World:
    return settled_world()


def stored(world: World) -> int:
    return len(world.holder.stores.stored)


def test_two_boxes_of_one_disk_never_use_a_number_twice(world: World) -> None:
    world.link.loss = 1.0
    world.take(10)
    world.clone()
    first, second = world.boxes
    for box in (first, second, first):
        world.take(10, box=box)
    world.heal()
    world.check()
    streams = {box.process.parts.outbox.streams.current.stream for box in world.boxes if box.process}
    assert len(streams) == 2
    assert {frame for frame, _ in world.account.taken.items()} == world.holder.stores.stored.keys()


def test_an_outbox_restored_from_a_backup_begins_a_new_stream_and_loses_only_what_no_disk_held(
    world: World,
) -> None:
    world.save_disk()
    world.take(10)
    world.pass_time(60.0)
    world.link.loss = 1.0
    world.take(7)
    world.restore_disk()
    world.heal()
    world.check()
    assert len(world.account.excused) == 7


def test_a_gateway_restored_from_a_backup_refills_itself(
    world: World,
) -> None:
    world.save_stores()
    world.take(40)
    world.pass_time(60.0)
    before = dict(world.holder.stores.stored)
    world.restore_stores()
    assert len(world.gateway.stores.stored) == len(before) - 40
    world.heal()
    world.check()
    assert before.items() <= world.holder.stores.stored.items()
    assert not world.account.excused


def test_a_new_gateway_on_empty_stores_asks_for_everything_the_stations_keep(world: World) -> None:
    world.replace_gateway()
    world.heal()
    world.check()
    assert world.holder is world.gateways[1]
    assert stored(world) == len(world.account.taken)


def test_of_two_gateways_started_by_mistake_only_the_first_stores(world: World) -> None:
    second = world.add_gateway()
    world.pass_time(5.0)
    world.take(20)
    world.pass_time(60.0)
    assert world.holder is world.gateways[0]
    assert second.claims.standing(PLACE.region) is Standing.FOREIGN
    assert not second.stores.stored


def test_when_two_claims_meet_the_older_one_stays_and_gets_what_the_other_took(world: World) -> None:
    world.gateways[0].disconnect(world.now, back_after_s=30.0)
    world.link.forget()
    second = world.add_gateway()
    world.pass_time(5.0)
    world.take(20)
    world.pass_time(120.0)
    assert second.stores.stored
    world.heal()
    world.check()
    assert world.holder is world.gateways[0]
    assert stored(world) == len(world.account.taken)


def test_gateways_all_told_to_take_over_come_to_rest_with_the_newest(world: World) -> None:
    world.replace_gateway()
    world.pass_time(10.0)
    world.replace_gateway()
    world.pass_time(60.0)
    assert world.holder is world.gateways[2]
    world.heal()
    world.check()


def test_a_station_away_during_a_take_over_hears_of_it_later(
    world: World,
) -> None:
    world.box.disconnect(world.now, back_after_s=600.0)
    world.replace_gateway()
    world.pass_time(10.0)
    world.gateways[0].kill(world.now, back_after_s=10 * DAY_S)
    world.kill_broker()
    world.take(5)
    world.pass_time(1_500.0)
    assert world.is_settled()
    assert stored(world) == len(world.account.taken)


def test_a_frame_never_acknowledged_is_parked_and_tried_again(world: World) -> None:
    world.take(1, kind=NEWER)
    for _ in range(12):
        world.take(8)
        world.pass_time(10.0)
    assert world.box.process is not None
    outbox = world.box.process.parts.outbox
    assert (outbox.depth, outbox.parked_count) == (1, 1)
    frame = next(frame for frame, token in world.account.taken.items() if token >= NEWER)
    assert world.box.process.flow.times[frame] == 8
    world.cut(1.0)
    world.pass_time(20.0)
    birth = decode_status(world.link.retained[PLACE.topic(Channel.STATUS)])
    assert birth.model_dump()["parked"] == 1
    world.gateway.knows_newer = True
    world.pass_time(DAY_S)
    world.take(1)
    world.pass_time(60.0)
    assert outbox.depth == 0
    world.heal()
    world.check()


def test_a_parked_frame_is_sent_once_more_at_every_start(world: World) -> None:
    world.take(1, kind=NEWER)
    for _ in range(12):
        world.take(8)
        world.pass_time(10.0)
    world.gateway.knows_newer = True
    world.box.kill(world.now, back_after_s=1.0)
    world.pass_time(30.0)
    assert world.is_settled()


def test_parked_frames_are_tried_again_within_the_credit(world: World) -> None:
    world.take(5, kind=NEWER)
    for _ in range(16):
        world.take(8)
        world.pass_time(10.0)
    assert world.box.process is not None
    process = world.box.process
    assert (process.parts.outbox.depth, process.parts.outbox.parked_count) == (5, 5)
    world.gateway.credit = 1
    world.take(1)
    world.pass_time(10.0)
    sendings = process.flow.times.copy()
    # Ten minutes after it was told of them the gateway asks.
    world.pass_time(1_000.0)
    tried = process.flow.times - sendings
    assert (len(tried), set(tried.values())) == (5, {1})


def test_a_gap_told_of_late_is_asked_for_although_other_frames_are_always_on_their_way(world: World) -> None:
    world.save_stores()
    world.take(20)
    world.pass_time(60.0)
    world.restore_stores()
    for _ in range(20):
        world.take(3)
        world.pass_time(59.9)
    assert stored(world) >= len(world.account.taken) - 3


def test_more_gaps_than_one_ack_holds_are_settled_all_the_same(world: World) -> None:
    for _ in range(200):
        world.link.loss = 1.0 - world.link.loss
        world.take(1)
        world.pass_time(0.01)
    world.link.loss = 0.0
    world.pass_time(0.6)
    ledger = next(iter(world.holder.received.streams.values()))
    assert len(ledger.held) > 64
    world.heal()
    world.check()


def test_what_policy_dropped_is_told_before_anybody_has_to_ask(world: World) -> None:
    world.limit_outbox()
    world.cut(60.0)
    world.take(100)
    world.pass_time(70.0)
    world.take(1)
    world.pass_time(60.0)
    figures = world.holder.received.figures(PLACE.station_id)
    assert figures["missing"] == 0
    assert figures["gone"] > 0
    assert figures["gone"] + figures["received"] == len(world.account.taken)


def test_alarms_outlive_samples_in_a_full_outbox(world: World) -> None:
    world.limit_outbox()
    world.cut(60.0)
    world.take(5, FrameClass.ALARM)
    world.take(100)
    world.heal()
    world.check()
    assert set(range(30, 35)) <= {token for tokens in world.holder.stores.stored.values() for token in tokens}


def test_an_ack_that_a_full_disk_keeps_from_being_written_down_still_grants_its_credit_only() -> None:
    world = World(seed=1, credit=0)
    world.pass_time(3.0)
    world.box.disconnect(world.now, back_after_s=1.0)
    world.take(30)
    world.pass_time(1.1)
    world.take(16)
    world.box.disk.refuse_in = 1
    world.pass_time(10.0)
    assert world.box.disk.refuse_in < 0
    assert world.box.process is not None
    assert world.box.process.parts.outbox.depth > 30 - FIRST_CREDIT


def test_a_frame_that_a_full_disk_keeps_from_being_parked_is_not_forgotten(world: World) -> None:
    world.take(1, kind=NEWER)
    frame = next(reversed(world.account.taken))
    assert world.box.process is not None
    process = world.box.process
    while process.flow.times[frame] < 8:
        world.take(8)
        world.pass_time(10.0)
    world.take(8)
    # The ack that leads to parking is written down, the parking is not.
    world.box.disk.refuse_in = 2
    world.pass_time(10.0)
    assert (process.parts.outbox.depth, process.parts.outbox.parked_count) == (1, 0)
    world.gateway.knows_newer = True
    world.take(8)
    world.pass_time(60.0)
    assert world.is_settled()


def test_a_stream_whose_expiry_a_full_disk_undid_is_still_known(world: World) -> None:
    world.box.kill(world.now, back_after_s=1.0)
    world.pass_time(7 * DAY_S)
    for _ in range(3):
        world.box.disk.refuse_in = 1
        world.pass_time(600.0)
    world.cut(1.0)
    world.pass_time(20.0)
    birth = decode_status(world.link.retained[PLACE.topic(Channel.STATUS)])
    assert isinstance(birth, Birth)
    held = {stream for stream, _ in world.box.disk.held()}
    assert held
    assert held <= {told.stream for told in birth.streams}


def test_a_clock_set_while_the_disk_is_full_is_written_down_and_ends_nothing(world: World) -> None:
    assert world.box.process is not None
    world.box.disk.refuse_in = 1
    world.box.process.exchange.clock_was_set()
    offset = world.box.process.parts.clock.offset
    assert world.box.disk.sql.execute("SELECT clock_offset FROM streams").fetchall() == [(offset,)]


def test_whom_it_obeys_is_written_down_as_soon_as_the_disk_has_room() -> None:
    world = World(seed=1)
    # The first two transactions expire what is old and raise the session; the next would pin the gateway.
    world.box.disk.refuse_in = 3
    world.pass_time(3.0)
    assert world.box.disk.refuse_in == 0
    assert Notebook(world.box.disk).get("gateway") is None
    world.take(1)
    world.pass_time(10.0)
    assert Notebook(world.box.disk).get("gateway") == world.gateway.stores.gateway
