"""Roll-ups: whatever was told again since, by the log of changes; and once, everything there is.

A mirror that begins takes down the number the log has come to, then reads the tables through; a change made
meanwhile has a larger number. The same when the log has forgotten what the mirror has not read.
"""

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from gateway.timeseries.changes import Retold, has_forgotten, newest, retold_since
from gateway.timeseries.mirror.portion import POINTS_A_PORTION, Connect, Portion, as_lines, text_of
from gateway.timeseries.mirror.positions import BEGINNING, DONE, Positions
from wire import influx
from wire.influx import NS_A_MS, ROLLUPS, Tier
from wire.measures import DOMAINS, EVENTS, MEASURES, Kind

MOST_CHANGES = 2_000
"""Entries of the log at once: a series and some buckets each."""
ROWS_A_PORTION = POINTS_A_PORTION // 4
"""A row of a roll-up is up to five values."""
_TAGS_A_LINE = 3
VIEWS = {Tier.QUARTER: "quarters", Tier.DAY: "days"}


class Retellings:
    """Roll-ups told, or told again, by the number of the change."""

    name = "retellings"

    def __init__(self, positions: Positions) -> None:
        self._positions = positions

    def read(self, connect: Connect, position: int) -> Portion | None:
        """Return the roll-ups that changed next; has everything read through when entries are missing."""
        with connect() as cursor:
            if position == BEGINNING or has_forgotten(cursor, position):
                for fill in fills():
                    self._positions.advance(fill.name, BEGINNING)
                return Portion({}, newest(cursor), 0)
            changes = retold_since(cursor, position, MOST_CHANGES)
            return _retold(cursor, changes) if changes else None


def _retold(cursor: duckdb.DuckDBPyConnection, changes: list[Retold]) -> Portion:
    parts = []
    for tier, domain in sorted({(Tier(one.tier), one.domain) for one in changes}):
        some = [one for one in changes if (one.tier, one.domain) == (tier, domain)]
        cursor.register("changed", _columns(Retold._fields, some))
        parts.append(lines_of(cursor, domain, tier, _among(some)))
        cursor.unregister("changed")
    return _portion(parts, changes[-1].n)


class Fill:
    """One tier of one domain from its first bucket on, by the bucket's start; `DONE` when it is through."""

    def __init__(self, tier: Tier, domain: str) -> None:
        self.name = f"fill_{domain}_{tier}"
        self._tier, self._domain = tier, domain

    def read(self, connect: Connect, position: int) -> Portion | None:
        """Return the roll-ups of the next buckets, about as many as fit a portion."""
        if position == DONE:
            return None
        with connect() as cursor:
            upto = self._reaching(cursor, position)
            if upto is None:
                return Portion({}, DONE, 0)
            where = f"q.bucket > {position} AND q.bucket <= {upto}"
            return _portion([lines_of(cursor, self._domain, self._tier, where)], upto)

    def _reaching(self, cursor: duckdb.DuckDBPyConnection, position: int) -> int | None:
        """Return the bucket up to which rows fit a portion, at least one; None when there is no more."""
        rows = cursor.execute(
            f"SELECT bucket, count(*) FROM {self._domain}_{VIEWS[self._tier]} WHERE bucket > {position}"
            f" GROUP BY bucket ORDER BY bucket LIMIT {ROWS_A_PORTION}"
        ).fetchall()
        reached, total = None, 0
        for bucket, count in rows:
            total += count
            if reached is not None and total > ROWS_A_PORTION:
                break
            reached = int(bucket)
        return reached


def fills() -> list[Fill]:
    """Return what reads every tier through."""
    return [Fill(tier, domain) for tier in Tier for domain in DOMAINS]


def lines_of(cursor: duckdb.DuckDBPyConnection, domain: str, tier: Tier, where: str) -> pa.StringArray:
    """Return one line a device and bucket, of the rows `q` that meet a condition."""
    states = [
        (row.name, value, influx.state_field(row, value))
        for row in MEASURES[domain].values()
        if row.kind is Kind.STATE
        for value in influx.values_of(row)
    ]
    cursor.register("state_values", _columns(("name", "value", "field"), states))
    events = [(event, influx.event_count(event)) for event in EVENTS[domain]]
    cursor.register("event_names", _columns(("name", "field"), events))
    table = cursor.sql(
        _LINES.format(
            measurement=influx.rollup(domain, tier).name, view=f"{domain}_{VIEWS[tier]}", where=where
        )
    ).to_arrow_table()
    cursor.unregister("state_values")
    cursor.unregister("event_names")
    return as_lines(table["line"])


_FIGURES = ", ".join(
    f"name || '_{one}=' || {one}" for one in ("min", "max", "mean", "increase", "last", "covered_s")
)
_LINES = f"""
WITH told AS (SELECT * FROM {{view}} q WHERE {{where}}),
said AS (
    SELECT series, bucket, concat_ws(',', {_FIGURES}) AS fields
    FROM told WHERE value IS NULL AND covered_s IS NOT NULL
    UNION ALL
    SELECT series, bucket,
        field || '=' || sum(if(list_contains(string_split(t.value, ' '), v.value), covered_s, 0.0))
    FROM told t JOIN state_values v USING (name) WHERE t.value IS NOT NULL GROUP BY series, bucket, field
    UNION ALL
    SELECT series, bucket, field || '=' || count || 'i'
    FROM told JOIN event_names USING (name) WHERE covered_s IS NULL
),
regions AS (SELECT station_id, arg_max(region, id) AS region FROM sources GROUP BY station_id)
SELECT '{{measurement}},region=' || any_value(region) || ',station=' || any_value(station_id)
    || ',device=' || any_value(device) || ' ' || string_agg(fields, ',' ORDER BY fields)
    || ' ' || (bucket * {NS_A_MS}) || chr(10) AS line
FROM said JOIN series s ON s.id = said.series JOIN regions USING (station_id)
GROUP BY said.series, bucket ORDER BY bucket, said.series
"""


def _portion(parts: Iterable[pa.StringArray], upto: int) -> Portion:
    lines = as_lines(pa.chunked_array(list(parts), pa.string()))
    points = text_of(lines).count(b"=") - _TAGS_A_LINE * len(lines)
    return Portion({ROLLUPS: lines} if len(lines) else {}, upto, points)


def _among(changes: list[Retold]) -> str:
    """Return the condition for rows that the table `changed` names."""
    first, last = min(one.since for one in changes), max(one.until for one in changes)
    return (
        f"q.bucket >= {first} AND q.bucket < {last} AND EXISTS (SELECT 1 FROM changed c"
        " WHERE c.series = q.series AND q.bucket >= c.since AND q.bucket < c.until)"
    )


def _columns(names: Iterable[str], rows: Iterable[tuple[object, ...]]) -> pa.Table:
    listed = list(rows)
    kind = None if listed else pa.string()
    return pa.table({name: pa.array([row[i] for row in listed], kind) for i, name in enumerate(names)})
