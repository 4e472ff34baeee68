"""What every part of the operational database starts from."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from sqlalchemy import Engine

_CHUNK = 500
"""Values bound to one statement at most; SQLite takes 32,766."""

Value = TypeVar("Value", str, bytes)


class Repository:
    """Holds the way to write (one at a time) and the way to read (beside a writer)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reading=True)


def chunks(values: Iterable[Value]) -> Iterator[list[Value]]:
    """Yield each value once, as many at a time as one statement is given."""
    some = sorted(set(values))
    for start in range(0, len(some), _CHUNK):
        yield some[start : start + _CHUNK]
