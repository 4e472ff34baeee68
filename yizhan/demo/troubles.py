"""What goes wrong while one watches: a fault each at three stations that the real agent runs."""

from dataclasses import dataclass

from simulators.faults import Fault, parse_fault
from simulators.towns import Site
from yizhan.demo.story import Narrator

MINUTE_MS = 60_000


@dataclass(frozen=True)
class Trouble:
    """One fault, as written on a command line, so many seconds after its station went live."""

    station_id: str
    after_s: float
    fault: str
    parameters: str

    def written(self, start_ms: int, live_ms: int) -> str:
        """The fault as an option of `simulate station`, whose life began at ``start_ms``."""
        minute = (live_ms + self.after_s * 1000 - start_ms) / MINUTE_MS
        return f"{self.fault}@{minute:.3f}:{self.parameters}"


TROUBLES: tuple[Trouble, ...] = (
    Trouble("louxing-01", 20, "F05", "minutes=1.5"),
    Trouble("louxing-04", 35, "F02", "minutes=5"),
    Trouble("louxing-02", 45, "F08", "minutes=3"),
)


class Troubles:
    """Says what happens when it does; ``step`` is called now and then with milliseconds since the epoch."""

    def __init__(self, start_ms: int, narrator: Narrator) -> None:
        self._start_ms, self._narrator = start_ms, narrator
        self._ahead: list[tuple[int, Site, Fault]] = []

    def at(self, site: Site, live_ms: int) -> str | None:
        """The fault of a station that goes live now, as written on a command line; None for most."""
        trouble = next((one for one in TROUBLES if one.station_id == site.station_id), None)
        if trouble is None:
            return None
        written = trouble.written(self._start_ms, live_ms)
        fault = parse_fault(written, self._start_ms)
        self._ahead.append((fault.start_ms, site, fault))
        return written

    def step(self, now_ms: int) -> None:
        """Tell of what has begun."""
        for begins_ms, site, fault in [one for one in self._ahead if one[0] <= now_ms]:
            self._narrator.trouble(site, fault)
            self._ahead.remove((begins_ms, site, fault))
