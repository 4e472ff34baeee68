"""Cells are read as they were written, wherever in the ring a window begins."""

import numpy as np
import pytest

from gateway.alerting.detection.rings import Ring

CELLS = 7


@pytest.mark.parametrize("last", range(20, 20 + 2 * CELLS))
@pytest.mark.parametrize("count", [1, 3, CELLS])
def test_a_window_is_read_oldest_first_across_the_end_of_the_ring(last: int, count: int) -> None:
    ring = Ring(60_000, CELLS, frozenset({"last", "ms"}))
    ring.grow(3)
    series = np.array([0, 2])
    for stretch in range(last - CELLS + 1, last + 1):
        if stretch % 3:
            places = ring.at(series, np.full(2, stretch))
            ring.channel("last")[series, places] = stretch
            ring.channel("ms")[series, places] = 10 * stretch
    stretches = range(last - count + 1, last + 1)
    read, lasted = ring.read(np.array([2, 1, 0]), last, count, "last", "ms")
    written = [float(one) if one % 3 else np.nan for one in stretches]
    np.testing.assert_array_equal(read, [written, [np.nan] * count, written])
    assert lasted.tolist()[0] == [10 * one if one % 3 else 0 for one in stretches]


def test_what_was_read_is_not_written_to_afterwards() -> None:
    ring = Ring(60_000, CELLS, frozenset({"last"}))
    ring.grow(1)
    one = np.array([0])
    ring.channel("last")[one, ring.at(one, np.array([5]))] = 1.0
    (before,) = ring.read(one, 5, 2, "last")
    ring.channel("last")[one, ring.at(one, np.array([5]))] = 2.0
    assert before[0, 1] == 1.0
