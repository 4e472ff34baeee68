"""The disk of a station's box: the agent's database in memory, with what befalls a disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from station_agent.database import SCHEMA, Database
from station_agent.eviction import PARKED, WAITING

REMEMBER_DROPPED = """
CREATE TEMP TABLE dropped (lo INTEGER, hi INTEGER);
CREATE TEMP TRIGGER remember_dropped AFTER INSERT ON main.gone
BEGIN INSERT INTO dropped VALUES (new.lo, new.hi); END;
"""


class Killed(Exception):  # noqa: N818 - what happens to the process, no error of it
    """The process ends here."""


class Disk(Database):
    """The agent's database in memory: it survives the process, can be copied, and can be full.

    ``kill_in`` counts transactions: the process is killed right before (or, if ``kill_after``, right
    after) the commit of the one that brings it to zero. ``refuse_in`` likewise: that one meets a disk
    without room, as the first does on a real one, whose reserve is then given back to the next.
    """

    def __init__(self, image: bytes | None = None) -> None:
        self.path = Path("memory")
        self.moved_aside = None
        self.kill_in = 0
        self.kill_after = False
        self.refuse_in = 0
        self.sql = sqlite3.connect(":memory:", isolation_level=None)
        if image is not None:
            self.sql.deserialize(image)
        self.sql.executescript(SCHEMA)
        self.sql.executescript(REMEMBER_DROPPED)
        self._synced = self.image()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Commit, and remember what a power cut would leave."""
        self.kill_in -= 1
        self.refuse_in -= 1
        with super().transaction(durable=durable) as sql:
            yield sql
            if self.refuse_in == 0:
                raise _no_room()
            if self.kill_in == 0 and not self.kill_after:
                raise Killed
        if durable:
            self._synced = self.image()
        if self.kill_in == 0:
            raise Killed

    def image(self) -> bytes:
        """Copy what is on it."""
        return self.sql.serialize()

    def after_power_cut(self) -> "Disk":
        """Return the disk as a power cut leaves it: what was not synced is gone."""
        disk = Disk(self._synced)
        dropped = self.sql.execute("SELECT lo, hi FROM dropped").fetchall()
        disk.sql.executemany("INSERT INTO dropped VALUES (?, ?)", dropped)
        return disk

    def fill(self) -> None:
        """Leave no room to grow."""
        pages = self.sql.execute("PRAGMA page_count").fetchone()[0]
        self.sql.execute(f"PRAGMA max_page_count = {pages}")

    def clear(self) -> None:
        """Leave room again."""
        self.sql.execute("PRAGMA max_page_count = 1073741823")

    def release_reserve(self) -> None:
        """There is none in memory."""

    def refill_reserve(self) -> None:
        """There is none in memory."""

    def last(self, stream: str) -> int:
        """The highest number of a stream that is on it."""
        row = self.sql.execute("SELECT last FROM streams WHERE stream = ?", (stream,)).fetchone()
        return int(row[0]) if row else 0

    def held(self) -> set[tuple[str, int]]:
        """Every (stream, seq) with a row, acknowledged or not."""
        rows = self.sql.execute(
            "SELECT stream, n - base FROM frames JOIN streams ON n > base AND n <= base + last"
        )
        return set(rows.fetchall())

    def unsettled(self) -> dict[tuple[str, int], bool]:
        """Every (stream, seq) that is not acknowledged, and whether it is parked."""
        rows = self.sql.execute(
            "SELECT stream, n - base, state FROM frames JOIN streams ON n > base AND n <= base + last "
            "WHERE state IN (?, ?)",
            (WAITING, PARKED),
        )
        return {(stream, seq): state == PARKED for stream, seq, state in rows}

    def dropped(self) -> set[tuple[str, int]]:
        """Every (stream, seq) that policy ever dropped on this disk."""
        rows = self.sql.execute(
            "SELECT stream, max(lo, base + 1) - base, min(hi, base + last) - base FROM dropped JOIN streams "
            "ON hi > base AND lo <= base + last"
        )
        return {(stream, seq) for stream, lo, hi in rows for seq in range(lo, hi + 1)}


def _no_room() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error
