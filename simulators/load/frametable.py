"""The state of every frame of a fleet: a ring of numbers for each station, in a few arrays."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

NEVER, WAITING, LIVE, BACKLOG, SETTLED, PARKED = range(6)
"""Not made yet, waiting for `backlog`, out on `telemetry`, out on `backlog`, acknowledged, sent too often."""

MAX_FRAMES = 4_000_000
"""Frames held for all stations together: 72 MB."""

_ASKED_AGAIN = -1
Numbers = NDArray[np.int64]
Kept = TypeVar("Kept", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames to encode: station numbers, sequence numbers and each station's ``oldest``."""

    stations: Numbers
    seqs: Numbers
    oldest: Numbers


class FrameTable:
    """Frames by station and number. Times are those of transmission; no two frames share one."""

    def __init__(self, stations: int, rounds: int) -> None:
        self.rounds = max(2, min(rounds, MAX_FRAMES // stations))
        shape = (stations, self.rounds)
        # Filled, not np.zeros: pages that are first touched while sending cost half as much as encoding.
        self._state = np.full(shape, NEVER, np.uint8)
        self._first = np.full(shape, 0, np.int64)
        self._last = np.full(shape, 0, np.int64)
        self._sendings = np.full(shape, 0, np.uint8)

    def wait_from_start(self, how_many: int) -> None:
        """Let the first ``how_many`` frames of every station wait.

        Raises:
            ValueError: the ring does not hold so many.
        """
        if how_many > self.rounds:
            stations = len(self._state)
            raise ValueError(f"{stations} stations hold at most {self.rounds} frames each, not {how_many}")
        self._state[:, :how_many] = WAITING

    def renew(self, stations: Numbers, seqs: Numbers) -> None:
        """Begin frames that are not sent yet, in slots that may have held older ones."""
        slots = (seqs - 1) % self.rounds
        self._first[stations, slots] = 0
        self._sendings[stations, slots] = 0
        self._state[stations, slots] = WAITING

    def send_new(self, stations: Numbers, seqs: Numbers, stamps: Numbers) -> None:
        """Note the first transmission of fresh frames."""
        slots = (seqs - 1) % self.rounds
        self._state[stations, slots] = LIVE
        self._first[stations, slots] = stamps
        self._last[stations, slots] = stamps
        self._sendings[stations, slots] = 1

    def send_waiting(self, stations: Numbers, seqs: Numbers, stamps: Numbers) -> int:
        """Note a transmission on `backlog`; how many of the frames had never been sent."""
        slots = (seqs - 1) % self.rounds
        self._state[stations, slots] = BACKLOG
        self._last[stations, slots] = stamps
        self._sendings[stations, slots] += 1
        fresh = self._first[stations, slots] == 0
        self._first[stations[fresh], slots[fresh]] = stamps[fresh]
        return int(np.count_nonzero(fresh))

    def state(self, station: int, seq: int) -> int:
        """The state of one frame."""
        return self._state.item(station, (seq - 1) % self.rounds)

    def set_state(self, station: int, seq: int, state: int) -> None:
        """Change the state of one frame."""
        self._state[station, (seq - 1) % self.rounds] = state

    def ask_again(self, station: int, seq: int) -> None:
        """Let a settled frame wait; its age at the next acknowledgement says nothing any more."""
        self.set_state(station, seq, WAITING)
        self._first[station, (seq - 1) % self.rounds] = _ASKED_AGAIN

    def first_sent(self, station: int, seq: int) -> int | None:
        """When a frame was sent first; None when that says nothing about its acknowledgement."""
        stamp = self._first.item(station, (seq - 1) % self.rounds)
        return stamp if stamp > 0 else None

    def sendings(self, station: int, seq: int) -> int:
        """How often a frame was sent."""
        return self._sendings.item(station, (seq - 1) % self.rounds)

    def states(self, station: int, low: int, top: int) -> NDArray[np.uint8]:
        """The states of frames ``low`` … ``top``, in order."""
        return self._window(self._state[station], low, top)

    def last_sent(self, station: int, low: int, top: int) -> Numbers:
        """The newest transmissions of frames ``low`` … ``top``, in order; 0 for none."""
        return self._window(self._last[station], low, top)

    def _window(self, row: NDArray[Kept], low: int, top: int) -> NDArray[Kept]:
        if low > top:
            return row[:0]
        start, stop = (low - 1) % self.rounds, (top - 1) % self.rounds + 1
        return row[start:stop] if start < stop else np.concatenate((row[start:], row[:stop]))


def is_out(states: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which frames are out on either lane."""
    out: NDArray[np.bool_] = (states == LIVE) | (states == BACKLOG)
    return out
