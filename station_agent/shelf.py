"""Where delivery finds the frames to send."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from station_agent.framing import FrameMeta

PAGE = 64
"""Frames read ahead."""


class Shelf(Protocol):
    """Where frames lie: the outbox, or a list in a simulation. Both answers ascend by ``n``."""

    def waiting(self, *, alarms: bool, after: int, limit: int) -> list[FrameMeta]:
        """Frames with n > ``after``, neither acknowledged nor parked: the alarms, or all others."""
        ...

    def parked(self, *, after: int, limit: int) -> list[FrameMeta]:
        """Parked frames with n > ``after``."""
        ...


class Cursor:
    """Reads one kind of frame from the shelf in order and remembers how far it came."""

    def __init__(self, read: Callable[[int], list[FrameMeta]], busy: Callable[[FrameMeta], bool]) -> None:
        """Read pages with ``read(after)``; frames that are ``busy`` are passed over."""
        self._read = read
        self._busy = busy
        self._after = 0
        self._page: deque[FrameMeta] = deque()
        self._dry = False

    def peek(self) -> FrameMeta | None:
        """Return the next frame not busy; None when there is none until the next ``rewind``."""
        while True:
            while self._page:
                if not self._busy(self._page[0]):
                    return self._page[0]
                self._after = self._page.popleft().n
            if self._dry:
                return None
            self._page.extend(self._read(self._after))
            self._dry = not self._page

    def take(self) -> FrameMeta | None:
        """Return the next frame not busy and pass it, whatever becomes of it until the next ``rewind``."""
        frame = self.peek()
        if frame is not None:
            self._after = self._page.popleft().n
        return frame

    def rewind(self, n: int = 1) -> None:
        """Read again from frame ``n`` on."""
        self._after = min(self._after, n - 1)
        self._dry = False
        self._page.clear()

    def reread(self) -> None:
        """Forget what was read ahead: some of it may be settled by now."""
        self._page.clear()
