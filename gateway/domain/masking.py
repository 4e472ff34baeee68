"""What quarantine may show of a reading: never what nobody may keep.

A field that the contract does not know may hold a name, a face or a telephone number, and so may a known
one that was filled wrongly. What is needed to see the fault stays: the names of fields, numbers of known
ones, words of known lists.
"""

import re
from collections.abc import Iterable
from functools import cache

from wire.measures import EVENT_FIELDS, EVENTS, MEASURES, QUALITIES, EventField, Measure
from wire.topics import DEVICE_PATTERN

MASK = "(masked)"
_SHORT_NUMBER = re.compile(r"[-+.0-9eE]{1,8}")
"""A number sent as text shows the fault and is too short for a telephone number."""


def shown_value(domain: str, field: str, value: object) -> object:
    """Return the value of one field as it may be kept; numbers, known words and ids stay."""
    texts = _texts(domain).get(field)
    if texts is None or _is_too_wide(domain, field, value):
        return MASK
    return _shown(texts, value)


def _shown(texts: re.Pattern[str], value: object) -> object:
    if isinstance(value, str):
        return value if texts.fullmatch(value) or _SHORT_NUMBER.fullmatch(value) else MASK
    if isinstance(value, list):
        return [_shown(texts, item) for item in value]
    return value if value is None or isinstance(value, int | float) else MASK


def _is_too_wide(domain: str, field: str, value: object) -> bool:
    """Whether a number is beyond the hard range of an event's field: somebody's card, perhaps."""
    row = next((row for row in EVENT_FIELDS[domain] if row.name == field), None)
    return row is not None and row.high is not None and isinstance(value, int | float) and value > row.high


@cache
def _texts(domain: str) -> dict[str, re.Pattern[str]]:
    """Return for each known field of a domain the texts that may be shown."""
    rows: list[Measure | EventField] = [*MEASURES[domain].values(), *EVENT_FIELDS[domain]]
    texts = {row.name: row.pattern or _any_of(row.values) for row in rows}
    texts |= {"device": DEVICE_PATTERN, "ts": "", "epoch": ""}
    texts |= {"quality": _any_of(QUALITIES), "event": _any_of(EVENTS[domain])}
    return {name: re.compile(pattern) for name, pattern in texts.items()}


def _any_of(values: Iterable[str]) -> str:
    return "|".join(map(re.escape, values))
