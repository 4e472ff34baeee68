import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from station_agent import gone
from station_agent.database import Database
from station_agent.errors import OutboxFull
from station_agent.eviction import Limits
from station_agent.inventory import GONE_A_FRAME
from station_agent.outbox import ROW_BYTES
from tests.unit.station_agent.boxes import BOOT, DAY_MS, Box, draft, stream_name, written
from wire.measures import FrameClass
from wire.ranges import Ranges

ALARM, EVENT, SAMPLE = FrameClass.ALARM, FrameClass.EVENT, FrameClass.SAMPLE
OTHER_BOOT = "01K0PZ6Q9V3W8S4D2N7X5C1B01"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    opened = Box(tmp_path)
    yield opened
    opened.close()


def small(tmp_path: Path, frames: int, size: int = 400) -> Box:
    """Return a box that holds so many frames of that size."""
    return Box(tmp_path, Limits(frames * (size + ROW_BYTES) + size // 2, 30 * DAY_MS, 7 * DAY_MS))


def test_it_numbers_frames_from_1_in_each_run(box: Box) -> None:
    assert [meta.seq for meta in box.add(3)] == [1, 2, 3]
    box.start()
    metas = box.add(2)
    assert [(meta.stream, meta.seq) for meta in metas] == [(stream_name(2), 1), (stream_name(2), 2)]
    assert [meta.n for meta in metas] == [4, 5]


def test_it_never_gives_out_a_number_twice_even_when_the_disk_is_rolled_back(box: Box) -> None:
    box.add(3)
    box.outbox.settle(stream_name(1), Ranges([(1, 3)]), 0)
    box.outbox.expire(8 * DAY_MS)
    box.start()
    assert box.add()[0].n == 4


def test_it_stores_positions_with_the_readings(box: Box) -> None:
    box.outbox.append([draft()], written(), {"jsonl:door": {"offset": 17}})
    stored = box.database.sql.execute("SELECT position FROM positions").fetchone()[0]
    assert json.loads(stored) == {"offset": 17}


def test_it_stores_neither_when_the_transaction_fails(box: Box) -> None:
    class Unwritable(dict[str, object]):
        def items(self) -> object:  # type: ignore[override]
            raise RuntimeError("cut off")

    with pytest.raises(RuntimeError):
        box.outbox.append([draft()], written(), Unwritable(a=1))
    assert box.held() == {}
    assert box.add()[0].seq == 1


def test_it_keeps_what_was_committed_when_the_process_dies(box: Box) -> None:
    box.add(2)
    twin = Database(box.path)  # as after kill -9: the first connection is never closed
    assert twin.sql.execute("SELECT count(*) FROM frames").fetchone() == (2,)
    twin.close()


def test_it_settles_and_keeps_acknowledged_frames(box: Box) -> None:
    box.add(5)
    assert box.outbox.settle(stream_name(1), Ranges([(1, 2), (4, 4)]), 0) == 3
    assert box.outbox.settle(stream_name(1), Ranges([(1, 4)]), 0) == 1
    assert box.outbox.depth == 1
    assert len(box.held()) == 5
    state = box.outbox.stream_states()[0]
    assert (state.oldest, state.kept, state.last) == (5, 1, 5)


def test_it_ignores_an_ack_for_a_stream_it_does_not_know(box: Box) -> None:
    box.add()
    assert box.outbox.settle("01K0PZ6Q9V3W8S4D2N7X5C1ZZZ", Ranges([(1, 9)]), 0) == 0
    assert box.outbox.depth == 1


def test_it_does_not_load_what_is_acknowledged(box: Box) -> None:
    first, second = box.add(2)
    box.outbox.settle(first.stream, Ranges([(1, 1)]), 0)
    assert box.outbox.load(first) is None
    loaded = box.outbox.load(second)
    assert loaded is not None
    assert (loaded.oldest, loaded.gone, loaded.clock_unset) == (2, (), False)


def test_it_gives_waiting_frames_alarms_apart_in_order(box: Box) -> None:
    box.outbox.append([draft(kind) for kind in (SAMPLE, ALARM, EVENT, SAMPLE, ALARM)], written())
    assert [meta.n for meta in box.outbox.waiting(alarms=True, after=0, limit=9)] == [2, 5]
    assert [meta.n for meta in box.outbox.waiting(alarms=False, after=0, limit=2)] == [1, 3]
    assert [meta.n for meta in box.outbox.waiting(alarms=False, after=3, limit=9)] == [4]


def test_it_drops_acknowledged_frames_before_anything_else(tmp_path: Path) -> None:
    box = small(tmp_path, frames=4)
    box.add(4, ALARM, 400)
    box.outbox.settle(stream_name(1), Ranges([(3, 3)]), 0)
    box.add(1, SAMPLE, 400)
    assert list(box.held()) == [1, 2, 4, 5]
    assert box.outbox.dropped_total == 0
    box.close()


def test_it_drops_oldest_samples_then_events_then_alarms(tmp_path: Path) -> None:
    box = small(tmp_path, frames=4)
    for kind in (ALARM, EVENT, SAMPLE, SAMPLE):
        box.add(1, kind, 400)
    expected = [[1, 2, 4, 5], [1, 2, 5, 6], [1, 2, 6, 7]]
    for held in expected:
        box.add(1, SAMPLE, 400)
        assert list(box.held()) == held
    box.add(4, ALARM, 400)
    assert [frame_class for frame_class, _ in box.held().values()] == ["alarm"] * 4
    assert list(box.held()) == [8, 9, 10, 11]
    assert box.outbox.dropped_total == 7
    box.close()


def test_it_drops_a_new_sample_rather_than_an_old_alarm(tmp_path: Path) -> None:
    box = small(tmp_path, frames=3)
    box.add(3, ALARM, 400)
    (sample,) = box.add(1, SAMPLE, 400)
    assert list(box.held()) == [1, 2, 3]
    assert box.outbox.load(sample) is None
    loaded = box.outbox.load(box.outbox.waiting(alarms=True, after=0, limit=1)[0])
    assert loaded is not None
    assert loaded.gone == ((4, 4),)
    box.close()


def test_it_says_what_is_gone_until_it_was_told(tmp_path: Path) -> None:
    box = small(tmp_path, frames=3)
    metas = box.add(6, SAMPLE, 400)
    loaded = box.outbox.load(metas[-1])
    assert loaded is not None
    assert (loaded.oldest, loaded.gone) == (4, ((1, 3),))
    box.outbox.told(metas[0].stream, Ranges([(1, 2)]))
    loaded = box.outbox.load(metas[-1])
    assert loaded is not None
    assert loaded.gone == ((3, 3),)
    box.close()


def test_it_counts_dropped_frames_over_restarts(tmp_path: Path) -> None:
    box = small(tmp_path, frames=2)
    box.add(5, SAMPLE, 400)
    assert box.start().dropped_total == 3
    box.close()


def test_it_names_at_most_64_gone_ranges_lowest_first(box: Box) -> None:
    metas = box.add(200)
    with box.database.transaction() as sql:
        gone.add(sql, Ranges((n, n) for n in range(1, 200, 2)))
    loaded = box.outbox.load(metas[-1])
    assert loaded is not None
    assert len(loaded.gone) == GONE_A_FRAME
    assert loaded.gone[:2] == ((1, 1), (3, 3))


def test_it_asks_for_a_birth_when_the_last_frame_of_a_stream_is_dropped(tmp_path: Path) -> None:
    box = small(tmp_path, frames=2)
    box.add(2, SAMPLE, 400)
    outbox = box.start()
    assert outbox.birth_due is False
    box.add(2, SAMPLE, 400)
    assert box.outbox.birth_due
    first = outbox.stream_states()[0]
    assert (first.stream, first.oldest, first.kept, first.last) == (stream_name(1), 3, 3, 2)
    assert first.gone == ((1, 2),)
    box.close()


def test_it_drops_unacknowledged_frames_after_30_days_of_running_time(box: Box) -> None:
    box.add(2, running_ms=0)
    box.add(1, ALARM, running_ms=DAY_MS)
    assert box.outbox.expire(30 * DAY_MS) == 0
    assert box.outbox.expire(30 * DAY_MS + 1) == 2
    assert box.outbox.dropped_total == 2
    assert box.outbox.depth == 1


def test_it_keeps_acknowledged_frames_for_7_days(box: Box) -> None:
    box.add(2)
    box.outbox.settle(stream_name(1), Ranges([(1, 2)]), DAY_MS)
    assert box.outbox.expire(8 * DAY_MS) == 0
    assert box.outbox.expire(8 * DAY_MS + 1) == 2
    assert box.outbox.dropped_total == 0


def test_it_forgets_a_stream_with_nothing_left(box: Box) -> None:
    box.add(1)
    outbox = box.start()
    outbox.settle(stream_name(1), Ranges([(1, 1)]), 0)
    outbox.expire(7 * DAY_MS + 1)
    assert [state.stream for state in outbox.stream_states()] == [stream_name(2)]


def test_it_gives_its_age_in_running_time(box: Box) -> None:
    assert box.outbox.age_ms(5_000) == 0
    box.add(1, running_ms=1_000)
    box.add(1, ALARM, running_ms=3_000)
    assert box.outbox.age_ms(5_000) == 4_000


def test_it_unacknowledges_what_is_asked_for_and_lists_what_is_gone(box: Box) -> None:
    box.add(6)
    outbox = box.start()
    outbox.settle(stream_name(1), Ranges([(1, 6)]), 0)
    box.database.sql.execute("DELETE FROM frames WHERE n = 2")
    missing = outbox.resend(stream_name(1), Ranges([(1, 3), (5, 5), (9, 9)]))
    assert missing == Ranges([(2, 2), (9, 9)])
    assert [meta.seq for meta in outbox.waiting(alarms=False, after=0, limit=9)] == [1, 3, 5]
    assert outbox.depth == 3


def test_it_does_not_call_gone_what_the_running_stream_has_yet_to_number(box: Box) -> None:
    box.add(2)
    assert box.outbox.resend(stream_name(1), Ranges([(1, 9)])) == Ranges()


def test_it_calls_everything_of_an_unknown_stream_gone(box: Box) -> None:
    assert box.outbox.resend("01K0PZ6Q9V3W8S4D2N7X5C1ZZZ", Ranges([(1, 9)])) == Ranges([(1, 9)])


def test_it_keeps_a_parked_frame_apart_until_it_is_acknowledged(box: Box) -> None:
    metas = box.add(3)
    box.outbox.park(metas[:2])
    assert box.outbox.parked_count == 2
    assert box.outbox.depth == 3
    outbox = box.start()
    assert outbox.parked_count == 2
    assert [meta.seq for meta in outbox.parked(after=0, limit=9)] == [1, 2]
    assert outbox.resend(stream_name(1), Ranges([(1, 1)])) == Ranges()
    assert outbox.parked_count == 2
    outbox.settle(stream_name(1), Ranges([(1, 2)]), 0)
    assert outbox.parked_count == 0


def test_it_forgets_only_what_is_acknowledged_when_the_region_changes(box: Box) -> None:
    box.add(3)
    box.outbox.settle(stream_name(1), Ranges([(1, 2)]), 0)
    box.outbox.forget_kept()
    assert list(box.held()) == [3]


def test_it_stamps_readings_anew_once_the_clock_of_their_boot_is_known(box: Box) -> None:
    (meta,) = box.outbox.append([draft(ts=50_000)], written(offset=40_000, unset=True))
    loaded = box.outbox.load(meta)
    assert loaded is not None
    assert loaded.clock_unset
    assert b'"ts":50000' in loaded.body
    box.outbox.set_clock(BOOT, 1_040_000)
    loaded = box.outbox.load(meta)
    assert loaded is not None
    assert not loaded.clock_unset
    assert b'"ts":1050000' in loaded.body


def test_it_stamps_anew_over_restarts_of_the_agent_but_not_of_the_box(box: Box) -> None:
    (meta,) = box.outbox.append([draft(ts=50_000)], written(offset=40_000, unset=True))
    box.start().set_clock(BOOT, 1_040_000)
    loaded = box.start(OTHER_BOOT).load(meta)
    assert loaded is not None
    assert b'"ts":1050000' in loaded.body


def test_it_leaves_an_earlier_boot_unset_when_only_this_one_is_synchronised(box: Box) -> None:
    (meta,) = box.outbox.append([draft(ts=50_000)], written(offset=40_000, unset=True))
    box.start(OTHER_BOOT).set_clock(OTHER_BOOT, 1_040_000)
    loaded = box.outbox.load(meta)
    assert loaded is not None
    assert loaded.clock_unset
    assert b'"ts":50000' in loaded.body


def limit_file(box: Box, pages: int) -> None:
    box.database.sql.execute(f"PRAGMA max_page_count = {pages}")


def pages(box: Box) -> int:
    return int(box.database.sql.execute("PRAGMA page_count").fetchone()[0])


def test_it_makes_room_by_class_when_the_disk_is_full(box: Box) -> None:
    box.add(50, SAMPLE, 2_000)
    box.add(10, ALARM, 2_000)
    limit_file(box, pages(box))
    box.add(40, EVENT, 2_000)
    kinds = [frame_class for frame_class, _ in box.held().values()]
    assert kinds.count("alarm") == 10
    assert kinds.count("event") > 20
    assert box.outbox.dropped_total > 0
    held = Ranges((n, n) for n in box.held())
    assert held.union(Ranges(gone.within(box.database.sql, 1, 100))) == Ranges([(1, 100)])
    assert box.outbox.depth == len(kinds)


def test_it_numbers_and_drops_a_sample_when_only_alarms_could_make_room(box: Box) -> None:
    box.add(40, ALARM, 4_000)
    limit_file(box, pages(box))
    for _ in range(10):
        box.add(1, SAMPLE, 4_000)
    kinds = [frame_class for frame_class, _ in box.held().values()]
    assert kinds.count("alarm") == 40
    assert box.outbox.streams.current.last == 50
    assert box.outbox.dropped_total == 50 - len(kinds) > 0


def test_it_says_so_when_the_disk_takes_nothing_at_all(box: Box) -> None:
    limit_file(box, pages(box))
    with pytest.raises(OutboxFull):
        box.add(1, SAMPLE, 60_000)
    limit_file(box, 1_000_000)
    assert box.add(1, SAMPLE, 12_000)[0].seq >= 1


def test_it_puts_a_broken_file_aside_and_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"this is no database, " * 500)
    database = Database(tmp_path / "outbox.db")
    assert database.moved_aside is not None
    assert database.moved_aside.read_bytes().startswith(b"this is no")
    database.close()
    box = Box(tmp_path)
    assert box.add()[0].seq == 1
    box.close()


def test_it_reads_no_more_than_a_page_of_a_million_frames(box: Box) -> None:
    with box.database.transaction() as sql:
        sql.execute(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) INSERT INTO "
            "frames (n, state, class, size, created, clock_offset, clock_unset, body) "
            "SELECT n, 0, 2, 100, 0, 0, 0, x'7b7d' FROM c"
        )
        sql.execute("UPDATE streams SET last = 100000")
    outbox = box.start()
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    box.database.sql.set_progress_handler(count, 1_000)
    outbox.waiting(alarms=False, after=50_000, limit=64)
    outbox.waiting(alarms=True, after=0, limit=64)
    outbox.age_ms(0)
    outbox.load(outbox.waiting(alarms=False, after=99_000, limit=1)[0])
    outbox.settle(stream_name(1), Ranges([(1, 10)]), 0)
    assert steps < 10, "some query walks over the frames"


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "ack", "told", "resend", "restart", "expire", "park"]),
            st.integers(1, 30),
            st.integers(0, 10),
            st.sampled_from([ALARM, EVENT, SAMPLE]),
        ),
        max_size=40,
    )
)
def test_it_accounts_for_every_number_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int, FrameClass]]
) -> None:
    box = small(tmp_path_factory.mktemp("box"), frames=12)
    settled: set[int] = set()
    told: set[int] = set()
    for action, lo, width, frame_class in steps:
        span = Ranges([(lo, lo + width)])
        current = box.outbox.streams.current
        numbers = {n for a, b in current.numbers(span) for n in range(a, b + 1)}
        if action == "add":
            box.add(1 + width // 3, frame_class, 400)
        elif action == "ack":
            box.outbox.settle(current.stream, span, 0)
            settled |= numbers & box.held().keys()
        elif action == "told":
            told |= numbers & {n for a, b in gone.within(box.database.sql, 1, 999) for n in range(a, b + 1)}
            box.outbox.told(current.stream, span)
        elif action == "resend":
            box.outbox.resend(current.stream, span)
        elif action == "park":
            box.outbox.park(box.outbox.waiting(alarms=False, after=0, limit=width))
        elif action == "expire":
            box.outbox.expire(1)
        else:
            box.start()
        held = box.held()
        untold = {n for a, b in gone.within(box.database.sql, 1, 9_999) for n in range(a, b + 1)}
        given_out = {n for stream in box.outbox.streams for n in range(stream.span[0], stream.span[1] + 1)}
        assert given_out <= held.keys() | untold | settled | told
        assert not untold & held.keys()
        assert box.outbox.depth == sum(state != 2 for _, state in held.values())
        assert box.outbox.parked_count == sum(state == 1 for _, state in held.values())
        assert box.outbox.bytes <= box.limits.max_bytes
    assert box.database.sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    box.close()


def test_it_leaves_other_errors_of_the_database_alone(box: Box) -> None:
    box.database.sql.execute("DROP TABLE frames")
    with pytest.raises(sqlite3.OperationalError):
        box.add()
