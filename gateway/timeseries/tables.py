"""The tables of the store: one a month for samples, events and roll-ups of each domain, and for frames.

Access events have one a day.

A column exists from its first value on: DuckDB pays for every column of every append, and no station
reports all fields. Views without the month have every column, null where a month never had it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

import duckdb
import numpy as np
import pyarrow as pa

from gateway.batch.batch import FRAME_SCHEMA
from gateway.timeseries import changes
from gateway.timeseries.quarters import ROWS
from wire.columns import field_types
from wire.measures import DOMAINS, EVENT_FIELDS, MEASURES

READING_TYPES = {
    "frame": "BIGINT",
    "idx": "SMALLINT",
    "series": "INTEGER",
    "ts": "BIGINT",
    "own_ts": "BIGINT",
    "quality": "VARCHAR",
    "epoch": "BIGINT",
    "suspect": "VARCHAR[]",
}

TIERS = ("quarters", "days")
DAILY = frozenset({"access_events"})
"""Views with a table a day: what carries pseudonyms is kept for days, and goes with its table."""
ACCESS_COUNTS = {
    "bucket": "BIGINT",  # start of the quarter, ms
    "series": "INTEGER",
    "event": "VARCHAR",
    "phase": "VARCHAR",
    "credential_kind": "VARCHAR",
    "direction": "VARCHAR",
    "count": "BIGINT",
}
"""What remains of access events: how many there were in a quarter, of whom nobody is told."""

FRAMES_VIEW = """
CREATE OR REPLACE VIEW frames AS
SELECT f.* EXCLUDE (source), s.region, s.station_id, s.stream
FROM frames_raw f JOIN sources s ON s.id = f.source
"""

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS sources(id INTEGER, region VARCHAR, station_id VARCHAR, stream VARCHAR);
CREATE TABLE IF NOT EXISTS series(id INTEGER, station_id VARCHAR, domain VARCHAR, device VARCHAR);
CREATE TABLE IF NOT EXISTS gone(source INTEGER, lo BIGINT, hi BIGINT);
CREATE TABLE IF NOT EXISTS duplicates(station_id VARCHAR, copies BIGINT);
CREATE TABLE IF NOT EXISTS replayed(identity VARCHAR, frame BIGINT);
CREATE TABLE IF NOT EXISTS ledger(station_id VARCHAR, stream VARCHAR, first BIGINT, last BIGINT,
    oldest BIGINT, born BOOLEAN, held BIGINT[][], gone BIGINT[][]);
CREATE TABLE IF NOT EXISTS counted(station_id VARCHAR, late BIGINT);
CREATE TABLE IF NOT EXISTS ledger_upto(frame BIGINT);
CREATE TABLE IF NOT EXISTS unrolled(series INTEGER, since BIGINT, until BIGINT);
CREATE TABLE IF NOT EXISTS noted_upto(frame BIGINT);
CREATE TABLE IF NOT EXISTS untold_days(series INTEGER, since BIGINT, until BIGINT);
CREATE TABLE IF NOT EXISTS zones(station_id VARCHAR, tz VARCHAR);
CREATE TABLE IF NOT EXISTS sealed(key VARCHAR, until BIGINT);
CREATE TABLE IF NOT EXISTS unnumbered(station_id VARCHAR, frames BIGINT);
{changes.SCHEMA}"""


def sql_type(arrow: pa.DataType) -> str:
    """Name the column type that holds an Arrow type without loss."""
    if pa.types.is_list(arrow):
        return f"{sql_type(arrow.value_type)}[]"
    return {
        pa.float64(): "DOUBLE",
        pa.int64(): "BIGINT",
        pa.int32(): "INTEGER",
        pa.bool_(): "BOOLEAN",
        pa.string(): "VARCHAR",
        pa.binary(): "BLOB",
    }[arrow]


@cache
def views() -> Mapping[str, dict[str, str]]:
    """Return every view with its columns and their types."""
    tables = {"frames_raw": {field.name: sql_type(field.type) for field in FRAME_SCHEMA}}
    tables["access_counts"] = dict(ACCESS_COUNTS)
    for domain in DOMAINS:
        types = {name: sql_type(arrow) for name, arrow in field_types(domain).items()}
        samples = {name: types[name] for name in MEASURES[domain]}
        tables[f"{domain}_samples"] = {**READING_TYPES, **samples}
        if EVENT_FIELDS[domain]:
            tables[f"{domain}_events"] = {**READING_TYPES, "event": "VARCHAR", **types}
        for tier in TIERS:
            tables[f"{domain}_{tier}"] = {field.name: sql_type(field.type) for field in ROWS}
    return tables


def period_of(view: str, ms: int) -> str:
    """Name the UTC month or day whose table of a view holds a time in ms: `202611`, `20261122`."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y%m%d" if view in DAILY else "%Y%m")


def span_of(period: str) -> tuple[int, int]:
    """Return start and end (ms) of a month or day by its name."""
    of_day = len(period) == len("20261122")
    start = datetime.strptime(period, "%Y%m%d" if of_day else "%Y%m").replace(tzinfo=UTC)
    end = start + timedelta(days=1) if of_day else (start + timedelta(days=32)).replace(day=1)
    return round(start.timestamp() * 1_000), round(end.timestamp() * 1_000)


def split(table: pa.Table, view: str, column: str) -> Iterator[tuple[str, pa.Table]]:
    """Yield (month or day, rows) by a column of ms; nearly always one and no copy."""
    times = table[column].to_numpy()
    first, last = period_of(view, int(times.min())), period_of(view, int(times.max()))
    if first == last:
        yield first, table
        return
    unit = "D" if view in DAILY else "M"
    periods = times.astype("datetime64[ms]").astype(f"datetime64[{unit}]")
    for period in np.unique(periods):
        yield str(period).replace("-", ""), table.filter(pa.array(periods == period))


def part_by_day(connection: duckdb.DuckDBPyConnection) -> None:
    """Give views with a table a day what an earlier version wrote by the month."""
    for view in DAILY:
        names = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE regexp_full_match(table_name, ?)",
            [f"{view}_[0-9]{{6}}"],
        ).fetchall()
        for (month,) in names:
            connection.begin()
            days = connection.execute(
                f"SELECT DISTINCT strftime(make_timestamp_ms(ts), '%Y%m%d') FROM {month}"
            ).fetchall()
            for (day,) in days:
                start, end = span_of(day)
                connection.execute(
                    f"CREATE TABLE {view}_{day} AS FROM {month} WHERE ts >= {start} AND ts < {end}"
                )
            connection.execute(f"DROP TABLE {month}")
            connection.commit()


def alike_together(table: pa.Table) -> pa.Table:
    """Order readings by their place in their frames, else as they were.

    The same place nearly always holds the same kind of device, with the same fields: absent values stand
    together and cost nothing. Mixed, a quarter of the disk went to nulls (3.85 and 2.93 bytes a point).
    """
    places = table["idx"].to_numpy()
    if (places == places[0]).all():
        return table
    # in one piece: taking rows out of chunks looks the chunk up for each of them
    return table.combine_chunks().take(pa.array(np.argsort(places, kind="stable")))


def create_view(view: str, columns: dict[str, str], months: Mapping[str, Iterable[str]]) -> str:
    """Return the statement for a view over the months' tables; `months` gives the columns each has."""
    parts = []
    for month, present in sorted(months.items()):
        there = set(present)
        chosen = [name if name in there else f"NULL::{kind} AS {name}" for name, kind in columns.items()]
        parts.append(f"SELECT {', '.join(map(str, chosen))} FROM {view}_{month}")
    nothing = ", ".join(f"NULL::{kind} AS {name}" for name, kind in columns.items())
    body = " UNION ALL ".join(parts) if parts else f"SELECT {nothing} WHERE false"
    return f"CREATE OR REPLACE VIEW {view} AS {body}"
