"""Small facts that outlive a run: pin, session, clock, positions, commands already carried out."""

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson
import structlog

from station_agent.database import Database, is_full

COMMANDS_REMEMBERED = 1_000

log = structlog.get_logger()


class Notebook:
    """Facts by name, on the same disk and in the same transactions as the frames."""

    def __init__(self, database: Database) -> None:
        """Read and write in ``database``."""
        self._database = database
        self._sql = database.sql
        self._session = 0

    def get(self, name: str) -> Any:  # noqa: ANN401 - a string, an integer or None, as it was put
        """Return the fact of this name, None when there is none."""
        row = self._sql.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def put(self, facts: Mapping[str, object], *, durable: bool = True) -> bool:
        """Write facts down, None removes one; False when a full disk keeps the old ones."""
        try:
            with self._database.transaction(durable=durable) as sql:
                write(sql, facts)
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            self._database.release_reserve()
            log.debug("the disk is full, not written", facts=sorted(facts))
            return False
        return True

    def raise_session(self) -> int:
        """Return the number of the next connection, higher than any before."""
        self._session = max(self._session, int(self.get("session") or 0)) + 1
        self.put({"session": self._session})
        return self._session

    def positions(self) -> dict[str, Any]:
        """Return how far each device's source was read, as committed with its readings."""
        return {
            device: orjson.loads(position)
            for device, position in self._sql.execute("SELECT device, position FROM positions")
        }

    def result_of(self, command_id: str) -> bytes | None:
        """Return the stored result of a command; empty when it was begun and never finished."""
        row = self._sql.execute("SELECT result FROM commands WHERE id = ?", (command_id,)).fetchone()
        return row[0] if row else None

    def remember_command(self, command_id: str, result: bytes) -> None:
        """Note that a command was begun (empty ``result``) or what became of it; the oldest are forgotten."""
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT INTO commands (id, seen, result) "
                "VALUES (?, (SELECT coalesce(max(seen), 0) + 1 FROM commands), ?) "
                "ON CONFLICT (id) DO UPDATE SET result = excluded.result",
                (command_id, result),
            )
            sql.execute(
                "DELETE FROM commands WHERE seen <= (SELECT max(seen) FROM commands) - ?",
                (COMMANDS_REMEMBERED,),
            )


def write(sql: sqlite3.Connection, facts: Mapping[str, object]) -> None:
    """Write facts inside a transaction of the caller's."""
    for name, value in facts.items():
        if value is None:
            sql.execute("DELETE FROM notes WHERE name = ?", (name,))
        else:
            sql.execute("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", (name, value))


def write_positions(sql: sqlite3.Connection, positions: Mapping[str, object]) -> None:
    """Write how far sources were read, inside the transaction that stores their readings."""
    for device, position in positions.items():
        sql.execute(
            "INSERT OR REPLACE INTO positions (device, position) VALUES (?, ?)",
            (device, orjson.dumps(position)),
        )
