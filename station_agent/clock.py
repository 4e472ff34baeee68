"""The time of a box that may not know it (contract, section 6).

Two clocks are kept apart. *Running time* counts the milliseconds the agent has run, over all its runs;
ages rest on it and nothing can step it. The *station's time* is what readings are stamped with: the
monotonic clock plus an offset, which comes from the synchronised system clock, or the gateway, or
else goes on from the last time on disk.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

STEP_MS = 1_000
_TIME_ERROR = 5
_STA_NANO = 0x2000


@dataclass(frozen=True, slots=True)
class Sources:
    """Where time comes from.

    ``wall`` in ms since the epoch, ``monotonic`` in seconds since the box started, ``synchronised`` whether
    ``wall`` can be believed.
    """

    wall: Callable[[], int]
    monotonic: Callable[[], float]
    synchronised: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the disk knows: last time, running time then, and the offset if this boot has set the clock."""

    time_ms: int | None = None
    running_ms: int = 0
    offset: int | None = None


class StationClock:
    """The station's time; ``unset`` until it comes from a synchronised clock or from the gateway."""

    def __init__(self, sources: Sources, remembered: Remembered) -> None:
        self.unset = True
        self._sources = sources
        self._started = self._monotonic_ms()
        self._running = remembered.running_ms
        if remembered.offset is not None:
            self.offset, self.unset = remembered.offset, False
        elif remembered.time_ms is not None:
            self.offset = remembered.time_ms - self._started
        else:
            self.offset = sources.wall() - self._started
        self.update()

    def now(self) -> int:
        """Return the station's time in ms since the epoch."""
        return self._monotonic_ms() + self.offset

    def monotonic(self) -> float:
        """Return monotonic seconds, for deadlines."""
        return self._sources.monotonic()

    def running_ms(self) -> int:
        """Return for how long the agent has run, in all its runs together."""
        return self._running + self._monotonic_ms() - self._started

    def uptime_s(self) -> int:
        """Return for how long this run has lasted."""
        return (self._monotonic_ms() - self._started) // 1000

    def update(self) -> bool:
        """Look at the system clock; True when readings stamped before have to be stamped anew."""
        if not self._sources.synchronised():
            return False
        return self._set(self._sources.wall() - self._monotonic_ms())

    def hear(self, gateway_ms: int) -> bool:
        """Take the time of an ack unless the system clock is synchronised; True as for ``update``."""
        offset = gateway_ms - self._monotonic_ms()
        if self._sources.synchronised() or (not self.unset and abs(offset - self.offset) < 2 * STEP_MS):
            return False
        return self._set(offset)

    def from_system_clock(self, system_ms: int) -> int:
        """Return the station's time of a moment another process on this box stamped ``system_ms``.

        While the clock is unset only the age of such a stamp means anything.
        """
        if not self.unset:
            return system_ms
        return self.now() - max(0, self._sources.wall() - system_ms)

    def _set(self, offset: int) -> bool:
        stepped = self.unset or abs(offset - self.offset) > STEP_MS
        self.offset, self.unset = offset, False
        return stepped

    def _monotonic_ms(self) -> int:
        return int(self._sources.monotonic() * 1000)


class _Timex(ctypes.Structure):
    """The head of ``struct timex`` of adjtimex(2)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def kernel_offset_ms() -> float | None:
    """Return how far the kernel thinks its clock is off, in ms; None when it is not synchronised."""
    timex = _Timex()
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    if adjtimex is None or adjtimex(ctypes.byref(timex)) in {-1, _TIME_ERROR}:
        return None
    per_ms = 1_000_000 if timex.status & _STA_NANO else 1_000
    return float(timex.offset) / per_ms


def kernel_boot() -> str | None:
    """Return the kernel's name of this boot, None where it has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except FileNotFoundError:
        return None
