"""What quarantine holds, as values."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from wire.codec import Reason


@dataclass(frozen=True, slots=True)
class QuarantineLimits:
    """How much is kept; ``entry_bytes`` is what is kept of one payload."""

    rows: int = 100_000
    payload_bytes: int = 256 * 1024 * 1024
    rows_per_station: int = 1_000
    entry_bytes: int = 16 * 1024


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A frame held whole (``domain`` None) or one of its readings; ``payload`` masked by the caller.

    ``stream`` and ``seq`` are None where they could not be read.
    """

    station_id: str | None
    region: str | None
    topic: str
    reason: str
    detail: str
    payload: bytes
    stream: str | None = None
    seq: int | None = None
    domain: str | None = None
    index: int | None = None

    @property
    def is_named(self) -> bool:
        """Whether the identity of its frame could be read."""
        return self.stream is not None and self.seq is not None

    @property
    def is_nameless(self) -> bool:
        """Whether it is a whole frame whose identity could not be read, and will not be.

        One of an unknown version is nobody's yet: it comes again, and counts when it is understood.
        """
        return self.domain is None and not self.is_named and self.reason != Reason.UNKNOWN_VERSION


class Nameless(NamedTuple):
    """Frames held whole whose identity could not be read, by station: distinct ones, and further copies."""

    distinct: Counter[str]
    copies: Counter[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One quarantined thing as kept; ``cut`` when not all of its bytes are, ``replayed`` ms or None."""

    id: str
    received: int
    repeated: int
    item: Quarantined
    cut: bool
    count: int
    replayed: int | None


def digest(item: Quarantined) -> bytes:
    """Return what tells one rejected thing from another, so that the same again only counts.

    A frame sent again differs in `sent`, so where there is an identity that decides, else the bytes do.
    """
    identity: object = (item.stream, item.seq, item.domain, item.index)
    if not item.is_named:
        identity = (hashlib.sha256(item.payload).hexdigest(), item.domain, item.index)
    return hashlib.sha256(repr((item.station_id, item.reason, identity)).encode()).digest()


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a replay: taken, or why not (the words of quarantine)."""

    taken: bool
    reason: str | None = None
    detail: str | None = None
