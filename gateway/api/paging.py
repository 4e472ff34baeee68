"""Pages of lists of which one who asks sees only a part."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Identified)


def visible_page(
    fetch: Callable[[int, str | None], Sequence[T]],
    sees: Callable[[T], bool],
    limit: int,
    before: str | None,
) -> tuple[list[T], str | None]:
    """Return at most ``limit`` entries this one sees, and the id to go on from, if there are more.

    ``fetch`` gives so many entries that come after the one of an id.
    """
    found: list[T] = []
    while len(found) <= limit:
        batch = fetch(limit + 1, before)
        found += filter(sees, batch)
        if len(batch) <= limit:
            break
        before = batch[-1].id
    return found[:limit], found[limit - 1].id if len(found) > limit else None
