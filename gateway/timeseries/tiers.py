"""What quarters, days, months and years have in common: their rows, and how finer ones become coarser."""

from collections.abc import Collection

import duckdb
import pyarrow as pa

from gateway.timeseries import tables


def combined(finer: str) -> str:
    """Return a SELECT of coarser rows, columns as in `quarters.ROWS`.

    `finer` selects such rows with one more column, `whole`: the start (ms) of what each belongs to. A mean is
    weighted by the seconds that are covered; of states `last_ts` is that of the one that was on at the end.
    """
    return (
        "SELECT whole AS bucket, series, name, value, sum(count)::BIGINT AS count,"
        ' sum(covered_s) AS covered_s, min("min") AS "min", max("max") AS "max",'
        " sum(mean * covered_s) / sum(covered_s) FILTER (WHERE mean IS NOT NULL) AS mean,"
        " round(sum(increase), 6) AS increase, arg_max(last, bucket) AS last,"
        " max(last_ts) FILTER (WHERE bucket = newest) AS last_ts, arg_max(epoch, bucket) AS epoch"
        f" FROM (SELECT *, max(bucket) OVER (PARTITION BY whole, series, name) AS newest FROM ({finer}))"
        " GROUP BY whole, series, name, value"
    )


def replace(
    cursor: duckdb.DuckDBPyConnection,
    view: str,
    since: int,
    until: int,
    rows: pa.Table,
    names: Collection[str] | None = None,
) -> None:
    """Write the rows with ``since <= bucket < until`` of the series `wanted` anew, in a transaction.

    Where `names` are given, only theirs.
    """
    of_these = "bucket >= ? AND bucket < ? AND series IN (SELECT series FROM wanted)"
    asked: list[object] = [since, until]
    if names is not None:
        of_these += " AND name IN (SELECT unnest(?::VARCHAR[]))"
        asked.append([*names])
    for month in months_of(cursor, view):
        begins, ends = tables.span_of(month)
        if begins < until and since < ends:
            cursor.execute(f"DELETE FROM {view}_{month} WHERE {of_these}", asked)
    if rows.num_rows:
        append(cursor, view, rows)


def append(cursor: duckdb.DuckDBPyConnection, view: str, rows: pa.Table) -> None:
    """Write rows into the tables of their months, in the caller's transaction."""
    types, months = tables.views()[view], months_of(cursor, view)
    order = "name, series, bucket" if "name" in types else "series, bucket"
    for month, part in tables.split(rows, view, "bucket"):
        if month not in months:
            listed = ", ".join(f"{name} {kind}" for name, kind in types.items())
            cursor.execute(f"CREATE TABLE {view}_{month}({listed})")
            months.append(month)
            cursor.execute(tables.create_view(view, types, dict.fromkeys(months, types)))
        cursor.register("part", part)
        cursor.execute(f"INSERT INTO {view}_{month} BY NAME SELECT * FROM part ORDER BY {order}")


def months_of(cursor: duckdb.DuckDBPyConnection, view: str) -> list[str]:
    """List the months that the view has tables of, oldest first."""
    names = cursor.execute(
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, ?)", [f"{view}_"]
    ).fetchall()
    return sorted(name.removeprefix(f"{view}_") for (name,) in names)
