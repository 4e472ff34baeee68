"""The frames that are out: sent on this connection and not yet acknowledged."""

import heapq
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from station_agent.framing import FrameMeta
from wire.measures import FrameClass
from wire.ranges import Ranges

LATER_ACKS = 3
WINDOW = 1_024
"""Frames of one urgency remembered as out; the longest out falls back to waiting beyond that."""


@dataclass(slots=True)
class Out:
    """One frame that is out.

    ``order`` numbers transmissions over all connections, ``at`` is the time of the last one; ``trial``
    marks a parked frame sent once more; ``told`` is what every transmission so far said was gone.
    """

    frame: FrameMeta
    order: int
    at: float
    on_backlog: bool
    trial: bool
    told: Ranges | None = None


def urgent(frame: FrameMeta) -> bool:
    """Tell whether a frame goes before everything else."""
    return frame.frame_class is FrameClass.ALARM


class Flight:
    """Frames in the order of their last transmission, alarms apart from the rest."""

    def __init__(self) -> None:
        """Start with nothing out."""
        self.on_backlog = 0
        self._out: dict[bool, OrderedDict[int, Out]] = {True: OrderedDict(), False: OrderedDict()}
        self._trials: OrderedDict[int, Out] = OrderedDict()
        self._orders = 0
        self._latest_acked: list[int] = []

    def __contains__(self, frame: FrameMeta) -> bool:
        """Whether this frame is out."""
        return frame.n in self._out[urgent(frame)] or frame.n in self._trials

    def __iter__(self) -> Iterator[Out]:
        """Yield what is out: alarms, others, trials, each longest out first; may be changed meanwhile."""
        yield from list(self._out[True].values())
        yield from list(self._out[False].values())
        yield from list(self._trials.values())

    def longest_out(self, *, alarms: bool) -> Out | None:
        """Return the alarm, or other frame, whose last transmission is the longest ago; never a trial."""
        return next(iter(self._out[alarms].values()), None)

    def longest_trial(self) -> Out | None:
        """Return the parked frame whose trial is the longest ago."""
        return next(iter(self._trials.values()), None)

    def send(self, frame: FrameMeta, now: float, *, on_backlog: bool, trial: bool) -> FrameMeta | None:
        """Note a transmission; return the frame that fell out of the window, if one did."""
        before = self.remove(frame)
        self._orders += 1
        out = self._trials if trial else self._out[urgent(frame)]
        out[frame.n] = Out(frame, self._orders, now, on_backlog, trial, before.told if before else None)
        self.on_backlog += on_backlog
        if len(out) <= WINDOW:
            return None
        fallen = next(iter(out.values())).frame
        self.remove(fallen)
        return fallen

    def carried(self, frame: FrameMeta, gone: Ranges) -> None:
        """Note what the last transmission of ``frame`` said was gone.

        Only what every copy carried is told by an ack: which copy it answers cannot be known.
        """
        entry = self._out[urgent(frame)].get(frame.n) or self._trials.get(frame.n)
        if entry is not None:
            entry.told = gone if entry.told is None else entry.told.intersection(gone)

    def remove(self, frame: FrameMeta) -> Out | None:
        """Forget a frame; return what was noted of it."""
        entry = self._out[urgent(frame)].pop(frame.n, None) or self._trials.pop(frame.n, None)
        if entry is not None:
            self.on_backlog -= entry.on_backlog
        return entry

    def clear(self) -> None:
        """Nothing is out any more; the order of transmissions goes on."""
        self.on_backlog = 0
        for out in (*self._out.values(), self._trials):
            out.clear()

    def settle(self, stream: str, received: Ranges) -> list[Out]:
        """Remove and return what an ack covers."""
        settled = [out for out in self if out.frame.stream == stream and out.frame.seq in received]
        for out in settled:
            self.remove(out.frame)
            heapq.heappush(self._latest_acked, out.order)
            if len(self._latest_acked) > LATER_ACKS:
                heapq.heappop(self._latest_acked)
        return settled

    def overtaken(self) -> list[Out]:
        """Remove and return every frame with three transmissions after its own acknowledged.

        The third-newest acknowledged transmission is all that has to be known: whatever went out
        before it has three later ones acknowledged.
        """
        if len(self._latest_acked) < LATER_ACKS:
            return []
        third = self._latest_acked[0]
        overtaken = [out for out in self if out.order < third]
        for out in overtaken:
            self.remove(out.frame)
        return overtaken
