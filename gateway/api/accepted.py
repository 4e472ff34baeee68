"""Which of the formats of a report a client would rather have, by its header `Accept`."""

import re
from collections.abc import Iterator

from gateway.api.report_files import MEDIA_TYPES

_WEIGHT = re.compile(r";\s*q\s*=\s*([01](?:\.\d*)?)\s*(?:;|$)")
Wish = tuple[str, float]
"""A range of media types and how much it is wanted, 0 to 1."""


def preferred(accept: str) -> str | None:
    """Return the format wanted most, of equals the first named; JSON where any will do, None where none."""
    wishes = [*_wishes(accept or "*/*")]
    wanted = max(MEDIA_TYPES.values(), key=lambda media_type: _rank(media_type, wishes))
    return wanted if _rank(wanted, wishes)[0] else None


def _rank(media_type: str, wishes: list[Wish]) -> tuple[float, int]:
    """Return how much a format is wanted, by the narrowest range it is in, and how early that is named."""
    wide = media_type.partition("/")[0]
    for named in (media_type, f"{wide}/*", "*/*"):
        for place, (media_range, weight) in enumerate(wishes):
            if media_range == named:
                return weight, -place
    return 0.0, 0


def _wishes(accept: str) -> Iterator[Wish]:
    for wish in accept.lower().split(","):
        found = _WEIGHT.search(wish)
        yield wish.partition(";")[0].strip(), 1.0 if found is None else float(found[1])
