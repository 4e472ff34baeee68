"""The last value of every field of every series, read back at a start."""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from wire.measures import DOMAINS, MEASURES


def read(cursor: duckdb.DuckDBPyConnection, since: int) -> Iterator[tuple[str, pa.Table]]:
    """Yield (domain, one row per series) of what was said since `since` (ms): `series`, `ts`, fields."""
    for domain in DOMAINS:
        fields = ", ".join(
            f"arg_max({name}, ts) FILTER ({name} IS NOT NULL) AS {name}" for name in MEASURES[domain]
        )
        rows = cursor.sql(
            f"SELECT series, max(ts) AS ts, {fields} FROM {domain}_samples WHERE ts >= ? GROUP BY series",
            params=[since],
        ).to_arrow_table()
        if rows.num_rows:
            yield domain, _without_empty(rows)


def _without_empty(table: pa.Table) -> pa.Table:
    return table.select([name for name in table.column_names if table[name].null_count < table.num_rows])
