"""Which quarters of which devices have to be told (again): kept in the store itself.

A row of `unrolled` says that the quarters `since` to `until` (their starts, both included) of a series do
not agree with its readings.
"""

import duckdb

from gateway.domain.counters import GLITCH_MS
from gateway.timeseries.quarters import QUARTER_MS, Window, hold_ms
from gateway.timeseries.replay import seen_upto
from gateway.timeseries.select import present_fields
from gateway.timeseries.tables import views
from wire.measures import DOMAINS, MEASURES, Kind, Measure

_BACK_MS = -(-GLITCH_MS // QUARTER_MS) * QUARTER_MS
_ON_MS = 2 * _BACK_MS
"""A late sample of a counter may prove that a reset up to an hour before was none, and changes what the two
samples after it prove."""
ALWAYS_LATE = 2**62


def noted_upto(cursor: duckdb.DuckDBPyConnection) -> int:
    """Return the last frame whose readings were looked at; -1 for none."""
    row = cursor.execute("SELECT coalesce(max(frame), -1) FROM noted_upto").fetchone()
    return int(row[0]) if row else -1


def note(cursor: duckdb.DuckDBPyConnection, first: int, last: int, closed: int) -> int | None:
    """Note what the readings of the frames `first` to `last` touch; quarters before `closed` may be told.

    Returns the last frame noted; None when the connection sees none of them yet.
    """
    cursor.begin()
    seen = seen_upto(cursor, first - 1, last)
    if seen is not None:
        note_frames(cursor, first, seen, closed)
        cursor.execute("DELETE FROM noted_upto")
        cursor.execute("INSERT INTO noted_upto VALUES (?)", [seen])
    cursor.commit()
    return seen


def note_frames(connection: duckdb.DuckDBPyConnection, first: int, last: int, closed: int) -> None:
    """Do the same inside a transaction of the caller's."""
    known = views()
    for domain in DOMAINS:
        fields = present_fields(connection, domain, tuple(MEASURES[domain]))
        counts = any(MEASURES[domain][name].kind is Kind.COUNTER for name in fields)
        back, on = (_BACK_MS, _ON_MS) if counts else (0, 0)
        for view in (f"{domain}_samples", f"{domain}_events"):
            if view in known:
                holds = _holds([MEASURES[domain][name] for name in fields if name in known[view]])
                connection.execute(
                    _NOTE.format(view=view, holds=holds), [closed, back, closed, on, first, last]
                )


def note_readings(connection: duckdb.DuckDBPyConnection, measure: Measure) -> None:
    """Do it for the readings of the table `chosen` (`series`, `ts`), of which one field is being changed."""
    back, on = (_BACK_MS, _ON_MS) if measure.kind is Kind.COUNTER else (0, 0)
    connection.execute(
        f"INSERT INTO unrolled SELECT series, quarter - {back}, upto - upto % {QUARTER_MS} + {on} FROM ("
        f"SELECT series, ts - ts % {QUARTER_MS} AS quarter, max(ts) + {hold_ms(measure)} - 1 AS upto"
        " FROM chosen GROUP BY ALL)"
    )


_NOTE = f"""
INSERT INTO unrolled SELECT series, since, until FROM (
    SELECT series, quarter - if(quarter < ?, ?, 0) AS since,
        upto - upto % {QUARTER_MS} + if(quarter < ?, ?, 0) AS until
    FROM (
        SELECT series, ts - ts % {QUARTER_MS} AS quarter, max(ts + {{holds}}) - 1 AS upto
        FROM {{view}} WHERE frame >= ? AND frame <= ? GROUP BY ALL)) w
WHERE NOT EXISTS (
    SELECT 1 FROM unrolled u WHERE u.series = w.series AND u.since <= w.since AND u.until >= w.until)
"""


def _holds(measures: list[Measure]) -> str:
    """Return the expression for how long, in ms, the longest-lived field of a row holds."""
    by_time: dict[int, list[str]] = {}
    for measure in measures:
        by_time.setdefault(hold_ms(measure), []).append(f"{measure.name} IS NOT NULL")
    cases = "".join(f" WHEN {' OR '.join(by_time[ms])} THEN {ms}" for ms in sorted(by_time, reverse=True))
    return f"CASE{cases} ELSE 1 END" if cases else "1"


def settle(cursor: duckdb.DuckDBPyConnection, window: Window) -> None:
    """Strike out the quarters in the window for the series `wanted`; what reaches beyond stays noted."""
    of = f"series IN (SELECT series FROM wanted) AND since >= {window.start} AND since < {window.end}"
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE beyond AS SELECT series, max(until) AS until FROM unrolled"
        f" WHERE {of} GROUP BY series HAVING max(until) >= {window.end}"
    )
    cursor.execute(f"DELETE FROM unrolled WHERE {of}")
    cursor.execute(f"INSERT INTO unrolled SELECT series, {window.end}, until FROM beyond")
