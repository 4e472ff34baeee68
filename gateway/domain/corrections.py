"""What somebody wants corrected in stored readings, and why it cannot be done."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_READINGS = 10_000
"""Corrected at once: 28 hours of a meter that speaks every 10 s."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which readings: all that is given must fit; times in ms, ``since <= ts < until``.

    Stream and seq come together. Of ``several`` readings, those that have a value of the field.
    """

    station_id: str
    domain: str
    field: str
    device: str | None = None
    since: int | None = None
    until: int | None = None
    stream: str | None = None
    seq: int | None = None
    index: int | None = None
    several: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """One correction as it is asked for; ``value`` None takes the values away."""

    wanted: Wanted
    value: object
    by: str
    reason: str


class NoReadingError(LookupError):
    """There is no such reading, or nothing in it to correct; the text says which."""


class TooManyError(LookupError):
    """More readings than `MOST_READINGS` are meant."""


class AmbiguousError(LookupError):
    """Several readings fit where one is meant; ``identities`` are (stream, seq, index) of some."""

    def __init__(self, identities: Sequence[tuple[str | None, int | None, int]]) -> None:
        super().__init__("several readings fit")
        self.identities = identities
