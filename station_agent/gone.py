"""Numbers of frames that policy dropped before they were acknowledged, until the gateway was told."""

import sqlite3
from collections.abc import Iterator

from wire.ranges import Ranges


def add(sql: sqlite3.Connection, dropped: Ranges) -> None:
    """Note dropped frames by their ``n``; ranges that touch become one."""
    for lo, hi in dropped:
        near = _take(sql, lo - 1, hi + 1)
        near.add_range(lo, hi)
        _put(sql, near)


def remove(sql: sqlite3.Connection, told: Ranges) -> None:
    """Forget numbers the gateway knows to be gone."""
    for lo, hi in told:
        near = _take(sql, lo, hi)
        near.remove_range(lo, hi)
        _put(sql, near)


def within(sql: sqlite3.Connection, lo: int, hi: int) -> Iterator[tuple[int, int]]:
    """Yield what is gone of lo..hi, ascending and clipped to it."""
    for low, high in sql.execute("SELECT lo, hi FROM gone WHERE hi >= ? ORDER BY hi", (lo,)):
        if low > hi:
            return
        yield max(low, lo), min(high, hi)


def _take(sql: sqlite3.Connection, lo: int, hi: int) -> Ranges:
    near = Ranges()
    for low, high in sql.execute("SELECT lo, hi FROM gone WHERE hi >= ? ORDER BY hi", (lo,)):
        if low > hi:
            break
        near.add_range(low, high)
    sql.executemany("DELETE FROM gone WHERE hi = ?", ((high,) for _, high in near))
    return near


def _put(sql: sqlite3.Connection, ranges: Ranges) -> None:
    sql.executemany("INSERT INTO gone (lo, hi) VALUES (?, ?)", list(ranges))
