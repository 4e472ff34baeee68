"""The agent's one SQLite file: opened, kept whole, and given room when the disk is full."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from station_agent.errors import StorageError

RESERVE_BYTES = 1024 * 1024
LOG_PAGES = 128
"""Pages of the log before it is folded in: half the reserve, which a full disk needs to fold it in."""
_SLACK_PAGES = 16
_MOST_PAGES = 1_073_741_823
CACHE_KIB = 512
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (device TEXT PRIMARY KEY, position BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commands (id TEXT PRIMARY KEY, seen INTEGER, result BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS streams (
    base INTEGER PRIMARY KEY, stream TEXT UNIQUE, boot_id TEXT, last INTEGER, clock_offset INTEGER,
    emptied INTEGER);
CREATE TABLE IF NOT EXISTS frames (
    n INTEGER PRIMARY KEY, state INTEGER, class INTEGER, size INTEGER, created INTEGER, settled INTEGER,
    clock_offset INTEGER, clock_unset INTEGER, body BLOB);
CREATE INDEX IF NOT EXISTS frames_in_order ON frames (state, class, n, size);
CREATE TABLE IF NOT EXISTS gone (hi INTEGER PRIMARY KEY, lo INTEGER);
"""
"""``n`` numbers all frames of the box; frame ``seq`` of a stream is ``n = base + seq``."""


def is_full(error: sqlite3.Error) -> bool:
    """Tell a disk without room (or a file at its size limit) from other errors."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _FULL


def is_broken(error: sqlite3.Error) -> bool:
    """Tell a damaged file from other errors."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold a data directory alone; StorageError when it cannot be used or another agent has it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("w")
    except OSError as error:
        raise StorageError(f"data_dir {directory} cannot be used: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StorageError(f"another agent runs on data_dir {directory}; give each its own") from None
        yield


class Database:
    """A connection in WAL mode whose transactions survive a power cut, unless told they need not."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; a broken one is put aside, since an unattended box must go on."""
        self.path = path
        self.moved_aside: Path | None = None
        self._reserve = path.with_name("reserve")
        self._capped = False
        try:
            self.sql = _connect(path)
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise StorageError(
                    f"cannot open {path}: {error}; check the disk and the rights of data_dir"
                ) from error
            self.moved_aside = _move_aside(path)
            self.sql = _connect(path)
        self.refill_reserve()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Commit what the block does, or nothing.

        ``durable=False`` leaves out the fsync, for what may be done again after a power cut.
        """
        self.sql.execute("PRAGMA synchronous = " + ("FULL" if durable else "NORMAL"))
        self.sql.execute("BEGIN IMMEDIATE")
        try:
            yield self.sql
            self.sql.execute("COMMIT")
        except BaseException:
            if self.sql.in_transaction:
                self.sql.execute("ROLLBACK")
            raise

    def release_reserve(self) -> None:
        """Give the reserve back to a full disk and recycle the log, so that rows can be deleted.

        From then on the file grows no more: a file that grew inside the log could not be folded in on a
        disk without room, nor the log be recycled, and the outbox would have stood still for ever.
        """
        self._reserve.unlink(missing_ok=True)
        try:
            self.sql.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
        if not self._capped:
            pages = self._pragma("page_count") + _SLACK_PAGES
            self._cap(min(pages, self._pragma("max_page_count")))

    def refill_reserve(self) -> None:
        """Take the reserve again, and let the file grow, as soon as the disk has room for twice as much."""
        if self._reserve.exists():
            return
        disk = os.statvfs(self.path.parent)
        if disk.f_bavail * disk.f_frsize < 2 * RESERVE_BYTES:
            return
        try:
            self._reserve.write_bytes(bytes(RESERVE_BYTES))
        except OSError:
            self._reserve.unlink(missing_ok=True)
            return
        if self._capped:
            self._cap(_MOST_PAGES)

    def _cap(self, pages: int) -> None:
        self._pragma(f"max_page_count = {pages}")
        self._capped = pages < _MOST_PAGES

    def _pragma(self, text: str) -> int:
        value: int = self.sql.execute(f"PRAGMA {text}").fetchone()[0]
        return value

    def condemn(self) -> None:
        """Put the file aside although it is in use; the next start begins a new one."""
        self.sql.close()
        self.moved_aside = _move_aside(self.path)

    def close(self) -> None:
        """Close the file; uncommitted work is gone."""
        self.sql.close()


def _connect(path: Path) -> sqlite3.Connection:
    sql = sqlite3.connect(path, isolation_level=None, timeout=10.0)
    try:
        sql.execute("PRAGMA journal_mode = WAL")
        sql.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        sql.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        sql.executescript(SCHEMA)
        _ = sql.execute("SELECT count(*) FROM streams").fetchone()
    except BaseException:
        sql.close()
        raise
    return sql


def _move_aside(path: Path) -> Path:
    """Keep a broken file for the workshop, one at most, together with its log."""
    aside = path.with_name(path.name + ".broken")
    for suffix in ("", "-wal", "-shm"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.replace(path.with_name(path.name + ".broken" + suffix))
    return aside
