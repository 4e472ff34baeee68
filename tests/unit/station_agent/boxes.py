"""An outbox on a real disk, and drafts for it."""

from pathlib import Path

import orjson

from station_agent.database import Database
from station_agent.eviction import Limits
from station_agent.framing import Draft, FrameMeta
from station_agent.outbox import Outbox, Written
from wire.measures import FrameClass

BOOT = "01K0PZ6Q9V3W8S4D2N7X5C1B00"
DAY_MS = 86_400_000
LIMITS = Limits(max_bytes=10_000_000, max_age_ms=30 * DAY_MS, keep_ms=7 * DAY_MS)


def stream_name(run: int) -> str:
    """Return the stream of a run."""
    return f"01K0PZ6Q9V3W8S4D2N7X5C1{run:03d}"


def draft(frame_class: FrameClass = FrameClass.SAMPLE, size: int = 0, ts: int = 1_000_000) -> Draft:
    """Return a draft with one reading, its body at least ``size`` bytes."""
    reading: dict[str, object] = {"device": "d" * max(1, size - 60), "ts": ts, "air_temp_celsius": 21.0}
    return Draft(frame_class, orjson.dumps({"environment": [reading]}))


def written(running_ms: int = 0, offset: int = 0, *, unset: bool = False) -> Written:
    """Return when a frame is written."""
    return Written(running_ms, offset, unset)


class Box:
    """A data directory over several runs."""

    def __init__(self, directory: Path, limits: Limits = LIMITS) -> None:
        self.path = directory / "outbox.db"
        self.limits = limits
        self.runs = 0
        self.database = Database(self.path)
        self.start()

    def start(self, boot: str = BOOT) -> Outbox:
        """Begin another run."""
        self.database.close()
        self.runs += 1
        self.database = Database(self.path)
        self.outbox = Outbox(self.database, self.limits, stream_name(self.runs), boot)
        return self.outbox

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def add(self, count: int = 1, frame_class: FrameClass = FrameClass.SAMPLE, size: int = 0,
            running_ms: int = 0) -> list[FrameMeta]:  # fmt: skip
        """Append so many frames, one transaction each."""
        return [
            meta
            for _ in range(count)
            for meta in self.outbox.append([draft(frame_class, size)], written(running_ms))
        ]

    def held(self) -> dict[int, tuple[str, int]]:
        """Return (class, state) of everything held, by box-wide number."""
        rows = self.database.sql.execute("SELECT n, class, state FROM frames ORDER BY n")
        return {n: (("alarm", "event", "sample")[frame_class], state) for n, frame_class, state in rows}
