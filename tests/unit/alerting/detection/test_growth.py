"""How far counters got, and what may still be filled in afterwards."""

import numpy as np

from catalogue.kinds.statistic import Figure
from gateway.alerting.detection.kinds.folding import fold
from gateway.alerting.detection.rings import Samples
from gateway.alerting.detection.windows import Growth
from gateway.domain.counters import dial_for
from tests.unit.gateway_ingest.ticks import NOW
from wire.measures import MEASURES

MINUTE = 60_000
METER = 3
"""Numbers of series are those of all fields: a ring follows few of them."""


def samples(*said: tuple[int, float], series: int = METER) -> Samples:
    minutes, values = zip(*said, strict=True)
    ts = NOW + np.array(minutes) * MINUTE
    return Samples(np.full(len(ts), series), ts, np.array(values, np.float64))


def growth(*said: tuple[int, float]) -> Growth:
    made = Growth(MINUTE, 60 * MINUTE, 90_000, dial_for(MEASURES["water"]["water_volume_m3_total"]))
    made.take(samples(*said), np.full(len(said), -1))
    return made


def ends(of: Growth, until: int, count: int) -> list[float]:
    """Return how far it had got at the end of each of the minutes up to one."""
    (told,) = of.ends(of.rows(np.array([METER])), NOW + until * MINUTE, count)
    return list(map(float, told))


def known(of: Growth, until: int, count: int) -> list[float]:
    return [value for value in ends(of, until, count) if not np.isnan(value)]


def test_it_fills_in_minutes_of_which_nothing_was_known() -> None:
    of = growth((0, 5.0), (9, 8.0))
    of.fill(samples((3, 6.0), (4, 7.0)))
    assert known(of, 10, 10) == [5.0, 6.0, 7.0, 8.0]
    assert of.value[of.rows(np.array([METER]))] == 8.0


def test_the_last_of_a_minute_counts_in_whatever_order_it_comes() -> None:
    of = growth((0, 5.0), (9, 8.0))
    of.fill(samples((3, 6.5)))
    of.fill(samples((3, 6.0)))
    assert known(of, 10, 10) == [5.0, 6.5, 8.0]


def test_it_leaves_what_does_not_fit_between_what_is_known() -> None:
    of = growth((0, 5.0), (9, 8.0))
    of.fill(samples((3, 9.0)))
    of.fill(samples((12, 7.0)))
    assert known(of, 15, 15) == [5.0, 8.0]


def test_it_leaves_what_was_before_a_reset() -> None:
    of = growth((0, 900.0), (8, 0.5), (9, 0.6), (10, 0.7))
    of.fill(samples((5, 0.2)))
    assert len(known(of, 11, 11)) == 4


def test_it_leaves_what_the_ring_has_gone_beyond_and_what_it_does_not_follow() -> None:
    of = growth((0, 5.0), (200, 8.0))
    of.fill(samples((199, 7.9)))
    of.fill(samples((30, 6.0)))
    of.fill(samples((199, 7.9), series=METER + 4))
    assert known(of, 201, 60) == [7.9, 8.0]


def test_a_window_grows_by_what_was_counted_inside_it() -> None:
    of = growth(*((minute, float(minute)) for minute in range(60)))
    figure = Figure.model_validate({"field": "water_volume_m3_total", "fn": "increase", "window": "30m"})
    rows = of.rows(np.array([METER]))
    assert fold(figure, of, rows, NOW + 60 * MINUTE, 30, None).tolist() == [30.0]
    assert of.increase(rows, NOW + 60 * MINUTE, 30).tolist() == [30.0]
