"""A list in memory where a station's agent would have its outbox on disk."""

from bisect import bisect_right

from station_agent.flight import urgent
from station_agent.framing import Draft, FrameMeta, Loaded
from wire.ranges import Ranges


class MemoryShelf:
    """The frames of one stream that are not acknowledged yet; forgets them at their acknowledgement.

    ``clock_unset`` says that the box does not know the time.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.last = 0
        self.clock_unset = False
        self._bodies: dict[int, bytes] = {}
        self._metas: dict[int, FrameMeta] = {}
        self._parked: dict[int, FrameMeta] = {}

    def __len__(self) -> int:
        return len(self._bodies)

    @property
    def oldest(self) -> int:
        """The lowest number not acknowledged; ``last`` + 1 when there is none."""
        return next(iter(self._bodies), self.last + 1)

    @property
    def parked_count(self) -> int:
        """Frames that wait for their daily trial."""
        return len(self._parked)

    def put(self, draft: Draft) -> FrameMeta:
        """Number a draft and keep it."""
        self.last += 1
        meta = FrameMeta(n=self.last, stream=self.stream, seq=self.last, frame_class=draft.frame_class)
        self._bodies[meta.n] = draft.body
        self._metas[meta.n] = meta
        return meta

    def load(self, frame: FrameMeta) -> Loaded:
        """What a transmission of ``frame`` needs."""
        return Loaded(body=self._bodies[frame.n], clock_unset=self.clock_unset, oldest=self.oldest, gone=())

    def settle(self, stream: str, received: Ranges) -> None:
        """Forget what an acknowledgement covers."""
        if stream != self.stream:
            return
        for n in [n for n in self._bodies if n in received]:
            del self._bodies[n]
            self._metas.pop(n, None)
            self._parked.pop(n, None)

    def park(self, frame: FrameMeta) -> None:
        """Set aside a frame the gateway will not have."""
        if self._metas.pop(frame.n, None):
            self._parked[frame.n] = frame

    def unpark(self) -> None:
        """Let everything parked wait again."""
        self._metas = dict(sorted({**self._metas, **self._parked}.items()))
        self._parked.clear()

    def lacking(self, stream: str, asked: Ranges) -> Ranges:
        """The numbers among ``asked`` that are not held any more."""
        if stream != self.stream:
            return asked
        return asked.difference(Ranges((n, n) for n in self._bodies))

    def waiting(self, *, alarms: bool, after: int, limit: int) -> list[FrameMeta]:
        """Frames after ``after`` that are not parked: the alarms, or all others."""
        numbers = list(self._metas)
        later = numbers[bisect_right(numbers, after) :]
        return [self._metas[n] for n in later if urgent(self._metas[n]) is alarms][:limit]

    def parked(self, *, after: int, limit: int) -> list[FrameMeta]:
        """Parked frames after ``after``."""
        return [frame for n, frame in sorted(self._parked.items()) if n > after][:limit]
