"""Whether stations are there, by contract section 5: from frames, births and wills alone.

Silence is measured on a clock that stands still while the gateway was blind, and for a minute afterwards.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from gateway.alerting.detection.rows import Ints, ordered_by
from gateway.domain.fleet import BLIND_MS, LATE_MS, ONLINE_MS, StationState

NEVER = np.iinfo(np.int64).min
_STATES = (StationState.UNKNOWN, StationState.ONLINE, StationState.LATE, StationState.OFFLINE)
_UNKNOWN, _ONLINE, _LATE, _OFFLINE = range(4)


class StateChange(NamedTuple):
    """A station's state from a time on (ms)."""

    at: int
    station: int
    state: str


class Sight:
    """A clock that stands still while nothing can be heard."""

    def __init__(self) -> None:
        self._blind_from: int | None = None
        self._blind_until: int | None = None
        self._lost = 0

    def lose(self, at: int) -> None:
        """Note that nothing is heard from a time on."""
        self.pass_to(at)
        self._blind_from = at if self._blind_from is None else self._blind_from
        self._blind_until = None

    def regain(self, at: int) -> None:
        """Note that stations can be heard again, and will be within a minute."""
        if self._blind_from is not None:
            self._blind_until = at + BLIND_MS

    def pass_to(self, now: int) -> None:
        """Let time pass: a blind spell that is over becomes time lost."""
        if self._blind_from is not None and self._blind_until is not None and now >= self._blind_until:
            self._lost += self._blind_until - self._blind_from
            self._blind_from = self._blind_until = None

    def seen(self, at: int) -> int:
        """Return the time of this clock."""
        return (at if self._blind_from is None else min(at, self._blind_from)) - self._lost

    def real(self, seen: int) -> int:
        """Return when this clock shows a time, unless it stands still before."""
        return seen + self._lost

    def save(self) -> tuple[int | None, int | None, int]:
        """Return everything as plain data."""
        return self._blind_from, self._blind_until, self._lost

    def restore(self, saved: tuple[int | None, int | None, int]) -> None:
        """Take up what `save` returned."""
        self._blind_from, self._blind_until, self._lost = saved


class Links:
    """The state of every station by its number."""

    def __init__(self) -> None:
        self.sight = Sight()
        self._heard: Ints = np.empty(0, np.int64)
        self._state: Ints = np.empty(0, np.int64)

    def grow(self, size: int) -> None:
        """Make room for stations."""
        missing = size - len(self._heard)
        if missing > 0:
            more = max(missing, len(self._heard) // 4)  # a country is born one by one
            self._heard = np.concatenate([self._heard, np.full(more, NEVER)])
            self._state = np.concatenate([self._state, np.full(more, _UNKNOWN)])

    def hear(self, stations: Ints, at: Ints) -> Iterator[StateChange]:
        """Take what was received, in order; yields the changes that it and the silence before it made."""
        order = ordered_by(stations)
        told, times = stations[order], at[order]
        previous = np.empty_like(times)
        previous[1:] = times[:-1]
        begins = np.diff(told, prepend=-1) != 0
        previous[begins] = self._heard[told[begins]]
        news = (self._state[told] != _ONLINE) | (times - np.maximum(previous, 0) > ONLINE_MS)
        for place in np.flatnonzero(news).tolist():
            station = int(told[place])
            if previous[place] != NEVER:
                self._heard[station] = previous[place]
                yield from self._fall_silent(station, int(times[place]))
            if self._state[station] != _ONLINE:
                yield self._becomes(station, _ONLINE, int(times[place]))
        np.maximum.at(self._heard, told, times)

    def lose(self, station: int, at: int) -> Iterator[StateChange]:
        """Take a last will or a clean stop."""
        if self._state[station] != _OFFLINE:
            yield self._becomes(station, _OFFLINE, at)

    def leave(self, station: int, at: int) -> Iterator[StateChange]:
        """Take that a station is another gateway's from now on: its silence says nothing."""
        if self._state[station] != _UNKNOWN:
            yield self._becomes(station, _UNKNOWN, at)

    def expect(self, station: int, at: int) -> Iterator[StateChange]:
        """Take that a station is ours again: it has as long as any other until its silence counts."""
        if self._state[station] == _UNKNOWN and self._heard[station] != NEVER:
            self._heard[station] = at
            yield self._becomes(station, _LATE, at)

    def fall_silent(self, now: int) -> Iterator[StateChange]:
        """Yield what silence changes until ``now``."""
        self.sight.pass_to(now)
        limit = self.sight.seen(now) - ONLINE_MS
        waiting = (self._state == _ONLINE) | (self._state == _LATE)
        for station in np.flatnonzero(waiting & (self._heard <= limit)).tolist():
            yield from self._fall_silent(station, now)

    def state(self, station: int) -> str:
        """Return a station's state as of now."""
        return _STATES[self._state[station]]

    def _fall_silent(self, station: int, now: int) -> Iterator[StateChange]:
        since = self.sight.seen(int(self._heard[station]))
        for state, after in ((_LATE, ONLINE_MS), (_OFFLINE, LATE_MS)):
            if _ONLINE <= self._state[station] < state and self.sight.seen(now) - since > after:
                yield self._becomes(station, state, self.sight.real(since + after) + 1)

    def _becomes(self, station: int, state: int, at: int) -> StateChange:
        self._state[station] = state
        return StateChange(at, station, _STATES[state])

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"heard": self._heard, "state": self._state, "sight": self.sight.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up what `save` returned."""
        self._heard, self._state = saved["heard"], saved["state"]
        self.sight.restore(saved["sight"])


def in_order(changes: Iterable[StateChange]) -> list[StateChange]:
    """Return changes by time."""
    return sorted(changes)
