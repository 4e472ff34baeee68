"""Ranges behave as the set of integers they stand for."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.ranges import Ranges

NUMBERS = st.sets(st.integers(1, 60))
BOUNDS = st.tuples(st.integers(1, 60), st.integers(1, 60)).map(lambda pair: (min(pair), max(pair)))


def of(numbers: set[int]) -> Ranges:
    return Ranges((n, n) for n in numbers)


def numbers_of(ranges: Ranges) -> set[int]:
    return {n for lo, hi in ranges for n in range(lo, hi + 1)}


def assert_normal(ranges: Ranges) -> None:
    pairs = list(ranges)
    assert all(lo <= hi for lo, hi in pairs)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(pairs))


@given(NUMBERS, NUMBERS)
def test_it_agrees_with_set_algebra(left: set[int], right: set[int]) -> None:
    a, b = of(left), of(right)
    for ours, theirs in (
        (a.union(b), left | right),
        (a.intersection(b), left & right),
        (a.difference(b), left - right),
    ):
        assert_normal(ours)
        assert numbers_of(ours) == theirs
    assert (a == b) == (left == right)


@given(NUMBERS, BOUNDS)
def test_it_adds_removes_and_misses_whole_ranges(held: set[int], bounds: tuple[int, int]) -> None:
    lo, hi = bounds
    span = set(range(lo, hi + 1))
    added, removed = of(held), of(held)
    added.add_range(lo, hi)
    removed.remove_range(lo, hi)
    assert_normal(added)
    assert_normal(removed)
    assert numbers_of(added) == held | span
    assert numbers_of(removed) == held - span
    assert numbers_of(of(held).missing(lo, hi)) == span - held


@given(st.lists(st.integers(1, 40)))
def test_it_says_whether_a_number_was_new(order: list[int]) -> None:
    ranges, seen = Ranges(), set[int]()
    for n in order:
        assert ranges.add(n) == (n not in seen)
        seen.add(n)
    assert_normal(ranges)
    assert ranges.count() == len(seen)
    assert {n for n in range(45) if n in ranges} == seen
    assert (ranges.first, ranges.last) == ((min(seen), max(seen)) if seen else (None, None))


def test_it_keeps_one_range_for_consecutive_numbers() -> None:
    ranges = Ranges()
    for n in range(1, 1001):
        ranges.add(n)
    assert list(ranges) == [(1, 1000)]
    assert len(ranges) == 1


def test_it_copies_independently() -> None:
    original = Ranges([(1, 3)])
    twin = original.copy()
    twin.add(9)
    assert original.to_lists() == [[1, 3]]


def test_it_refuses_a_range_that_runs_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        Ranges([(3, 2)])


def test_it_misses_nothing_of_an_empty_span() -> None:
    assert not Ranges([(1, 3)]).missing(5, 4)


def test_it_parses_what_it_writes_and_merges_touching_ranges() -> None:
    assert Ranges.parse([[1, 794], [798, 812]]).to_lists() == [[1, 794], [798, 812]]
    assert Ranges.parse([[1, 2], [3, 4]]).to_lists() == [[1, 4]]
    assert Ranges.parse([[1, 2**63 - 1]]).last == 2**63 - 1


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("1-3", "not str"),
        (None, "not NoneType"),
        ([[1]], "range 0 is not two integers"),
        ([[1, 2, 3]], "range 0 is not two integers"),
        ([(1, 2)], "range 0 is not two integers"),
        ([[True, 2]], "range 0 is not two integers"),
        ([[1.0, 2]], "range 0 is not two integers"),
        ([[0, 2]], "range 0 .* within 1"),
        ([[3, 2]], "range 0 .* within 1"),
        ([[1, 2**63]], "range 0 .* within 1"),
        ([[5, 6], [1, 2]], "range 1 .* does not come after"),
        ([[1, 5], [5, 6]], "range 1 .* does not come after"),
        ([[n, n] for n in range(1, 200, 2)], "100 ranges, at most 64"),
    ],
)
def test_it_says_what_is_wrong_with_ranges_it_cannot_parse(value: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Ranges.parse(value)
