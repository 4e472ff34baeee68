"""What a station may transmit, told again independently of the agent (contract, section 4)."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from wire.frames import Ack
from wire.ranges import Ranges

FIRST_CREDIT = 16
SPACING_S = 1 / 20


class Flow:
    """Watches one process's transmissions.

    ``sent`` are the identities any process of this box ever transmitted; ``waiting`` reads off the disk
    what still waits: a frame that policy dropped, or a parked one nobody answered for, is out no longer.
    """

    def __init__(self, sent: set[tuple[str, int]], waiting: Callable[[], set[tuple[str, int]]]) -> None:
        self._sent = sent
        self._waiting = waiting
        self.times: Counter[tuple[str, int]] = Counter()
        self._order = 0
        self._orders_acked: list[int] = []
        self.connected(0.0)

    def connected(self, now: float) -> None:
        """A new connection counts nothing as out."""
        self._credit = FIRST_CREDIT
        self._out: dict[tuple[str, int], tuple[int, bool]] = {}
        self._backlog_at = now - SPACING_S

    def transmitted(self, header: dict[str, Any], lane: str, now: float) -> None:
        """Check one transmission."""
        identity = (header["stream"], header["seq"])
        self._check_header(header)
        if lane == "telemetry":
            assert identity not in self._sent, f"{identity} went out live although it was sent before"
        else:
            self._check_backlog(identity, now)
        self._sent.add(identity)
        self.times[identity] += 1
        self._order += 1
        self._out[identity] = (self._order, lane == "backlog")

    def acked(self, ack: Ack) -> None:
        """Take an ack the station obeyed: what three later ones overtook is no longer out."""
        self._credit = ack.credit
        received = Ranges(ack.received)
        for (stream, seq), (order, _) in list(self._out.items()):
            if stream == ack.stream and seq in received:
                self._orders_acked.append(order)
                del self._out[stream, seq]
        self._orders_acked = sorted(self._orders_acked)[-3:]
        if len(self._orders_acked) == 3:
            third = self._orders_acked[0]
            self._out = {frame: out for frame, out in self._out.items() if out[0] >= third}

    def _check_header(self, header: dict[str, Any]) -> None:
        assert len(header["gone"]) <= 64
        gone = Ranges((lo, hi) for lo, hi in header["gone"])
        assert header["seq"] not in gone, "a frame says that it is gone itself"
        assert header["oldest"] <= header["seq"], "a frame that is not acknowledged is below `oldest`"
        assert header["oldest"] not in gone, "`oldest` is gone"

    def _check_backlog(self, identity: tuple[str, int], now: float) -> None:
        if identity in self._out:
            return
        out = sum(on_backlog for _, on_backlog in self._out.values())
        if out >= self._credit:
            waiting = self._waiting()
            out = sum(on_backlog and frame in waiting for frame, (_, on_backlog) in self._out.items())
        assert out < self._credit, f"{out} frames are out on backlog, the credit is {self._credit}"
        assert now - self._backlog_at >= SPACING_S - 1e-6, "more than 20 frames a second on backlog"
        self._backlog_at = now
