"""OC-10, AC-04, WA-06, WA-17, AG-10: growth in a window. WA-18, PW-14: what counters do not do."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.alerting.detection.kinds.timetable import (
    MINUTE,
    catalogued,
    changes,
    event,
    however_cut,
    together,
    told,
)
from tests.unit.alerting.detection.stage import STATION, Said, Stage
from tests.unit.gateway_ingest.ticks import NOW


def door(at: float, granted: float, entered: float) -> Said:
    ts = NOW + round(at * 1000)
    return Said(
        at,
        {
            "access": [{"device": "front", "ts": ts, "access_granted_total": int(granted)}],
            "occupancy": [{"device": "counter", "ts": ts, "people_in_total": int(entered)}],
        },
        STATION,
    )


def doors(minutes: range, granted: Callable[[int], float], entered: Callable[[int], float]) -> list[Said]:
    return [door(m * MINUTE, granted(m), entered(m)) for m in minutes]


def meter(at: float, kwh: float, **more: object) -> Said:
    reading = {"device": "main", "ts": NOW + round(at * 1000), "energy_import_kwh_total": kwh, **more}
    return Said(at, {"power": [reading]}, STATION)


def water(at: float, m3: float) -> Said:
    return told(at, "water", "main", water_volume_m3_total=m3)


# -- windows


def test_a_people_counter_that_counts_nobody_let_in_is_told_and_ends_with_the_first_counted() -> None:
    stage = Stage(catalogued("OC-10"))
    assert stage.play(*doors(range(62), lambda _: 100, lambda _: 7)) == []
    (one,) = stage.play(*doors(range(62, 70), lambda m: 100 + min(3, m - 62), lambda _: 7))
    assert (one.change, one.severity, one.value, one.limit) == ("opened", "P3", 3.0, 3.0)
    assert changes(stage.play(*doors(range(70, 73), lambda _: 103, lambda _: 8))) == [("cleared", "P3")]


def test_a_counter_not_followed_for_the_whole_window_says_nothing() -> None:
    stage = Stage(catalogued("OC-10"))
    assert stage.play(*doors(range(55), lambda m: 100 + m, lambda _: 7)) == []


def test_a_counter_that_fell_silent_is_not_one_that_counts_nothing() -> None:
    stage = Stage(catalogued("OC-10"))
    stage.play(*doors(range(62), lambda _: 100, lambda _: 7))
    alone = [
        told(m * MINUTE, "access", "front", access_granted_total=max(100, 34 + m)) for m in range(62, 90)
    ]
    assert stage.play(*alone) == []


def test_many_more_enter_than_are_let_in() -> None:
    stage = Stage(catalogued("AC-04"))
    stage.play(*doors(range(62), lambda m: m // 10, lambda m: m // 10))
    opened = stage.play(*doors(range(62, 190), lambda m: m // 10, lambda m: m // 10 + (m - 62) // 5))
    assert changes(opened) == [("opened", "P4")]


def test_groups_that_enter_on_one_grant_are_within_reason() -> None:
    stage = Stage(catalogued("AC-04"))
    assert stage.play(*doors(range(200), lambda m: m // 10, lambda m: int(m / 10 * 1.3))) == []


def visit(minute: float, count: int) -> list[Said]:
    return [
        event(minute * MINUTE, "front", "granted"),
        told(minute * MINUTE + 1, "occupancy", "counter", people_in_total=count),
    ]


def test_no_water_for_two_hours_in_spite_of_eight_visits() -> None:
    stage = Stage(catalogued("WA-06"))
    frames = [water(m * MINUTE, 5.0) for m in range(190)]
    frames += [
        told(m * MINUTE + 1, "occupancy", "counter", people_in_total=max(0, m - 125)) for m in range(190)
    ]
    told_of = stage.play(*together(frames))
    assert changes(told_of) == [("opened", "P2")]
    drawn = [water(m * MINUTE, 5.0 + (m - 189) * 0.01) for m in range(190, 200)]
    assert changes(stage.play(*drawn)) == [("cleared", "P2")]


def test_pressure_that_is_gone_needs_no_counter() -> None:
    stage = Stage(catalogued("WA-06"))
    frames = [told(at, "water", "main", water_pressure_kpa=10.0) for at in range(0, 8 * MINUTE, 30)]
    assert changes(stage.play(*frames)) == [("opened", "P2")]


def test_a_meter_that_stands_still_for_a_day_while_cubicles_are_used() -> None:
    stage = Stage(catalogued("WA-17"))
    frames = [water(m * MINUTE, 5.0) for m in range(0, 27 * 60, 1)]
    frames += [
        told(m * MINUTE + 5, "occupancy", "shower", cubicle_occupied=bool(m // 30 % 2))
        for m in range(24 * 60, 27 * 60, 1)
    ] + [
        told(m * MINUTE + 5, "occupancy", "shower", cubicle_occupied=bool(m // 60 % 2))
        for m in range(0, 24 * 60, 1)
    ]
    assert ("opened", "P4") in changes(stage.engine.take(stage.batch(*together(frames))))


def kept_back(minutes: range, until: int) -> list[Said]:
    """Write what a station counted while its link was down, as it comes afterwards."""
    counted = doors(minutes, lambda _: 103, lambda _: 7)
    return [
        replace(one, delay=until * MINUTE + place - one.at, backlog=True) for place, one in enumerate(counted)
    ]


def test_what_was_counted_while_the_link_was_down_completes_the_window() -> None:
    before = doors(range(-10, 3), lambda m: 100 + min(3, m + 10), lambda _: 7)
    after = doors(range(70, 110), lambda m: 103 + min(3, m - 70), lambda _: 7)
    without = however_cut([catalogued("OC-10")], together([*before, *after]))
    assert without == [], "an hour that begins in the dark"
    back = together([*before, *after, *kept_back(range(3, 70), 72)])
    (one,) = however_cut([catalogued("OC-10")], back)
    assert (one.change, one.retrospective) == ("opened", False)


def test_what_came_late_judges_nothing_itself() -> None:
    before = doors(range(-70, 3), lambda m: 100 + (m >= 0), lambda _: 7)
    stage = Stage(catalogued("OC-10"))
    late = doors(range(3, 60), lambda m: 101 + min(9, m), lambda _: 7)
    frames = [replace(one, delay=4_000 + place - one.at, backlog=True) for place, one in enumerate(late)]
    assert stage.play(*before, *frames) == []
    assert stage.until(5_000) == []


def test_frames_dropped_by_policy_are_told_and_end_an_hour_later() -> None:
    stage = Stage(catalogued("AG-10"))
    frames = [
        told(m * MINUTE, "agent", "agent", publish_dropped_total=3 if m > 70 else 0) for m in range(140)
    ]
    assert changes(stage.play(*frames)) == [("opened", "P3"), ("cleared", "P3")]


def test_a_reset_a_zero_and_a_roll_over_are_no_growth_out_of_nothing() -> None:
    stage = Stage(catalogued("AG-10"))
    shown = {100: 0, 110: 5, 111: 5}
    frames = [
        told(m * MINUTE, "agent", "agent", publish_dropped_total=shown.get(m, 40_000)) for m in range(100)
    ]
    frames += [told(100 * MINUTE, "agent", "agent", publish_dropped_total=0)]
    frames += [told(m * MINUTE, "agent", "agent", publish_dropped_total=40_000) for m in range(101, 130)]
    assert stage.play(*frames) == []


# -- single samples


def test_a_volume_that_goes_back_twice_is_told_and_ends_with_three_good_ones() -> None:
    stage = Stage(catalogued("WA-18"))
    assert stage.play(water(0, 5.0), water(60, 5.1), water(120, 4.0)) == []
    (one,) = stage.play(water(180, 4.0))
    assert (one.change, one.severity, round(float(one.value or 0), 3)) == ("opened", "P4", 1.1)
    assert stage.play(water(240, 5.2), water(300, 5.2)) == []
    assert changes(stage.play(water(360, 5.3))) == [("cleared", "P4")]


def test_a_volume_that_goes_back_once_is_a_glitch() -> None:
    stage = Stage(catalogued("WA-18"))
    assert stage.play(water(0, 5.0), water(60, 0.0), water(120, 5.0), water(180, 0.0), water(240, 5.1)) == []


@pytest.mark.parametrize(
    ("totals", "told_of"),
    [
        ([100.0, 0.0, 100.1], 1),
        ([100.0, 103.0, 103.1], 1),
        ([100.0, 101.0, 102.0], 0),
        ([999_999.9, 0.1, 0.2], 0),
    ],
    ids=["zero", "jump", "counts", "rolls over"],
)
def test_an_energy_counter_that_does_what_it_cannot(totals: list[float], told_of: int) -> None:
    stage = Stage(catalogued("PW-14"))
    opened = stage.play(*(meter(place * MINUTE, total) for place, total in enumerate(totals)))
    assert [one.change for one in opened] == ["opened"] * told_of


def test_a_new_meter_may_begin_lower() -> None:
    stage = Stage(catalogued("PW-14"))
    assert stage.play(meter(0, 500.0), meter(60, 0.0, epoch=1), meter(120, 0.1, epoch=1)) == []


# -- however it comes


def test_it_says_the_same_however_the_frames_are_cut_into_batches() -> None:
    frames = [door(m * 30, 100 + (m > 130) * (m - 130), 7 if m < 150 else 8) for m in range(160)]
    frames += [meter(m * 60 + 7, 0.0 if m in {40, 41} else 100 + m / 100) for m in range(80)]
    rules = [catalogued(name) for name in ("OC-10", "PW-14", "AC-04")]
    assert len(however_cut(rules, together(frames))) > 2


def test_counters_are_followed_on_after_a_restart() -> None:
    stage = Stage(catalogued("OC-10"), catalogued("WA-18"))
    stage.play(
        *doors(range(62), lambda _: 100, lambda _: 7), water(62 * MINUTE, 5.0), water(62 * MINUTE + 1, 4.0)
    )
    saved, stage.engine = stage.engine.save(), stage.fresh()
    stage.engine.restore(saved)
    later = [water(62 * MINUTE + 2, 4.0), *doors(range(63, 70), lambda m: 100 + m, lambda _: 7)]
    assert sorted(changes(stage.play(*later))) == [("opened", "P3"), ("opened", "P4")]
