"""What is written at a time, and whoever it is read from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import duckdb
import pyarrow as pa

from wire.influx import Policy

POINTS_A_PORTION = 50_000
"""Values written, and read back, at once: 2.5 MB of lines, half a second at 100,000 a second."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Lines of each class of data, every one with its line feed; `upto` is the position when it is written.

    `points` are the values in them, `outside` the lines left out because the class keeps nothing as old.
    """

    lines: Mapping[Policy, pa.StringArray]
    upto: int
    points: int
    outside: int = 0


Connect = Callable[[], duckdb.DuckDBPyConnection]
"""Gives a reading connection of the caller's own."""


class Source(Protocol):
    """One kind of what is mirrored, in an order of its own that a number is a place in.

    Nothing but that place is remembered, and reading on from a place gives the same points again: with the
    same times and tags they land on themselves.
    """

    name: str

    def read(self, connect: Connect, position: int) -> Portion | None:
        """Return what follows `position` (-1 before the first), None for nothing; or duckdb.Error."""


def text_of(lines: pa.StringArray) -> bytes:
    """Return the lines as they are sent: the array's own buffer, nothing is joined."""
    if not len(lines):
        return b""
    _, offsets, text = lines.buffers()
    places = memoryview(offsets).cast("i")[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(text)[places[0] : places[-1]].tobytes()


def portion_of(policy: Policy, lines: Sequence[str], upto: int) -> Portion:
    """Return lines that were made one by one as a portion."""
    points = sum(one.count("=") - one.partition(" ")[0].count("=") for one in lines)
    return Portion({policy: pa.array(lines, pa.string())} if lines else {}, upto, points)


def as_lines(lines: pa.ChunkedArray) -> pa.StringArray:
    """Return lines in one piece."""
    return lines.combine_chunks() if lines.num_chunks != 1 else lines.chunk(0)
