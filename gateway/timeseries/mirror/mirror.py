"""The mirror at work: a thread of its own that reads portions behind a cursor and writes them.

Whatever the server does, ingest and alerts feel nothing: the thread has the lowest claim to the processor,
holds one portion in memory, and what it has not written waits in the store of record.
"""

import os
import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import duckdb
import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import StoreClosedError
from gateway.timeseries.mirror import probing
from gateway.timeseries.mirror.counting import MirrorMetrics
from gateway.timeseries.mirror.frames import Frames
from gateway.timeseries.mirror.lag import Lag
from gateway.timeseries.mirror.portion import Connect, Portion, Source
from gateway.timeseries.mirror.positions import Positions
from gateway.timeseries.mirror.refusals import Misdirected, Refused, Unreachable
from gateway.timeseries.mirror.writing import Writer

if TYPE_CHECKING:
    from gateway.timeseries.mirror.server import Influx

log = structlog.get_logger(__name__)

IDLE_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""Between attempts while the server is away; where a person has to do something, always the longest."""
UNPROVEN_AFTER = 10
"""Failed read-backs of one portion in a row before it is let go on, and counted: eight minutes."""
NICE = 10


class Mirror:
    """Keeps the server up to the store, at most ``points_per_s`` values a second.

    ``connect`` gives a reading connection of its own.
    """

    def __init__(
        self,
        server: "Influx",
        sources: Sequence[Source],
        positions: Positions,
        connect: Connect,
        metrics: MirrorMetrics,
        lag: Lag,
        points_per_s: int,
    ) -> None:
        self._server, self._sources, self._positions = server, sources, positions
        self._connect, self._metrics, self._lag = connect, metrics, lag
        self._writer = Writer(server, metrics)
        self._points_per_s = points_per_s
        self._free_at = 0.0
        self._failed = 0
        self._unproven = 0
        self._trouble: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    @property
    def trouble(self) -> str | None:
        """What keeps it from being written to; None while all is well."""
        return self._trouble

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end after what it is doing."""
        self._stopping.set()

    def join(self, seconds: float) -> None:
        """Wait for the end; a server that hangs is left hanging, what it was told is told again."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    # -- the thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        with suppress(OSError):  # on Linux a thread has a niceness of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while not self._stopping.is_set():
            pause = self._attempt()
            self._measure()
            self._stopping.wait(pause)

    def _attempt(self) -> float:
        """Give every source one portion; the seconds to wait before the next."""
        try:
            more = self._round()
        except Refused as refused:
            slow = isinstance(refused, Misdirected)
            return self._after(refused.reason, refused.detail, asked_s=refused.wait_s, slow=slow)
        except (duckdb.Error, StoreClosedError, SQLAlchemyError, OSError) as error:
            return self._after("store", str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the gateway lives on without its mirror
            return self._after("defect", repr(error), slow=True)
        if self._trouble is not None:
            log.info("mirror_goes_on", after_failures=self._failed)
        self._trouble, self._failed = None, 0
        self._metrics.up.set(1)
        return 0.0 if more else IDLE_S

    def _measure(self) -> None:
        with suppress(duckdb.Error, StoreClosedError), self._connect() as cursor:
            self._lag.measure(cursor, self._positions.get(Frames.name))

    def _round(self) -> bool:
        more = False
        for source in self._sources:
            if self._stopping.is_set():
                return False
            portion = source.read(self._connect, self._positions.get(source.name))
            if portion is not None:
                self._put(source.name, portion)
                more = True
        return more

    def _put(self, name: str, portion: Portion) -> None:
        """Write a portion, prove it, and only then remember that it is there."""
        begun = time.monotonic()
        taken = self._writer.write(portion.lines)
        if self._stopping.is_set():
            return
        try:
            for policy, lines in taken.items():
                probing.check(self._server, policy, lines)
        except Unreachable as refused:
            self._let_go_unproven(refused, portion)
        self._unproven = 0
        self._positions.advance(name, portion.upto)
        self._metrics.points.labels(name).inc(portion.points)
        if portion.outside:
            self._metrics.refused.labels("outside_retention").inc(portion.outside)
        self._free_at = max(self._free_at, begun) + portion.points / self._points_per_s
        self._stopping.wait(max(0.0, self._free_at - time.monotonic()))

    def _let_go_unproven(self, refused: Unreachable, portion: Portion) -> None:
        """Have a portion written again, but not for ever: it must not hold up the others."""
        if refused.reason != "not_read_back":
            raise refused
        self._unproven += 1
        if self._unproven < UNPROVEN_AFTER:
            raise refused
        self._metrics.unproven.inc(portion.points)
        log.error("mirror_not_read_back", reason=refused.detail, next="going on with what follows")

    def _after(self, reason: str, said: str, *, asked_s: float = 0.0, slow: bool = False) -> float:
        """Note a failure, loud once; the seconds to wait: those asked for, else longer each time."""
        self._failed += 1
        self._metrics.up.set(0)
        self._metrics.failures.labels(reason).inc()
        tell = log.debug if (self._trouble or "").startswith(f"{reason}:") else log.warning
        self._trouble = f"{reason}: {said}"
        tell("mirror_behind", reason=self._trouble, next="trying again; what is missing waits in the store")
        growing = min(FIRST_PAUSE_S * 2 ** min(self._failed - 1, 10), LONGEST_PAUSE_S)
        pause = LONGEST_PAUSE_S if slow else growing
        return asked_s or pause * random.uniform(0.75, 1.25)  # noqa: S311 - jitter
