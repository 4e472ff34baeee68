"""Which time a reading is stored under, when clocks disagree."""

from dataclasses import dataclass

from wire.verdicts import Reason

SKEW_MS = 60_000
"""A ``sent`` further than this from the gateway's clock shows a wrong clock at the station."""

AHEAD_MS = 600_000
"""A reading cannot have been taken later than this after it was sent."""

YEAR_2020_MS = 1_577_836_800_000


@dataclass(frozen=True, slots=True)
class StampedTime:
    """The time to store, in milliseconds; ``own_ts`` is the station's own when it was replaced."""

    ts: int
    own_ts: int | None
    substituted: bool


def check_time(ts: int, sent: int, received: int, clock_unset: bool) -> StampedTime | Reason:  # noqa: FBT001 - as on the wire
    """Judge a reading's ``ts`` by the frame's ``sent`` and the gateway's clock, all in milliseconds.

    Under a wrong or unset clock the reading is moved by ``received - sent``. Nothing is stored in the
    future: what would be is stored as ``received``. Returns the reason when the time is impossible.
    """
    if ts - sent > AHEAD_MS:
        return Reason.TS_AHEAD
    wrong_clock = clock_unset or abs(sent - received) > SKEW_MS
    corrected = ts + received - sent if wrong_clock else ts
    stored = min(corrected, received)
    if stored < YEAR_2020_MS:
        return Reason.TS_TOO_OLD
    substituted = wrong_clock or stored != ts
    return StampedTime(stored, ts if substituted else None, substituted)
