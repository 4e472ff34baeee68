"""What of the store was told again since somebody last looked: roll-ups, and readings that were corrected.

Both are logs with an increasing `n`, written in the transaction of what they tell, so whoever keeps the `n`
it has come to (the mirror) misses nothing. A restored backup knows lower numbers than those who read on: one
that holds a larger `n` than `newest` begins anew.
"""

from typing import Literal, NamedTuple

import duckdb

from gateway.domain.local_time import DAY_MS
from gateway.domain.retention import CHANGES_DAYS

Tier = Literal["15m", "1d"]
KEEP_MS = CHANGES_DAYS * DAY_MS
"""What is older is forgotten, read or not: longer than a station's outbox keeps its frames, and a mirror that
was down for longer is filled from the tiers, not from this log. A row is 2.6 bytes; in the order of writing,
what is deleted is whole row groups, whose room DuckDB uses again."""

SCHEMA = """
CREATE SEQUENCE IF NOT EXISTS changes;
CREATE TABLE IF NOT EXISTS retold(n BIGINT, tier VARCHAR, domain VARCHAR, series INTEGER,
    since BIGINT, until BIGINT, told BIGINT);
CREATE TABLE IF NOT EXISTS corrected(n BIGINT, domain VARCHAR, frame BIGINT, idx SMALLINT, told BIGINT);
CREATE TABLE IF NOT EXISTS carried_out(correction VARCHAR, place INTEGER);
"""


class Retold(NamedTuple):
    """The rows of one series with ``since <= bucket < until`` (ms) were written anew; there may be none."""

    n: int
    tier: Tier
    domain: str
    series: int
    since: int
    until: int


class Corrected(NamedTuple):
    """One stored reading says something else than before."""

    n: int
    domain: str
    frame: int
    idx: int


def note_retold(
    cursor: duckdb.DuckDBPyConnection, tier: Tier, domain: str, since: int, until: int, now: int
) -> None:
    """Note the series of the table `wanted`, inside the transaction that writes their rows."""
    cursor.execute(
        "INSERT INTO retold SELECT nextval('changes'), ?, ?, series, ?, ?, ? FROM wanted ORDER BY series",
        [tier, domain, since, until, now],
    )


def note_corrected(cursor: duckdb.DuckDBPyConnection, domain: str, now: int) -> None:
    """Note the readings of the table `chosen` (`frame`, `idx`), inside the transaction that corrects them."""
    cursor.execute(
        "INSERT INTO corrected SELECT nextval('changes'), ?, frame, idx, ? FROM chosen ORDER BY frame, idx",
        [domain, now],
    )


def retold_since(cursor: duckdb.DuckDBPyConnection, n: int, limit: int) -> list[Retold]:
    """Return the oldest entries after `n`, in order; duckdb.Error when the store fails."""
    rows = cursor.execute(
        "SELECT n, tier, domain, series, since, until FROM retold WHERE n > ? ORDER BY n LIMIT ?", [n, limit]
    ).fetchall()
    return [Retold(*row) for row in rows]


def corrected_since(cursor: duckdb.DuckDBPyConnection, n: int, limit: int) -> list[Corrected]:
    """Return the oldest entries after `n`, in order; duckdb.Error when the store fails."""
    rows = cursor.execute(
        "SELECT n, domain, frame, idx FROM corrected WHERE n > ? ORDER BY n LIMIT ?", [n, limit]
    ).fetchall()
    return [Corrected(*row) for row in rows]


def newest(cursor: duckdb.DuckDBPyConnection) -> int:
    """Return the largest `n` of either log; 0 when both are empty."""
    row = cursor.execute(
        "SELECT coalesce(max(n), 0) FROM (SELECT n FROM retold UNION ALL SELECT n FROM corrected)"
    ).fetchone()
    return int(row[0]) if row else 0


def has_forgotten(cursor: duckdb.DuckDBPyConnection, n: int) -> bool:
    """Whether entries after `n` are gone, or the log ends before it, as after a restored backup."""
    ((oldest,),) = cursor.execute(
        "SELECT min(n) FROM (SELECT n FROM retold UNION ALL SELECT n FROM corrected)"
    ).fetchall()
    return n > newest(cursor) or (oldest is not None and oldest > n + 1)


def forget(cursor: duckdb.DuckDBPyConnection, now: int) -> int:
    """Take out what is older than `KEEP_MS` and return how many entries went."""
    gone = 0
    for table in ("retold", "corrected"):
        row = cursor.execute(f"DELETE FROM {table} WHERE told < ?", [now - KEEP_MS]).fetchone()
        gone += int(row[0]) if row else 0
    return gone
