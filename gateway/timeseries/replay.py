"""Stored frames as the batches they once were: in order of receipt, so that history can be judged again."""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from gateway.batch.batch import FRAME_SCHEMA, Batch
from gateway.timeseries.tables import views
from wire.measures import DOMAINS, EVENT_FIELDS

CHUNK_FRAMES = 20_000
"""Frames that are in memory at a time: 600,000 points, so that the cost of a portion hardly counts."""
_UNUSED = frozenset({"own_ts"})


def frames_received(cursor: duckdb.DuckDBPyConnection, start: int, end: int) -> tuple[int, int] | None:
    """Return the first and last number of the frames received in ``start <= received < end`` (ms)."""
    row = cursor.execute(
        "SELECT min(frame), max(frame) FROM frames_raw WHERE received >= ? AND received < ?", [start, end]
    ).fetchone()
    return None if row is None or row[0] is None else (int(row[0]), int(row[1]))


def batches(
    cursor: duckdb.DuckDBPyConnection, first: int, last: int, chunk: int = CHUNK_FRAMES
) -> Iterator[Batch]:
    """Yield the frames ``first`` to ``last``, so many at a time; duckdb.Error when the store fails."""
    columns = present_columns(cursor)
    for begin in range(first, last + 1, chunk):
        end = min(begin + chunk - 1, last)
        frames = _between(cursor, "frames_raw", FRAME_SCHEMA.names, begin, end)
        if frames.num_rows:
            yield Batch(
                frames.cast(FRAME_SCHEMA),
                dict(_tables(cursor, "samples", columns, begin, end)),
                dict(_tables(cursor, "events", columns, begin, end)),
            )


def _tables(
    cursor: duckdb.DuckDBPyConnection, kind: str, columns: dict[str, list[str]], begin: int, end: int
) -> Iterator[tuple[str, pa.Table]]:
    for domain in DOMAINS:
        chosen = columns.get(f"{domain}_{kind}")
        if not chosen or (kind == "events" and not EVENT_FIELDS[domain]):
            continue
        rows = _between(cursor, f"{domain}_{kind}", chosen, begin, end)
        if rows.num_rows:
            # as in a live batch: a column without a value is not there
            said = [name for name in rows.column_names if rows[name].null_count < rows.num_rows]
            yield domain, rows.select(said)


def _between(
    cursor: duckdb.DuckDBPyConnection, view: str, columns: list[str], begin: int, end: int
) -> pa.Table:
    order = "frame, idx" if "idx" in columns else "frame"
    named = ", ".join(f'"{name}"' for name in columns)
    return cursor.sql(
        f"SELECT {named} FROM {view} WHERE frame BETWEEN {begin} AND {end} ORDER BY {order}"
    ).to_arrow_table()


def present_columns(cursor: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Return the columns of each view of readings that any month has: the others cost time and are null."""
    there = cursor.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
    ).fetchall()
    found: dict[str, set[str]] = {}
    for table, column in there:
        view, _, month = table.rpartition("_")
        if month.isdigit():
            found.setdefault(view, set()).add(column)
    return {
        view: [name for name in types if name in found[view] and name not in _UNUSED]
        for view, types in views().items()
        if view in found and view != "frames_raw"
    }


def seen_upto(cursor: duckdb.DuckDBPyConnection, position: int, last: int) -> int | None:
    """Return the last frame up to `last` that the connection sees; None when it has to be asked again.

    The first question on a new connection was seen to miss a commit that had returned milliseconds before:
    whoever reads on behind a cursor would go on without its frames. Numbers nobody used are passed over.
    """
    asked = "SELECT max(frame) FROM frames_raw WHERE frame > ? AND frame <= ?"
    ((seen,),) = cursor.execute(asked, [position, last]).fetchall()
    if seen is None:
        asked = "SELECT min(frame) - 1 FROM frames_raw WHERE frame > ?"
        ((seen,),) = cursor.execute(asked, [last]).fetchall()
    return None if seen is None else int(seen)
