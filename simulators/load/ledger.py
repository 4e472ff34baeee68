"""What a fleet has sent, what is settled and what goes out next: contract section 4 for thousands of stations.

Pure: no socket, no clock, no bytes. Stations and frames are rows and columns of a few arrays. Times are
microseconds since the start of the run; a frame's transmission time is also its place in the order of
transmissions, so no two are equal.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

NEVER, WAITING, LIVE, BACKLOG, SETTLED, PARKED = range(6)
"""States of a frame: not made yet, waiting for `backlog`, out on `telemetry`, out on `backlog` …"""

SECOND = 1_000_000
FIRST_CREDIT = 16
BACKLOG_INTERVAL = SECOND // 20
OVERTAKEN_BY = 3
MAX_SENDINGS = 8
PATIENCE = 30 * SECOND
MAX_PATIENCE = 300 * SECOND
MAX_FRAMES = 4_000_000
"""Frames held for all stations together: at most 72 MB."""

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Kept = TypeVar("Kept", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames to encode: station numbers, sequence numbers and each station's ``oldest``."""

    stations: Numbers
    seqs: Numbers
    oldest: Numbers


class Ledger:
    """The state of every frame of ``stations`` streams of which ``backlog`` frames wait from the start."""

    def __init__(self, stations: int, *, backlog: int = 0, frames: int | None = None, seed: int = 0) -> None:
        wanted = MAX_FRAMES // stations if frames is None else -(-frames // stations)
        self.rounds = max(2, min(wanted, MAX_FRAMES // stations))
        if backlog > self.rounds:
            raise ValueError(f"{stations} stations hold at most {self.rounds} frames each, not {backlog}")
        shape = (stations, self.rounds)
        self._state = np.zeros(shape, np.uint8)
        self._first = np.zeros(shape, np.int64)
        self._last = np.zeros(shape, np.int64)
        self._sendings = np.zeros(shape, np.uint8)
        self._state[:, :backlog] = WAITING
        self.low = np.ones(stations, np.int64)
        self.top = np.full(stations, backlog, np.int64)
        self._highest = np.zeros(stations, np.int64)
        self._waiting = np.full(stations, backlog, np.int64)
        self._out = np.zeros(stations, np.int64)
        self._credit = np.full(stations, FIRST_CREDIT, np.int64)
        self._ready_at = np.zeros(stations, np.int64)
        self._probe_at = np.full(stations, PATIENCE, np.int64)
        self._patience = np.full(stations, PATIENCE, np.int64)
        self._chance = np.random.default_rng(seed)
        self._backlog = backlog
        self._stamp = 0
        self.generated = self.sent = self.settled = self.resent = self.parked = 0
        self.backlog_left = stations * backlog

    @property
    def made(self) -> int:
        """Frames that exist: those waiting from the start and those generated since."""
        return self.generated + len(self.low) * self._backlog

    @property
    def waiting(self) -> bool:
        """Whether any frame waits for `backlog`."""
        return bool(self._waiting.any())

    def room(self) -> int:
        """How many more frames can be generated before the oldest unsettled one would be overwritten."""
        stations = len(self.low)
        free = int(self.low.min()) + self.rounds - 1 - self._backlog
        return free * stations - self.generated

    def generate(self, how_many: int, now: int, connected: Mask) -> Batch:
        """Make the next frames, station after station; those of stations without a link wait."""
        turn = self.generated + np.arange(how_many)
        stations = turn % len(self.low)
        seqs = turn // len(self.low) + 1 + self._backlog
        self.generated += how_many
        np.maximum.at(self.top, stations, seqs)
        self._place(stations, seqs, NEVER)
        waits = ~connected[stations]
        self._mark_waiting(stations[waits], seqs[waits])
        return self._transmit(stations[~waits], seqs[~waits], LIVE, now)

    def _place(self, stations: Numbers, seqs: Numbers, state: int) -> None:
        slots = (seqs - 1) % self.rounds
        self._state[stations, slots] = state
        self._first[stations, slots] = 0
        self._sendings[stations, slots] = 0

    def _mark_waiting(self, stations: Numbers, seqs: Numbers) -> None:
        self._state[stations, (seqs - 1) % self.rounds] = WAITING
        np.add.at(self._waiting, stations, 1)

    def _transmit(self, stations: Numbers, seqs: Numbers, lane: int, now: int) -> Batch:
        slots = (seqs - 1) % self.rounds
        stamps = max(now, self._stamp + 1) + np.arange(len(stations))
        self._stamp = int(stamps[-1]) if len(stamps) else self._stamp
        self._state[stations, slots] = lane
        self._last[stations, slots] = stamps
        fresh = self._first[stations, slots] == 0
        self._first[stations[fresh], slots[fresh]] = stamps[fresh]
        self._sendings[stations, slots] += 1
        self.sent += int(np.count_nonzero(fresh))
        self.resent += int(np.count_nonzero(~fresh))
        return Batch(stations, seqs, self.low[stations])

    def due_backlog(self, now: int, connected: Mask) -> Batch:
        """The waiting frames that credit and the 20 a second of each station allow now, lowest first."""
        able = (self._waiting > 0) & (self._out < self._credit) & (self._ready_at <= now) & connected
        stations = np.flatnonzero(able)
        seqs = np.array([self._lowest(int(one), WAITING) for one in stations], np.int64)
        self._waiting[stations] -= 1
        self._out[stations] += 1
        floor = now - BACKLOG_INTERVAL
        self._ready_at[stations] = np.maximum(self._ready_at[stations], floor) + BACKLOG_INTERVAL
        return self._transmit(stations, seqs, BACKLOG, now)

    def overdue(self, now: int, connected: Mask) -> Batch:
        """The oldest frame of every station whose gateway has been silent for too long, credit or not."""
        silent = connected & (self.low <= self.top) & (self._probe_at <= now)
        stations, seqs = [], []
        for station in np.flatnonzero(silent).tolist():
            seq = self._oldest_out(station, now)
            if seq:
                stations.append(station)
                seqs.append(seq)
        chosen = np.array(stations, np.int64)
        self._back_off(chosen, now)
        return self._transmit(chosen, np.array(seqs, np.int64), BACKLOG, now)

    def _oldest_out(self, station: int, now: int) -> int:
        """The lowest number that has been out for the patience of section 4, moved to `backlog`; else 0."""
        window = self._window(self._state, station)
        sent = self._window(self._last, station)
        out = ((window == LIVE) | (window == BACKLOG)) & (now - sent >= PATIENCE)
        if not out.any():
            return 0
        place = int(out.argmax())
        if window[place] == LIVE:
            self._out[station] += 1
        return int(self.low[station]) + place

    def _back_off(self, stations: Numbers, now: int) -> None:
        ceiling = np.minimum(self._patience[stations] * 2, MAX_PATIENCE)
        self._patience[stations] = ceiling
        self._probe_at[stations] = now + (ceiling * self._chance.random(len(stations))).astype(np.int64)

    def settle(self, station: int, ranges: Iterable[tuple[int, int]], credit: int, now: int) -> list[int]:
        """Take an acknowledgement; the times from first sending to now of live frames it settles."""
        delays: list[int] = []
        before = self.settled
        low, top = int(self.low[station]), int(self.top[station])
        for first, last in ranges:
            for seq in range(max(first, low), min(last, top) + 1):
                self._settle_one(station, seq, now, delays)
        self._credit[station] = credit
        if self.settled > before or credit > 0:
            self._patience[station] = PATIENCE
        self._probe_at[station] = now + self._patience.item(station)
        self._advance(station)
        if self._highest[station] > self.low[station]:
            self._release_overtaken(station)
        return delays

    def _settle_one(self, station: int, seq: int, now: int, delays: list[int]) -> None:
        slot = (seq - 1) % self.rounds
        state = self._state.item(station, slot)
        if state in {SETTLED, NEVER}:
            return
        if state == WAITING:
            self._waiting[station] -= 1
        elif state == BACKLOG:
            self._out[station] -= 1
        elif state == PARKED:
            self.parked -= 1
        self._state[station, slot] = SETTLED
        self.settled += 1
        if seq > self._highest.item(station):
            self._highest[station] = seq
        if seq > self._backlog:
            delays.append(now - self._first.item(station, slot))
        else:
            self.backlog_left -= 1

    def _advance(self, station: int) -> None:
        low, top = self.low.item(station), self.top.item(station)
        while low <= top and self._state.item(station, (low - 1) % self.rounds) == SETTLED:
            low += 1
        self.low[station] = low

    def _release_overtaken(self, station: int) -> None:
        """Let frames wait again that three later transmissions overtook; park what was sent too often."""
        state = self._window(self._state, station)
        sent = self._window(self._last, station)
        settled = sent[(state == SETTLED) & (sent > 0)]
        if len(settled) < OVERTAKEN_BY:
            return
        limit = np.partition(settled, -OVERTAKEN_BY)[-OVERTAKEN_BY]
        overtaken = np.flatnonzero(((state == LIVE) | (state == BACKLOG)) & (sent < limit))
        for seq in (overtaken + self.low[station]).tolist():
            self._release(station, seq)

    def _release(self, station: int, seq: int) -> None:
        slot = (seq - 1) % self.rounds
        if self._state.item(station, slot) == BACKLOG:
            self._out[station] -= 1
        if self._sendings.item(station, slot) >= MAX_SENDINGS:
            self._state[station, slot] = PARKED
            self.parked += 1
            return
        self._state[station, slot] = WAITING
        self._waiting[station] += 1

    def ask_again(self, station: int, ranges: Iterable[tuple[int, int]]) -> None:
        """Count the frames in ``ranges`` as unacknowledged again: the gateway asks for them."""
        floor = max(1, self.top.item(station) - self.rounds + 1)
        for first, last in ranges:
            for seq in range(max(first, floor), min(last, self.top.item(station)) + 1):
                slot = (seq - 1) % self.rounds
                if self._state.item(station, slot) == SETTLED:
                    self._state[station, slot] = WAITING
                    self._waiting[station] += 1
                    self.settled -= 1
                    self.low[station] = min(self.low.item(station), seq)

    def disconnect(self, stations: Numbers) -> None:
        """Count nothing of these stations as out any more: whatever was, waits."""
        for station in stations.tolist():
            window = self._window(self._state, station)
            out = np.flatnonzero((window == LIVE) | (window == BACKLOG)) + self.low[station]
            self._mark_waiting(np.full(len(out), station), out)
        self._out[stations] = 0
        self._credit[stations] = FIRST_CREDIT

    def _lowest(self, station: int, state: int) -> int:
        return int(self.low[station]) + int((self._window(self._state, station) == state).argmax())

    def _window(self, table: NDArray[Kept], station: int) -> NDArray[Kept]:
        """The entries of ``low`` … ``top`` of a station, in order."""
        start, stop = (self.low.item(station) - 1) % self.rounds, self.top.item(station) % self.rounds
        if self.low.item(station) > self.top.item(station):
            return table[station, :0]
        row = table[station]
        return row[start:stop] if start < stop else np.concatenate((row[start:], row[:stop]))
