from __future__ import annotations

from simulators.scenarios import quiet
from yizhan.score.attendance import Attendance
from yizhan.score.courier import Courier

MINUTE_MS = 60_000


def _attended(*visits: tuple[int, int]) -> Attendance:
    attendance = Attendance()
    for arrive, leave in visits:
        fields: dict[str, object] = {"arrive": arrive * MINUTE_MS, "leave": leave * MINUTE_MS}
        attendance.write("s-1", 0, "person", fields)
    attendance.write("s-1", 0, "water", {"litres": 3.0})
    return attendance


def test_it_counts_those_who_are_inside_at_once() -> None:
    attendance = _attended((10, 20), (15, 30), (25, 40), (100, 110))
    assert attendance.most(0, 9 * MINUTE_MS) == 0
    assert attendance.most(12 * MINUTE_MS, 14 * MINUTE_MS) == 1
    assert attendance.most(12 * MINUTE_MS, 26 * MINUTE_MS) == 2
    assert attendance.most(31 * MINUTE_MS, 35 * MINUTE_MS) == 1


def test_a_crowd_is_a_crowd_and_an_empty_room_is_none() -> None:
    seven = _attended(*[(10, 20)] * 7)
    assert seven.crowds("OC-01", "P3", 16 * MINUTE_MS, capacity=6)
    assert seven.crowds("OC-01", "P2", 16 * MINUTE_MS, capacity=6)
    assert not seven.crowds("OC-01", "P2", 16 * MINUTE_MS, capacity=7)
    assert not seven.crowds("OC-01", "P3", 90 * MINUTE_MS, capacity=6)
    assert not seven.crowds("EN-01", "P1", 16 * MINUTE_MS, capacity=1)


def test_everybody_who_comes_is_on_the_list() -> None:
    story, attendance = quiet("plain", "public_hall", seed=2), Attendance()
    Courier(story, attendance).carry(story.end_ms)
    assert attendance.most(story.start_ms, story.end_ms) > 3
