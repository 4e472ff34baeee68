"""Sets of sequence numbers, kept as closed ranges."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Self

LARGEST = 2**63 - 1
"""The largest sequence number; what SQLite, DuckDB and Arrow hold in a signed 64-bit column."""


class Ranges:
    """A mutable set of integers as ascending closed ranges that neither overlap nor touch.

    Appending the number after the last one costs O(1); everything else finds its place by bisection.
    """

    __slots__ = ("_his", "_los")

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        """Start with the union of ``ranges``; they may come in any order and overlap."""
        self._los: list[int] = []
        self._his: list[int] = []
        self.update(ranges)

    @classmethod
    def parse(cls, value: object, *, limit: int = 64) -> Self:
        """Read ``[[lo, hi], ...]`` as it stands in a message.

        At most ``limit`` ranges of integers, 1 <= lo <= hi < 2^63, ascending and disjoint.
        Raises ValueError saying which range is wrong and why.
        """
        if not isinstance(value, list):
            message = f"ranges are a list of [lo, hi], not {type(value).__name__}"
            raise ValueError(message)  # noqa: TRY004 - one error type for everything a sender may get wrong
        if len(value) > limit:
            message = f"{len(value)} ranges, at most {limit} are allowed"
            raise ValueError(message)
        parsed = cls()
        for position, pair in enumerate(value):
            lo, hi = _parse_pair(pair, position)
            if parsed and lo <= parsed._his[-1]:
                message = f"range {position} [{lo}, {hi}] does not come after the one before it"
                raise ValueError(message)
            parsed.add_range(lo, hi)
        return parsed

    def add(self, n: int) -> bool:
        """Add one number; True when it was new."""
        his = self._his
        if his and n == his[-1] + 1:
            his[-1] = n
            return True
        if n in self:
            return False
        self.add_range(n, n)
        return True

    def add_range(self, lo: int, hi: int) -> None:
        """Add the numbers lo..hi, both included."""
        _check_order(lo, hi)
        los, his = self._los, self._his
        start = bisect_left(his, lo - 1)
        stop = bisect_right(los, hi + 1)
        if start < stop:
            lo, hi = min(lo, los[start]), max(hi, his[stop - 1])
        los[start:stop] = [lo]
        his[start:stop] = [hi]

    def update(self, other: Iterable[tuple[int, int]]) -> None:
        """Add every range of ``other``."""
        for lo, hi in other:
            self.add_range(lo, hi)

    def remove_range(self, lo: int, hi: int) -> None:
        """Remove the numbers lo..hi, both included; those not held are no error."""
        _check_order(lo, hi)
        los, his = self._los, self._his
        start = bisect_left(his, lo)
        stop = bisect_right(los, hi)
        if start >= stop:
            return
        rest = [(los[start], lo - 1), (hi + 1, his[stop - 1])]
        kept = [(low, high) for low, high in rest if low <= high]
        los[start:stop] = [low for low, _ in kept]
        his[start:stop] = [high for _, high in kept]

    def __contains__(self, n: object) -> bool:
        """Whether the number ``n`` is held."""
        if not isinstance(n, int):
            return False
        if not self._his or n > self._his[-1]:
            return False
        position = bisect_left(self._his, n)
        return position < len(self._los) and self._los[position] <= n

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield the ranges as (lo, hi), ascending."""
        return zip(self._los, self._his, strict=True)

    def __len__(self) -> int:
        """Count the ranges, not the numbers in them."""
        return len(self._los)

    def __bool__(self) -> bool:
        """Whether any number is held."""
        return bool(self._los)

    def __eq__(self, other: object) -> bool:
        """Two sets are equal when they hold the same numbers."""
        if not isinstance(other, Ranges):
            return NotImplemented
        return self._los == other._los and self._his == other._his

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        """Show the ranges as they stand in a message."""
        return f"Ranges({list(self)})"

    @property
    def first(self) -> int | None:
        """The lowest number held."""
        return self._los[0] if self._los else None

    @property
    def last(self) -> int | None:
        """The highest number held."""
        return self._his[-1] if self._his else None

    def count(self) -> int:
        """Count the numbers held."""
        return sum(self._his) - sum(self._los) + len(self._los)

    def missing(self, lo: int, hi: int) -> "Ranges":
        """Return the numbers of lo..hi that are not held; none when lo > hi."""
        absent = Ranges()
        for low, high in self.within(lo, hi):
            if lo < low:
                absent.add_range(lo, low - 1)
            lo = high + 1
        if lo <= hi:
            absent.add_range(lo, hi)
        return absent

    def intersection(self, other: "Ranges") -> "Ranges":
        """Return the numbers held by both."""
        few, many = sorted((self, other), key=len)
        return Ranges(part for lo, hi in few for part in many.within(lo, hi))

    def difference(self, other: "Ranges") -> "Ranges":
        """Return the numbers held here and not by ``other``."""
        rest = self.copy()
        for lo, hi in other:
            rest.remove_range(lo, hi)
        return rest

    def union(self, other: "Ranges") -> "Ranges":
        """Return the numbers held by either."""
        both = self.copy()
        both.update(other)
        return both

    def copy(self) -> "Ranges":
        """Return an independent copy."""
        twin = Ranges()
        twin._los, twin._his = self._los.copy(), self._his.copy()
        return twin

    def to_lists(self) -> list[list[int]]:
        """Return the ranges as they stand in a message."""
        return [[lo, hi] for lo, hi in zip(self._los, self._his, strict=True)]

    def around(self, n: int) -> tuple[int, int]:
        """Return the range that holds ``n``; KeyError when none does."""
        position = bisect_left(self._his, n)
        if position == len(self._los) or self._los[position] > n:
            raise KeyError(n)
        return self._los[position], self._his[position]

    def within(self, lo: int, hi: int) -> Iterator[tuple[int, int]]:
        """Yield what is held of lo..hi, clipped to it."""
        start = bisect_left(self._his, lo)
        stop = bisect_right(self._los, hi)
        for position in range(start, stop):
            yield max(lo, self._los[position]), min(hi, self._his[position])


def _check_order(lo: int, hi: int) -> None:
    if lo > hi:
        message = f"range [{lo}, {hi}] runs backwards"
        raise ValueError(message)


def _parse_pair(pair: object, position: int) -> tuple[int, int]:
    if not isinstance(pair, list) or [type(n) for n in pair] != [int, int]:
        message = f"range {position} is not two integers [lo, hi]"
        raise ValueError(message)
    lo, hi = pair
    if not 1 <= lo <= hi <= LARGEST:
        message = f"range {position} [{lo}, {hi}] is not within 1 <= lo <= hi < 2^63"
        raise ValueError(message)
    return lo, hi
