"""What a station may transmit, told again independently of the agent (contract, section 4)."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from wire.frames import Ack
from wire.ranges import Ranges

FIRST_CREDIT = 16
SPACING_S = 1 / 20
TRIAL_S = 30.0

Identity = tuple[str, int]


class Sending(NamedTuple):
    """The last transmission of a frame; ``order`` numbers all of them."""

    order: int
    at: float
    on_backlog: bool


class Flow:
    """Watches one process's transmissions.

    ``sent`` are the identities any process of this box ever transmitted. ``unsettled`` reads off the disk
    what still waits for its ack, and whether it is parked: a frame that policy dropped is out no longer,
    nor a parked one nobody answered for; one whose ack the disk did not take still is.
    """

    def __init__(self, sent: set[Identity], unsettled: Callable[[], dict[Identity, bool]]) -> None:
        self._sent = sent
        self._unsettled = unsettled
        self.times: Counter[Identity] = Counter()
        self._order = 0
        self._orders_acked: list[int] = []
        self.connected(0.0)

    def connected(self, now: float) -> None:
        """A new connection counts nothing as out."""
        self._credit = FIRST_CREDIT
        self._out: dict[Identity, Sending] = {}
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
        self._out[identity] = Sending(self._order, now, lane == "backlog")

    def acked(self, ack: Ack) -> None:
        """Take an ack the station obeyed: what three later ones overtook is no longer out."""
        self._credit = ack.credit
        received, unsettled = Ranges(ack.received), self._unsettled()
        for (stream, seq), sending in list(self._out.items()):
            if stream == ack.stream and seq in received and (stream, seq) not in unsettled:
                self._orders_acked.append(sending.order)
                del self._out[stream, seq]
        self._orders_acked = sorted(self._orders_acked)[-3:]
        if len(self._orders_acked) == 3:
            third = self._orders_acked[0]
            self._out = {frame: out for frame, out in self._out.items() if out.order >= third}

    def _check_header(self, header: dict[str, Any]) -> None:
        assert len(header["gone"]) <= 64
        gone = Ranges((lo, hi) for lo, hi in header["gone"])
        assert header["seq"] not in gone, "a frame says that it is gone itself"
        assert header["oldest"] <= header["seq"], "a frame that is not acknowledged is below `oldest`"
        assert header["oldest"] not in gone, "`oldest` is gone"

    def _check_backlog(self, identity: tuple[str, int], now: float) -> None:
        if identity in self._out:
            return
        out = sum(sending.on_backlog for sending in self._out.values())
        if out >= self._credit:
            unsettled = self._unsettled()
            out = sum(self._counts(frame, unsettled, now) for frame in self._out)
        assert out < self._credit, f"{out} frames are out on backlog, the credit is {self._credit}"
        assert now - self._backlog_at >= SPACING_S - 1e-6, "more than 20 frames a second on backlog"
        self._backlog_at = now

    def _counts(self, frame: Identity, unsettled: dict[Identity, bool], now: float) -> bool:
        sending, is_parked = self._out[frame], unsettled.get(frame)
        if is_parked is None or not sending.on_backlog:
            return False
        return not is_parked or now - sending.at < TRIAL_S
