"""What the engine says about alerts: who is meant, what was judged, what changed. Values only.

Times are integer milliseconds since the Unix epoch, UTC, on the gateway's clock.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ulid import ULID

Figure = float | str | None
"""A value that was judged, or the limit it was held against."""


class Key(NamedTuple):
    """What an alert is about; ``device`` is empty for a rule about the whole station."""

    rule: str
    station_id: str
    device: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one reading, or the passing of time, says about a rule at a device.

    ``level`` is an index into the rule's levels, None when all is normal. ``unknown`` neither opens nor
    closes anything; ``cleared`` says that the clear condition holds, and ``over`` that there is nothing to
    judge any more: what is open clears at once. A sample covers ``covers_ms`` from ``ts``.
    """

    key: Key
    ts: int
    received: int
    level: int | None
    covers_ms: int
    unknown: bool = False
    cleared: bool = False
    value: Figure = None
    limit: Figure = None
    late: bool = False
    incomplete: bool = False
    learned: Mapping[str, float] = field(default_factory=dict)
    over: bool = False


class Change(StrEnum):
    """What a transition does to an alert.

    Of an alert that was retrospective, a raise that is not says that live readings confirm it.
    """

    OPENED = "opened"
    RAISED = "raised"
    LOWERED = "lowered"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of one episode; ``opened`` says which episode, ``at`` when the change happened.

    The condition holds ``since`` before it opened: by as much as the rule wants it to last. ``severity`` is
    P1 to P4: the level the condition has now, or had last when it cleared.
    """

    key: Key
    change: Change
    severity: str
    opened: int
    at: int
    received: int
    value: Figure = None
    limit: Figure = None
    retrospective: bool = False
    incomplete: bool = False
    learned: Mapping[str, float] = field(default_factory=dict)
    since: int | None = None

    @property
    def identity(self) -> tuple[Key, int, Change, str, int]:
        """What makes it this transition and no other: applied twice, it changes nothing."""
        return self.key, self.opened, self.change, self.severity, self.at


def alert_id(key: Key, opened: int) -> str:
    """Return the ULID of an episode: the same whoever works it out, and however often."""
    told = f"{key.rule}|{key.station_id}|{key.device}|{opened}"
    chance = hashlib.sha256(told.encode()).digest()[:10]
    return str(ULID.from_bytes(opened.to_bytes(6, "big") + chance))
