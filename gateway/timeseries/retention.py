"""What of the store is past its time, and taking it out: whole tables, so that DuckDB uses their room again.

Deleting rows would make the file grow. What has to outlive a table is written in the transaction that drops
it: counts of access events, counts of frames without a number, and the time up to which readings are gone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb

from gateway.domain.retention import DataClass
from gateway.timeseries import changes, sealed, tables, tiers
from gateway.timeseries.quarters import QUARTER_MS
from gateway.timeseries.store import Store
from wire.measures import DOMAINS, EVENT_FIELDS

_BLOCK_BYTES = 262_144
"""DuckDB writes in blocks of so many bytes."""


@dataclass(frozen=True, slots=True)
class Part:
    """One table whose time is over; ``since <= ts < until`` in ms.

    ``waits_for`` names who has not taken in yet what it holds, if anybody.
    """

    data_class: DataClass
    view: str
    period: str
    since: int
    until: int
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """How much went; ``bytes`` counts blocks that the table shared with others wholly."""

    rows: int
    bytes: int


class Retention:
    """Takes tables out of the store; `mirrored_upto` tells the last frame the mirror has."""

    def __init__(self, store: Store, mirrored_upto: Callable[[], int]) -> None:
        self._store = store
        self._mirrored_upto = mirrored_upto

    def expired(self, of: DataClass, horizon: int) -> list[Part]:
        """Return the tables that hold anything from before `horizon` (ms), oldest first."""
        with self._store.cursor() as cursor:
            parts = [
                part for view in views_of(of) for part in _parts(cursor, of, view) if part.since < horizon
            ]
            parts.sort(key=lambda part: (part.since, part.view == "frames_raw", part.view))
            return [
                Part(of, part.view, part.period, part.since, part.until, self._waits(cursor, part))
                for part in parts
            ]

    def drop(self, part: Part) -> Removed:
        """Drop one table, in one transaction; duckdb.Error when that cannot be done, and nothing is."""
        table = f"{part.view}_{part.period}"
        with self._store.cursor() as cursor:
            removed = Removed(_rows(cursor, table), _bytes(cursor, table))
        self._store.drop_table(part.view, part.period, lambda cursor: _leave_behind(cursor, part))
        return removed

    def forget_changes(self, now: int) -> int:
        """Take out what is older of the log of changes, and return how many entries went."""
        with self._store.cursor() as cursor:
            return changes.forget(cursor, now)

    def oldest(self, of: DataClass) -> int | None:
        """Return the time (ms) of the oldest row of a class, None when there is none."""
        with self._store.cursor() as cursor:
            if of is DataClass.CHANGES:
                return _first(cursor, "retold", "told")
            found = [_oldest_of(cursor, view) for view in views_of(of)]
        return min((ms for ms in found if ms is not None), default=None)

    def _waits(self, cursor: duckdb.DuckDBPyConnection, part: Part) -> str | None:
        if part.data_class is DataClass.TIERS:
            return None
        row = cursor.execute(f"SELECT max(frame) FROM {part.view}_{part.period}").fetchone()
        last = int(row[0]) if row and row[0] is not None else -1
        if last > _one(cursor, "SELECT max(frame) FROM noted_upto") or _is_untold(cursor, part):
            return "roll-ups"
        if part.view == "frames_raw" and last > _one(cursor, "SELECT max(frame) FROM ledger_upto"):
            return "ledger"
        return "mirror" if last > self._mirrored_upto() else None


def views_of(of: DataClass) -> tuple[str, ...]:
    """Return the views whose tables are a class."""
    if of is DataClass.ACCESS:
        return (sealed.ACCESS_EVENTS,)
    if of is DataClass.TIERS:
        return ("access_counts", *(f"{domain}_{tier}" for domain in DOMAINS for tier in tables.TIERS))
    if of is DataClass.READINGS:
        events = (f"{domain}_events" for domain in DOMAINS if EVENT_FIELDS[domain])
        kept = (view for view in events if view != sealed.ACCESS_EVENTS)
        return (*(f"{domain}_samples" for domain in DOMAINS), *kept, "frames_raw")
    return ()


def _parts(cursor: duckdb.DuckDBPyConnection, of: DataClass, view: str) -> Iterator[Part]:
    periods = tiers.months_of(cursor, view)
    if view == "frames_raw":
        periods = periods[:-1]  # the newest frame gives the next one its number
    for period in periods:
        yield Part(of, view, period, *tables.span_of(period))


def _is_untold(cursor: duckdb.DuckDBPyConnection, part: Part) -> bool:
    if part.view == "frames_raw":
        return False
    domain = part.view.partition("_")[0]
    return bool(
        cursor.execute(
            "SELECT 1 FROM unrolled u JOIN series s ON s.id = u.series"
            " WHERE s.domain = ? AND u.since < ? AND u.until >= ? LIMIT 1",
            [domain, part.until, max(part.since, sealed.sealed_until(cursor, domain))],
        ).fetchone()
    )


def _leave_behind(cursor: duckdb.DuckDBPyConnection, part: Part) -> None:
    """Write what has to outlive a table."""
    table = f"{part.view}_{part.period}"
    if part.view == sealed.ACCESS_EVENTS:
        _keep_counts(cursor, table)
    if part.view == "frames_raw":
        cursor.execute(
            "INSERT INTO unnumbered SELECT station_id, count(*)"
            f" FROM {table} f JOIN sources s ON s.id = f.source WHERE stream IS NULL GROUP BY station_id"
        )
    elif part.data_class is not DataClass.TIERS:
        sealed.seal(cursor, sealed.key_of(part.view), part.until)


def _keep_counts(cursor: duckdb.DuckDBPyConnection, table: str) -> None:
    there = {name for (name,) in _columns(cursor, table)}
    asked = ", ".join(
        name if name in there else f"NULL::VARCHAR AS {name}"
        for name in ("event", "phase", "credential_kind", "direction")
    )
    rows = cursor.sql(
        f"SELECT ts - ts % {QUARTER_MS} AS bucket, series, {asked}, count(*) AS count FROM {table}"
        " WHERE event IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).to_arrow_table()
    if rows.num_rows:
        tiers.append(cursor, "access_counts", rows)


def _columns(cursor: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str]]:
    return cursor.execute("SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [table]).fetchall()


def _oldest_of(cursor: duckdb.DuckDBPyConnection, view: str) -> int | None:
    column = "received" if view == "frames_raw" else "ts" if "ts" in tables.views()[view] else "bucket"
    found = (_first(cursor, f"{view}_{period}", column) for period in tiers.months_of(cursor, view))
    return next((ms for ms in found if ms is not None), None)


def _first(cursor: duckdb.DuckDBPyConnection, table: str, column: str) -> int | None:
    row = cursor.execute(f"SELECT min({column}) FROM {table}").fetchone()
    return None if row is None or row[0] is None else int(row[0])


def _rows(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    return _one(cursor, f"SELECT count(*) FROM {table}")


def _bytes(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    asked = f"SELECT count(DISTINCT block_id) FROM pragma_storage_info('{table}') WHERE block_id >= 0"
    return _BLOCK_BYTES * _one(cursor, asked)


def _one(cursor: duckdb.DuckDBPyConnection, query: str) -> int:
    row = cursor.execute(query).fetchone()
    return -1 if row is None or row[0] is None else int(row[0])
