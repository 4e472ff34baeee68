"""One instant of both stores, held while it is copied and commits go on."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from gateway.backup.manifest import SNAPSHOT, STATE
from gateway.errors import BackupError
from gateway.timeseries.store import Store

ROWS_AT_ONCE = 100_000
MEMORY = "512MB"
"""What the copy may hold in memory: the gateway needs the rest."""
_SMALL = {".key", ".yaml", ".json"}


class Instant:
    """What store, database and data directory hold now; make it between two commits, `close` it afterwards.

    Nothing of the one is then ahead of the other: the engine has judged no frame that the store does not
    have, the store's ledger counts no frame that only a later quarantine holds, and the engine's snapshot,
    written after a commit, is never beyond the store.
    """

    def __init__(self, store: Store, data_dir: Path) -> None:
        self._abandoned = threading.Event()
        self.files = {path.name: path.read_bytes() for path in _small_files(data_dir)}
        self._store = store.cursor()
        self._store.begin()
        self.last_frame = int(_said(self._store.execute("SELECT coalesce(max(frame), -1) FROM frames_raw")))
        self._state = sqlite3.connect(data_dir / STATE, check_same_thread=False, isolation_level=None)
        self._state.execute("BEGIN")
        judged = self._state.execute("SELECT coalesce(max(watermark), -1) FROM engine_position")
        self.judged_frame = int(_said(judged))
        self.schema_revision = str(_said(self._state.execute("SELECT version_num FROM alembic_version")))

    def copy_state(self, target: Path) -> None:
        """Copy the database, and let go of it; sqlite3.Error when that fails."""
        with closing(sqlite3.connect(target)) as copy:
            self._state.backup(copy)
        self._state.close()

    def copy_store(self, target: Path) -> None:
        """Copy the store into a database of its own; duckdb.Error when that fails.

        Not `ATTACH`ed to the gateway's: what becomes of a copy must not touch the store, and for others its
        tables would stand beside ours.
        """
        tables = self._store.execute(
            "SELECT table_name, sql FROM duckdb_tables() WHERE NOT temporary"
        ).fetchall()
        sequences = self._store.execute(
            "SELECT sequence_name, coalesce(last_value, start_value - 1) + 1 FROM duckdb_sequences()"
        ).fetchall()
        with closing(duckdb.connect(str(target), config={"threads": 1, "memory_limit": MEMORY})) as copy:
            for name, following in sequences:
                copy.execute(f"CREATE SEQUENCE {name} START {following}")
            for name, statement in tables:
                copy.execute(statement)
                for rows in self._store.sql(f"FROM {name}").to_arrow_reader(ROWS_AT_ONCE):
                    self.go_on()
                    copy.register("arriving", rows)
                    copy.execute(f"INSERT INTO {name} FROM arriving")

    def abandon(self) -> None:
        """Have whoever copies this give up soon; call it from any thread."""
        self._abandoned.set()

    def go_on(self) -> None:
        """Do nothing, unless the copy was given up: BackupError."""
        if self._abandoned.is_set():
            raise BackupError("the gateway is stopping; take the backup when it runs again")

    def close(self) -> None:
        """Let go of both."""
        self._state.close()
        self._store.close()


def _small_files(data_dir: Path) -> list[Path]:
    """Return what lies beside the stores: the engine's snapshot, keys, calendars, positions."""
    return [path for path in sorted(data_dir.iterdir()) if path.suffix in _SMALL or path.name == SNAPSHOT]


def _said(answer: sqlite3.Cursor | duckdb.DuckDBPyConnection) -> Any:  # noqa: ANN401 - whatever was asked
    row = answer.fetchone()
    return None if row is None else row[0]
