"""What is not shown cannot be worked out from what is."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from gateway.queries.reports.small_cells import FEWEST_VISITS, hidden

COUNTS = st.lists(st.integers(0, 6), min_size=1, max_size=6)


def test_it_hides_a_second_cell_when_the_total_would_tell_the_first() -> None:
    assert hidden([2, 5, 9], 3) == {0, 1}
    assert hidden([2, 2, 9], 3) == {0, 1}
    assert hidden([0, 0, 9, 4], 3) == {0, 1, 3}
    assert hidden([3, 4, None], 3) == set()


@given(COUNTS)
def test_nobody_who_knows_the_total_and_the_rule_can_tell_a_small_cell(counts: list[int]) -> None:
    places = hidden(counts, FEWEST_VISITS)
    assert {n for n, count in enumerate(counts) if count < FEWEST_VISITS} <= places
    total = sum(counts)
    shown = {n: count for n, count in enumerate(counts) if n not in places}
    if total < FEWEST_VISITS or not places or len(places) == len(counts):
        return
    possible = [
        guess
        for guess in product(range(total + 1), repeat=len(places))
        if sum(guess) + sum(shown.values()) == total
    ]
    for nth in range(len(places)):
        assert len({guess[nth] for guess in possible}) > 1
