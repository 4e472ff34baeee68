"""What to send next: lanes, credit, re-sending, parking and whom to obey (contract, section 4).

Pure: no socket, no clock, no database. Time is monotonic seconds and comes in as ``now``; frames are
read from a :class:`Shelf`. Nothing here grows with the outbox: what is out is a bounded window, all
else stays on the shelf and is read in pages.
"""

import random
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from station_agent.allegiance import Allegiance
from station_agent.flight import WINDOW, Flight, urgent
from station_agent.framing import FrameMeta
from station_agent.shelf import PAGE, Cursor, Shelf
from wire.ranges import Ranges
from wire.topics import Channel

FIRST_CREDIT = 16
BACKLOG_PER_S = 20
SENDINGS_BEFORE_PARKING = 8
PATIENCE_S = {True: 5.0, False: 30.0}
"""How long a frame may be out without any ack before it is sent again; True is for alarms."""
LONGEST_PATIENCE_S = 300.0
TRIAL_EVERY_S = 86_400.0
TRIAL_S = 30.0
"""How long a parked frame sent once more may hold credit."""
LIVE = 256


@dataclass(frozen=True, slots=True)
class Transmission:
    """Send this frame on this lane now."""

    frame: FrameMeta
    lane: Channel


@dataclass(frozen=True, slots=True)
class Acked:
    """What an obeyed ack led to; the caller writes both to the shelf before it asks for the next frame.

    ``parked``: frames to park. ``told``: the gone numbers of the ack's stream the gateway now knows.
    """

    parked: tuple[FrameMeta, ...]
    told: Ranges


class Delivery(Allegiance):
    """Decides, for one station and all its streams, which frame goes out next and on which lane."""

    def __init__(self, shelf: Shelf, rng: random.Random, gateway: str | None = None) -> None:
        """Start without a connection; ``gateway`` is the pin on disk, ``rng`` spreads repeats."""
        super().__init__(gateway)
        self.resent_total = 0
        self._rng = rng
        self._up = False
        self._flight = Flight()
        self._live: dict[bool, deque[FrameMeta]] = {True: deque(), False: deque()}
        self._queued: set[int] = set()
        self._waiting = {
            True: Cursor(lambda after: shelf.waiting(alarms=True, after=after, limit=PAGE), self._busy),
            False: Cursor(lambda after: shelf.waiting(alarms=False, after=after, limit=PAGE), self._busy),
        }
        self._parked = Cursor(lambda after: shelf.parked(after=after, limit=PAGE), self._busy)
        self._trial_at: float | None = None
        self._overtaken_times: OrderedDict[int, int] = OrderedDict()
        self._credit = FIRST_CREDIT
        self._pace_at = self._heard_at = self._repeat_at = 0.0
        self._repeats = 0

    def connected(self, now: float) -> None:
        """A connection is up: nothing counts as out, and all that is not acknowledged has waited."""
        self.disconnected()
        self._up = True
        self._credit = FIRST_CREDIT
        self._pace_at = self._heard_at = self._repeat_at = now
        self._repeats = 0
        self._trial_at = now + TRIAL_EVERY_S if self._trial_at is None else self._trial_at

    def disconnected(self) -> None:
        """Nothing is sent until the next ``connected``."""
        self._up = False
        self._flight.clear()
        self._queued.clear()
        for alarms in (True, False):
            self._live[alarms].clear()
            self._waiting[alarms].rewind()

    def frame_added(self, frame: FrameMeta) -> None:
        """A frame was written to the shelf. It goes out live if the connection is up, else it waits."""
        if not self._up:
            return
        live = self._live[urgent(frame)]
        live.append(frame)
        self._queued.add(frame.n)
        if len(live) > LIVE:
            late = live.popleft()
            self._queued.discard(late.n)
            self._wait_again(late)

    def frame_dropped(self, frame: FrameMeta) -> None:
        """The shelf no longer holds, or no longer wants, a frame that :meth:`next` gave out."""
        self._flight.remove(frame)
        self._overtaken_times.pop(frame.n, None)

    def resend(self) -> None:
        """Frames were un-acknowledged on the shelf: look at it again from the start, parked ones included."""
        self._overtaken_times.clear()
        for cursor in (*self._waiting.values(), self._parked):
            cursor.rewind()

    def gone_carried(self, frame: FrameMeta, gone: Iterable[tuple[int, int]]) -> None:
        """Note which gone ranges the transmission just given out carries."""
        self._flight.carried(frame, Ranges(gone))

    def ack(self, gateway: str, stream: str, received: Ranges, *, credit: int, gateway_ms: int,
            now: float) -> Acked | None:  # fmt: skip
        """Hear an ack that the shelf has settled already; None when its gateway is not obeyed."""
        if not self.obeys(gateway):
            return None
        settled = self._flight.settle(stream, received)
        told = Ranges()
        for out in settled:
            self._overtaken_times.pop(out.frame.n, None)
            told.update(out.told or ())
        self._credit = min(credit, WINDOW // 2)
        self._heard_at = now
        self.note_time(gateway_ms, now)
        if settled or credit > 0:
            self._repeat_at, self._repeats = now, 0
        for cursor in self._waiting.values():
            cursor.reread()
        return Acked(parked=tuple(self._wait_again_or_park()), told=told)

    def next(self, now: float) -> Transmission | None:
        """Return the next transmission, from then on counted as out, or None; ask until None."""
        if not self._up:
            return None
        self._end_trials(now)
        return (
            self._next_live(now, alarms=True)
            or self._next_repeat(now)
            or self._next_waiting(now, alarms=True)
            or self._next_live(now, alarms=False)
            or self._next_waiting(now, alarms=False)
            or self._next_trial(now)
        )

    def next_wakeup(self, now: float) -> float | None:
        """Return when :meth:`next` may have something although nothing else happened; None: never."""
        if not self._up:
            return None
        if self._live[True] or self._live[False]:
            return now
        trial = self._flight.longest_trial()
        times = (
            self._repeat_due(alarms=True),
            self._repeat_due(alarms=False),
            None if trial is None else trial.at + TRIAL_S,
        )
        due = [at for at in times if at is not None]
        if self._trial_at is not None:
            due.append(self._trial_at)
        if self._credit > self._flight.on_backlog and self._anything_waits():
            due.append(self._pace_at)
        return max(now, min(due)) if due else None

    def _next_live(self, now: float, *, alarms: bool) -> Transmission | None:
        if not self._live[alarms]:
            return None
        frame = self._live[alarms].popleft()
        self._queued.discard(frame.n)
        return self._send(frame, Channel.TELEMETRY, now)

    def _next_repeat(self, now: float) -> Transmission | None:
        for alarms in (True, False):
            due, out = self._repeat_due(alarms=alarms), self._flight.longest_out(alarms=alarms)
            if out is None or due is None or due > now:
                continue
            self.resent_total += 1
            self._repeats = min(self._repeats + 1, 16)
            longest = min(LONGEST_PATIENCE_S, PATIENCE_S[alarms] * 2**self._repeats)
            self._repeat_at = now + self._rng.uniform(0, longest)
            return self._send(out.frame, Channel.BACKLOG, now)
        return None

    def _repeat_due(self, *, alarms: bool) -> float | None:
        out = self._flight.longest_out(alarms=alarms)
        if out is None:
            return None
        return max(max(out.at, self._heard_at) + PATIENCE_S[alarms], self._repeat_at)

    def _next_waiting(self, now: float, *, alarms: bool) -> Transmission | None:
        if not self._backlog_open(now):
            return None
        frame = self._waiting[alarms].peek()
        return None if frame is None else self._send(frame, Channel.BACKLOG, now)

    def _next_trial(self, now: float) -> Transmission | None:
        if self._trial_at is not None and now >= self._trial_at:
            self._trial_at = now + TRIAL_EVERY_S
            self._parked.rewind()
        if not self._backlog_open(now):
            return None
        frame = self._parked.take()
        return None if frame is None else self._send(frame, Channel.BACKLOG, now, trial=True)

    def _end_trials(self, now: float) -> None:
        """Let go of trials without an answer: they are not repeated, and others want their credit."""
        while (trial := self._flight.longest_trial()) is not None and trial.at + TRIAL_S <= now:
            self._flight.remove(trial.frame)

    def _backlog_open(self, now: float) -> bool:
        return self._credit > self._flight.on_backlog and now >= self._pace_at

    def _anything_waits(self) -> bool:
        return any(cursor.peek() is not None for cursor in (*self._waiting.values(), self._parked))

    def _busy(self, frame: FrameMeta) -> bool:
        return frame.n in self._queued or frame in self._flight

    def _send(self, frame: FrameMeta, lane: Channel, now: float, *, trial: bool = False) -> Transmission:
        on_backlog = lane is Channel.BACKLOG
        if on_backlog:
            self._pace_at = now + 1 / BACKLOG_PER_S
        fallen = self._flight.send(frame, now, on_backlog=on_backlog, trial=trial)
        if fallen is not None:
            self._wait_again(fallen)
        return Transmission(frame, lane)

    def _wait_again(self, frame: FrameMeta) -> None:
        self._waiting[urgent(frame)].rewind(frame.n)

    def _wait_again_or_park(self) -> Iterable[FrameMeta]:
        for out in self._flight.overtaken():
            if out.trial:
                continue
            times = self._overtaken_times.pop(out.frame.n, 0) + 1
            if times >= SENDINGS_BEFORE_PARKING:
                yield out.frame
                continue
            self.resent_total += 1
            self._overtaken_times[out.frame.n] = times
            if len(self._overtaken_times) > WINDOW:
                self._overtaken_times.popitem(last=False)
            self._wait_again(out.frame)
