"""WA-05, WA-21, PW-12, PW-20: figures of a day or a night, against what is usual here."""

from collections.abc import Callable

from gateway.domain.alerts import Transition
from tests.unit.alerting.detection.kinds.timetable import (
    DAY,
    HOUR,
    MINUTE,
    catalogued,
    changes,
    station,
    together,
    told,
)
from tests.unit.alerting.detection.stage import Said, Stage
from tests.unit.gateway_ingest.ticks import NOW

MIDNIGHT = 8 * HOUR
"""`NOW` is 16:00 in Shanghai."""
METER = station(main={"role": "main_meter"})


def at_once(stage: Stage, frames: list[Said]) -> list[Transition]:
    return [
        one
        for start in range(0, len(frames), 2_000)
        for one in stage.engine.take(stage.batch(*frames[start : start + 2_000]))
    ]


def night_of(day: int, litres_an_hour: float) -> Callable[[float], float]:
    """Return how much a leak adds from midnight to six of a day, in m3 by second."""
    begin = MIDNIGHT + day * DAY

    def run(at: float) -> float:
        return litres_an_hour / 1_000 * min(max(0.0, at - begin) / HOUR, 6.0)

    return run


def metered(days: range, runs: list[Callable[[float], float]]) -> list[Said]:
    """Read a water meter every minute."""
    frames = []
    for at in range(MIDNIGHT + days.start * DAY, MIDNIGHT + days.stop * DAY, MINUTE):
        total = 10.0 + sum(run(at) for run in runs)
        frames.append(told(at, "water", "main", water_volume_m3_total=round(total, 3)))
    return frames


def test_water_that_runs_at_night_for_two_nights() -> None:
    stage = Stage(catalogued("WA-05"))
    runs = [night_of(0, 0.0), night_of(1, 12.0), night_of(2, 12.0)]
    first = at_once(stage, metered(range(2), runs))
    assert first == []
    (one,) = at_once(stage, metered(range(2, 3), runs))
    assert (one.change, one.severity) == ("opened", "P4")
    assert round(float(one.value or 0), 3) == 0.012
    assert one.at == NOW + (MIDNIGHT + 2 * DAY + 5 * HOUR) * 1_000 + 1


def test_one_night_alone_says_nothing() -> None:
    stage = Stage(catalogued("WA-05"))
    runs = [night_of(1, 12.0)]
    assert at_once(stage, metered(range(4), runs)) == []


def test_water_while_somebody_is_there_is_used_water() -> None:
    stage = Stage(catalogued("WA-05"))
    runs = [night_of(day, 12.0) for day in range(3)]
    here = [
        told(at + 1, "occupancy", "lounge", zone_occupied=True)
        for at in range(MIDNIGHT, MIDNIGHT + 3 * DAY, MINUTE)
    ]
    assert at_once(stage, together(metered(range(3), runs) + here)) == []


def load(days: range, watts: Callable[[int], float]) -> list[Said]:
    """Read the main meter at night, every 20 s."""
    return [
        told(MIDNIGHT + day * DAY + at, "power", "main", power_active_w=watts(day))
        for day in days
        for at in range(50 * MINUTE, 6 * HOUR, 20)
    ]


def test_a_load_at_night_is_held_against_the_median_of_the_nights_before() -> None:
    stage = Stage(catalogued("PW-12"), specs=[METER])
    assert at_once(stage, load(range(8), lambda day: 200.0 + day)) == []
    told_of = at_once(stage, load(range(8, 10), lambda _: 600.0))
    (one,) = told_of
    assert (one.change, one.severity, one.value) == ("opened", "P4", 600.0)
    assert one.learned["usual"] == 204.0
    assert changes(at_once(stage, load(range(10, 11), lambda _: 205.0))) == [("cleared", "P4")]


def test_nothing_is_usual_before_enough_nights() -> None:
    stage = Stage(catalogued("PW-12"), specs=[METER])
    assert at_once(stage, load(range(4), lambda day: 200.0 if day < 2 else 900.0)) == []


def test_what_is_usual_survives_a_restart() -> None:
    stage = Stage(catalogued("PW-12"), specs=[METER])
    at_once(stage, load(range(8), lambda _: 200.0))
    saved, stage.engine = stage.engine.save(), stage.fresh()
    stage.engine.restore(saved)
    assert changes(at_once(stage, load(range(8, 10), lambda _: 600.0))) == [("opened", "P4")]


def day_of(day: int, *, m3: float, visits: int) -> list[Said]:
    """Tell one day of water and visits, every two minutes."""
    frames = []
    for at in range(0, DAY, 60):
        share = at / DAY
        when = MIDNIGHT + day * DAY + at
        frames.append(
            told(when, "water", "main", water_volume_m3_total=round(10 + day * 0.4 + m3 * share, 3))
        )
        entered = day * 10 + int(visits * share)
        frames.append(told(when + 1, "occupancy", "counter", people_in_total=entered))
    return frames


def test_a_day_of_much_more_water_than_usual() -> None:
    stage = Stage(catalogued("WA-21"), specs=[METER])
    frames = [one for day in range(9) for one in day_of(day, m3=0.4, visits=10)]
    assert at_once(stage, frames) == []
    flood = [
        told(MIDNIGHT + 9 * DAY + at, "water", "main", water_volume_m3_total=round(13.6 + 4.0 * at / DAY, 3))
        for at in range(0, DAY + HOUR, 60)
    ]
    (one,) = at_once(stage, flood)
    assert (one.change, one.severity) == ("opened", "P4")
    assert "usual" in one.learned
