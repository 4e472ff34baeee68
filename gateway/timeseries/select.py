"""The SQL that samples and events of a domain are read with; all names are those of wire.measures."""

from collections.abc import Sequence

import duckdb

from gateway.timeseries.tables import READING_TYPES, views

ALWAYS = ("ts", "frame", "idx", "series", "suspect", "quality", "epoch")


def select_readings(domain: str, fields: Sequence[str], where: str) -> str:
    """Return a SELECT of the readings that have any of ``fields``.

    Its columns are those of `ALWAYS` and the fields, null where a reading has none. A reading with an
    event stands among the events with all it carries, so both tables are read.
    """
    there = views()
    return " UNION ALL ".join(
        _select(view, there[view], fields, where)
        for view in (f"{domain}_samples", f"{domain}_events")
        if view in there
    )


def present_fields(cursor: duckdb.DuckDBPyConnection, domain: str, fields: Sequence[str]) -> tuple[str, ...]:
    """Return those of ``fields`` that any month has a column for: the others cost time and are null."""
    rows = cursor.execute(
        "SELECT DISTINCT column_name FROM duckdb_columns() WHERE starts_with(table_name, ?)"
        " OR starts_with(table_name, ?)",
        [f"{domain}_samples_", f"{domain}_events_"],
    ).fetchall()
    there = {name for (name,) in rows}
    return tuple(name for name in fields if name in there)


def counts(field: str) -> str:
    """Return the condition for a value that may be reckoned with: neither suspect nor stale."""
    return (
        "(quality IS NULL OR quality = 'substituted')"
        f" AND (suspect IS NULL OR NOT list_contains(suspect, '{field}'))"
    )


def _select(view: str, there: dict[str, str], fields: Sequence[str], where: str) -> str:
    columns = [*ALWAYS, *(name if name in there else f"NULL AS {name}" for name in fields)]
    return f"SELECT {', '.join(columns)} FROM {view} WHERE {where}{_has_any(there, fields)}"


def _has_any(there: dict[str, str], fields: Sequence[str]) -> str:
    asked = [name for name in there if name in fields]
    if len(asked) + len(READING_TYPES) == len(there):
        return ""  # every field is asked for, and every reading has one
    return f" AND ({' OR '.join(f'{name} IS NOT NULL' for name in asked) or 'false'})"
