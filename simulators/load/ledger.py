"""What a fleet has sent, what is settled and what goes out next: contract section 4, many stations at once.

Pure: no socket, no clock, no bytes. Times are microseconds since the start of the run; a frame's transmission
time is also its place in the order of transmissions, so no two are equal.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from simulators.load.frametable import (
    BACKLOG,
    LIVE,
    MAX_FRAMES,
    NEVER,
    PARKED,
    SETTLED,
    WAITING,
    Batch,
    FrameTable,
    is_out,
)

SECOND = 1_000_000
FIRST_CREDIT = 16
BACKLOG_INTERVAL = SECOND // 20
OVERTAKEN_BY = 3
MAX_SENDINGS = 8
PATIENCE = 30 * SECOND
MAX_PATIENCE = 300 * SECOND

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Ranges = Iterable[tuple[int, int]]


class Ledger:
    """The frames of ``stations`` streams, of which ``backlog`` frames each wait from the start."""

    def __init__(self, stations: int, *, backlog: int = 0, frames: int | None = None, seed: int = 0) -> None:
        """``frames`` are all that will ever be made, if known: that many are held, else ``MAX_FRAMES``."""
        self._table = FrameTable(stations, -(-(frames or MAX_FRAMES) // stations))
        self._table.wait_from_start(backlog)
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
        free = int(self.low.min()) + self._table.rounds - 1 - self._backlog
        return free * len(self.low) - self.generated

    def generate(self, how_many: int, now: int, connected: Mask) -> Batch:
        """Make the next frames, station after station; those of stations without a link wait."""
        turn = self.generated + np.arange(how_many)
        stations = turn % len(self.low)
        seqs = turn // len(self.low) + 1 + self._backlog
        self.generated += how_many
        np.maximum.at(self.top, stations, seqs)
        able = connected[stations]
        if not able.all():
            self._table.renew(stations[~able], seqs[~able])
            np.add.at(self._waiting, stations[~able], 1)
            stations, seqs = stations[able], seqs[able]
        self._table.send_new(stations, seqs, self._stamps(len(stations), now))
        self.sent += len(stations)
        return Batch(stations, seqs, self.low[stations])

    def _stamps(self, how_many: int, now: int) -> Numbers:
        first = max(now, self._stamp + 1)
        self._stamp = first + how_many - 1
        return first + np.arange(how_many)

    def due_backlog(self, now: int, connected: Mask) -> Batch:
        """The waiting frames that credit and the 20 a second of each station allow now, lowest first."""
        able = (self._waiting > 0) & (self._out < self._credit) & (self._ready_at <= now) & connected
        stations = np.flatnonzero(able)
        seqs = np.array([self._lowest_waiting(one) for one in stations.tolist()], np.int64)
        self._waiting[stations] -= 1
        self._out[stations] += 1
        floor = now - BACKLOG_INTERVAL
        self._ready_at[stations] = np.maximum(self._ready_at[stations], floor) + BACKLOG_INTERVAL
        return self._send_waiting(stations, seqs, now)

    def _send_waiting(self, stations: Numbers, seqs: Numbers, now: int) -> Batch:
        fresh = self._table.send_waiting(stations, seqs, self._stamps(len(stations), now))
        self.sent += fresh
        self.resent += len(stations) - fresh
        return Batch(stations, seqs, self.low[stations])

    def _lowest_waiting(self, station: int) -> int:
        return self.low.item(station) + int((self._states(station) == WAITING).argmax())

    def overdue(self, now: int, connected: Mask) -> Batch:
        """The oldest frame of every station whose gateway has been silent for too long, credit or not."""
        silent = np.flatnonzero(connected & (self.low <= self.top) & (self._probe_at <= now))
        found = [(one, seq) for one in silent.tolist() if (seq := self._oldest_out(one, now))]
        stations = np.array([station for station, _ in found], np.int64)
        seqs = np.array([seq for _, seq in found], np.int64)
        ceiling = np.minimum(self._patience[stations] * 2, MAX_PATIENCE)
        self._patience[stations] = ceiling
        self._probe_at[stations] = now + (ceiling * self._chance.random(len(stations))).astype(np.int64)
        return self._send_waiting(stations, seqs, now)

    def _oldest_out(self, station: int, now: int) -> int:
        """The lowest number that has been out for the time of section 4, counted to `backlog`; else 0."""
        states = self._states(station)
        out = is_out(states) & (now - self._last_sent(station) >= PATIENCE)
        if not out.any():
            return 0
        place = int(out.argmax())
        self._out[station] += int(states[place] == LIVE)
        return self.low.item(station) + place

    def settle(self, station: int, ranges: Ranges, credit: int, now: int) -> list[int]:
        """Take an acknowledgement; the times from first sending to now of the live frames it settles."""
        before = self.settled
        delays = [
            now - sent
            for seq in self._unsettled(station, ranges)
            if (sent := self._settle_one(station, seq)) is not None
        ]
        self._credit[station] = credit
        if self.settled > before or credit > 0:
            self._patience[station] = PATIENCE
        self._probe_at[station] = now + self._patience.item(station)
        self._advance(station)
        if self._highest.item(station) > self.low.item(station):
            self._release_overtaken(station)
        return delays

    def _unsettled(self, station: int, ranges: Ranges) -> Iterator[int]:
        low, top = self.low.item(station), self.top.item(station)
        for first, last in ranges:
            for seq in range(max(first, low), min(last, top) + 1):
                if self._table.state(station, seq) not in {SETTLED, NEVER}:
                    yield seq

    def _settle_one(self, station: int, seq: int) -> int | None:
        """Settle a frame; when it was sent first, if it is a live one."""
        self._leave(station, seq)
        self._table.set_state(station, seq, SETTLED)
        self.settled += 1
        if seq > self._highest.item(station):
            self._highest[station] = seq
        if seq > self._backlog:
            return self._table.first_sent(station, seq)
        self.backlog_left -= 1
        return None

    def _leave(self, station: int, seq: int) -> None:
        """Take a frame out of the count of its state."""
        state = self._table.state(station, seq)
        if state == WAITING:
            self._waiting[station] -= 1
        elif state == BACKLOG:
            self._out[station] -= 1
        elif state == PARKED:
            self.parked -= 1

    def _advance(self, station: int) -> None:
        low, top = self.low.item(station), self.top.item(station)
        while low <= top and self._table.state(station, low) == SETTLED:
            low += 1
        self.low[station] = low

    def _release_overtaken(self, station: int) -> None:
        """Let frames wait again that three later transmissions overtook; park what was sent too often."""
        states, sent = self._states(station), self._last_sent(station)
        out = np.flatnonzero(is_out(states))
        if not len(out):
            return
        later = sent[(states == SETTLED) & (sent > sent[out].min())]
        if len(later) < OVERTAKEN_BY:
            return
        limit = np.partition(later, -OVERTAKEN_BY)[-OVERTAKEN_BY]
        for place in out[sent[out] < limit].tolist():
            self._release(station, self.low.item(station) + place)

    def _release(self, station: int, seq: int) -> None:
        self._leave(station, seq)
        if self._table.sendings(station, seq) >= MAX_SENDINGS:
            self._table.set_state(station, seq, PARKED)
            self.parked += 1
        else:
            self._table.set_state(station, seq, WAITING)
            self._waiting[station] += 1

    def held(self, station: int) -> tuple[int, int, int] | None:
        """``oldest``, the lowest number still held and the last one of a stream that has begun."""
        top = self.top.item(station)
        return (self.low.item(station), self._floor(station), top) if top else None

    def _floor(self, station: int) -> int:
        return max(1, self.top.item(station) - self._table.rounds + 1)

    def ask_again(self, station: int, ranges: Ranges) -> list[tuple[int, int]]:
        """Count settled frames as unacknowledged again; the ranges of those that are not held any more."""
        top, floor = self.top.item(station), self._floor(station)
        for first, last in ranges:
            for seq in range(max(first, floor), min(last, top) + 1):
                if self._table.state(station, seq) == SETTLED:
                    self._ask_one_again(station, seq)
        return [(first, min(last, floor - 1)) for first, last in ranges if first < floor]

    def _ask_one_again(self, station: int, seq: int) -> None:
        self._table.ask_again(station, seq)
        self._waiting[station] += 1
        self.settled -= 1
        self.backlog_left += int(seq <= self._backlog)
        self.low[station] = min(self.low.item(station), seq)

    def disconnect(self, stations: Numbers) -> None:
        """Count nothing of these stations as out any more: whatever was, waits."""
        for station in stations.tolist():
            for place in np.flatnonzero(is_out(self._states(station))).tolist():
                self._table.set_state(station, self.low.item(station) + place, WAITING)
                self._waiting[station] += 1
        self._out[stations] = 0
        self._credit[stations] = FIRST_CREDIT

    def _states(self, station: int) -> NDArray[np.uint8]:
        return self._table.states(station, self.low.item(station), self.top.item(station))

    def _last_sent(self, station: int) -> Numbers:
        return self._table.last_sent(station, self.low.item(station), self.top.item(station))
