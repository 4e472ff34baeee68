"""Times whose readings are not kept any more: their roll-ups stand as they are.

A quarter told again from what came late alone would forget all that came in time. Access events leave their
counts behind (`access_counts`), so their quarters are counted again, but nothing else of them is.
"""

import duckdb

from gateway.timeseries.quarters import QUARTER_MS

ACCESS_EVENTS = "access_events"


def key_of(view: str) -> str:
    """Name what the readings of a view are sealed with: a domain, or access events, which go sooner."""
    return view if view == ACCESS_EVENTS else view.partition("_")[0]


def seal(cursor: duckdb.DuckDBPyConnection, key: str, until: int) -> None:
    """Note that readings before `until` (ms) are gone, inside the transaction that drops them."""
    until = max(until, sealed_until(cursor, key))
    cursor.execute("DELETE FROM sealed WHERE key = ?", [key])
    cursor.execute("INSERT INTO sealed VALUES (?, ?)", [key, until])


def sealed_until(cursor: duckdb.DuckDBPyConnection, key: str) -> int:
    """Return the time (ms) before which readings are gone; 0 when none are."""
    rows = cursor.execute("SELECT until FROM sealed WHERE key = ?", [key]).fetchall()
    return int(rows[0][0]) if rows else 0


def strike_out(cursor: duckdb.DuckDBPyConnection, domain: str) -> None:
    """Take from what has to be told the quarters of a domain whose readings are gone."""
    until = sealed_until(cursor, domain)
    of_domain = "series IN (SELECT id FROM series WHERE domain = ?)"
    cursor.begin()
    cursor.execute(f"DELETE FROM unrolled WHERE until < ? AND {of_domain}", [until, domain])
    # the row that starts before and ends after: what is gone ends with a month, so on a quarter
    cursor.execute(f"UPDATE unrolled SET since = ? WHERE since < ? AND {of_domain}", [until, until, domain])
    cursor.commit()


def counted_until(cursor: duckdb.DuckDBPyConnection, domain: str) -> int:
    """Return the time (ms) before which only the events of a domain are counted again."""
    until = sealed_until(cursor, ACCESS_EVENTS) if domain == "access" else 0
    return until - until % QUARTER_MS
