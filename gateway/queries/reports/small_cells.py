"""Figures so small that they tell of single people are not shown, nor any from which they follow.

Domain catalogue 6.2: hours of fewer than 3 visits, and fewer than 5 people of an occupation or credential.
A total minus what is shown must not give away what is hidden: at least two cells of a line are hidden, and
together they are no smaller than what may be shown.
"""

from collections.abc import Callable, Hashable, Sequence

from gateway.queries.reports.table import Row

FEWEST_VISITS = 3
FEWEST_OF_A_KIND = 5


def hidden(counts: Sequence[int | None], fewest: int) -> set[int]:
    """Return the places of a line of counts (None: no data) that must not be shown beside its total."""
    places = sorted((count, place) for place, count in enumerate(counts) if count is not None)
    chosen = {place for count, place in places if count < fewest}
    if not chosen:
        return chosen
    for count, place in places:
        together = sum(one for one, at in places if at in chosen)
        if len(chosen) > 1 and together >= fewest:
            break
        if count >= fewest:
            chosen.add(place)
    return chosen


def hide(
    rows: list[Row],
    count: str,
    fewest: int,
    figures: Sequence[str],
    line_of: Callable[[Row], Hashable],
) -> list[Row]:
    """Return the rows with the figures of small cells taken out; a line is what has a total. None: leave."""
    lines: dict[Hashable, list[int]] = {}
    for n, row in enumerate(rows):
        line = line_of(row)
        if line is not None:
            lines.setdefault(line, []).append(n)
    out = list(rows)
    for places in lines.values():
        counts = [_whole(rows[n][count]) for n in places]
        for at in hidden(counts, fewest):
            row = rows[places[at]]
            out[places[at]] = {**row, **dict.fromkeys(figures), "note": "suppressed"}
    return out


def _whole(cell: object) -> int | None:
    return int(cell) if isinstance(cell, (int, float)) else None
