"""Where panels stand: one after the other, from left to right, never on top of each other."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dashboards.model import COLUMNS, Panel, Row

HEADING = 1
"""Height of a row's heading."""


class Place(NamedTuple):
    """A rectangle of the grid."""

    x: int
    y: int
    width: int
    height: int


def placed(rows: Sequence[Row]) -> Iterator[tuple[Row, Place, list[tuple[Panel, Place]]]]:
    """Yield each row, the place of its heading, and its panels with theirs."""
    y = 0
    for row in rows:
        heading = Place(0, y, COLUMNS, HEADING)
        panels = list(_flow(row.panels, y + HEADING))
        yield row, heading, panels
        y = max((place.y + place.height for _, place in panels), default=y + HEADING)


def _flow(panels: Sequence[Panel], y: int) -> Iterator[tuple[Panel, Place]]:
    """A panel that does not fit beside the last begins below the highest of those it leaves behind."""
    x = height = 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y, height = 0, y + height, 0
        yield panel, Place(x, y, panel.width, panel.height)
        x, height = x + panel.width, max(height, panel.height)
