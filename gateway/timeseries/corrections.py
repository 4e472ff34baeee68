"""Stored readings that a person corrects: found by what names them, changed in place, told again.

The column holds the corrected value and the reading says `substituted`. What stood there before, who decided
it and why is in the operational database, which decides; the table `carried_out` says how much of that the
store has done (docs/decisions/corrections.md).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa

from gateway.domain.corrections import MOST_READINGS, Wanted
from gateway.state.corrections import Correction, Identity
from gateway.timeseries import changes, tables, touched
from gateway.timeseries.store import MakeRoom
from wire.measures import MEASURES


class Stream(NamedTuple):
    """Where a frame stands in its stream; None for frames without one."""

    stream: str | None
    seq: int | None


class Found(NamedTuple):
    """A stored reading, and what stands in the field."""

    view: str
    frame: int
    series: int
    ts: int
    device: str
    identity: Identity
    value: object


def find(cursor: duckdb.DuckDBPyConnection, wanted: Wanted) -> list[Found]:
    """Return the readings meant, by time, one more than `MOST_READINGS` at most; duckdb.Error on failure."""
    conditions: list[tuple[str, object]] = [
        ("series IN (SELECT id FROM series WHERE station_id = ?)", wanted.station_id),
        ("series IN (SELECT id FROM series WHERE device = ?)", wanted.device),
        ("ts >= ?", wanted.since),
        ("ts < ?", wanted.until),
        ("idx = ?", wanted.index),
    ]
    if wanted.stream is not None:
        numbers = cursor.execute(
            "SELECT list(frame) FROM frames WHERE station_id = ? AND stream = ? AND seq = ?",
            [wanted.station_id, wanted.stream, wanted.seq],
        ).fetchone()
        conditions.append(("list_contains(?::BIGINT[], frame)", (numbers and numbers[0]) or []))
    given = {condition: value for condition, value in conditions if value is not None}
    where = [*given, *([f"{wanted.field} IS NOT NULL"] if wanted.several else [])]
    return _found(cursor, wanted.domain, wanted.field, " AND ".join(where), [*given.values()])


def streams_of(cursor: duckdb.DuckDBPyConnection, frames: Collection[int]) -> dict[int, Stream]:
    """Return stream and seq by the number of each frame; duckdb.Error on failure."""
    if not frames:
        return {}
    rows = cursor.execute(
        f"SELECT frame, stream, seq FROM frames WHERE frame BETWEEN {min(frames)} AND {max(frames)}"
        " AND frame IN (SELECT unnest(?::BIGINT[]))",
        [list(frames)],
    ).fetchall()
    return {frame: Stream(stream, seq) for frame, stream, seq in rows}


def undone(cursor: duckdb.DuckDBPyConnection, counts: Mapping[str, int]) -> list[str]:
    """Return the ids of ``counts`` (readings by correction) that are not carried out, or not wholly."""
    done = dict(
        cursor.execute("SELECT correction, count(DISTINCT place) FROM carried_out GROUP BY ALL").fetchall()
    )
    return [correction for correction, count in counts.items() if done.get(correction, 0) < count]


def locate(correction: Correction, after: int, cursor: duckdb.DuckDBPyConnection) -> dict[int, Found]:
    """Return by their place the readings of a correction that still wait for it and came after a frame."""
    done = cursor.execute("SELECT place FROM carried_out WHERE correction = ?", [correction.id]).fetchnumpy()
    places = sorted(set(range(correction.count)) - set(done["place"].tolist()))
    keys = [_key(correction.readings[place].identity) for place in places]
    cursor.register("asked", pa.table({"key": pa.array(keys, pa.string()), "place": places}))
    frames = cursor.execute(
        "SELECT place, frame FROM asked JOIN ("
        "SELECT frame, coalesce(stream || '/' || seq, lower(hex(digest))) AS key"
        " FROM frames WHERE station_id = ? AND frame > ?) USING (key)",
        [correction.station_id, after],
    ).fetchall()
    numbers = sorted({frame for _, frame in frames})
    if not numbers:
        return {}
    where = f"frame BETWEEN {numbers[0]} AND {numbers[-1]} AND frame IN (SELECT unnest(?::BIGINT[]))"
    rows = _found(cursor, correction.domain, correction.field, where, [numbers])
    there = {(row.frame, row.identity.idx): row for row in rows}
    wanted = ((place, (frame, correction.readings[place].identity.idx)) for place, frame in frames)
    return {place: there[name] for place, name in wanted if name in there}


def carry_out(
    correction: Correction,
    found: Mapping[int, Found],
    now: int,
    connection: duckdb.DuckDBPyConnection,
    make_room: MakeRoom,
) -> None:
    """Correct readings, given by their place, inside a transaction of the store's (`Store.change`)."""
    by_table: dict[tuple[str, str], list[tuple[int, Found]]] = defaultdict(list)
    for place, reading in found.items():
        by_table[reading.view, tables.period_of(reading.view, reading.ts)].append((place, reading))
    for (view, month), chosen in by_table.items():
        make_room(view, month, (correction.field, "quality", "suspect"))
        connection.register("chosen", _chosen(chosen))
        touched.note_readings(connection, MEASURES[correction.domain][correction.field])
        connection.execute(_update(connection, correction, view, month), [correction.value])
        changes.note_corrected(connection, correction.domain, now)
        connection.execute("INSERT INTO carried_out SELECT ?, place FROM chosen", [correction.id])
        connection.unregister("chosen")


def last_value(cursor: duckdb.DuckDBPyConnection, domain: str, field: str, series: int, since: int) -> object:
    """Return what a device last said of a field at or after `since` (ms), None for nothing."""
    row = cursor.execute(
        f"SELECT arg_max(value, ts) FROM ({_both(domain, field, 'series = ? AND ts >= ?')})",
        [series, since] * len(_views(domain)),
    ).fetchone()
    return row[0] if row else None


def _found(
    cursor: duckdb.DuckDBPyConnection, domain: str, field: str, where: str, parameters: Sequence[object]
) -> list[Found]:
    rows = cursor.execute(
        "SELECT r.view, r.frame, r.series, r.ts, s.device,"
        " f.stream, f.seq, lower(hex(f.digest)), r.idx, r.value"
        f" FROM ({_both(domain, field, where)}) r"
        " JOIN series s ON s.id = r.series JOIN frames f ON f.frame = r.frame"
        f" ORDER BY r.ts, r.frame, r.idx LIMIT {MOST_READINGS + 1}",
        [*parameters] * len(_views(domain)),
    ).fetchall()
    return [
        Found(view, frame, series, ts, device, Identity(stream, seq, digest, idx), value)
        for view, frame, series, ts, device, stream, seq, digest, idx, value in rows
    ]


def _views(domain: str) -> list[str]:
    return [view for view in (f"{domain}_samples", f"{domain}_events") if view in tables.views()]


def _both(domain: str, field: str, where: str) -> str:
    """Return the readings of both kinds: one with an event stands among the events with all it carries."""
    return " UNION ALL ".join(
        f"SELECT '{view}' AS view, frame, idx, series, ts, {field} AS value FROM {view} WHERE {where}"
        for view in _views(domain)
    )


def _key(identity: Identity) -> str | None:
    return identity.digest if identity.stream is None else f"{identity.stream}/{identity.seq}"


def _chosen(chosen: Sequence[tuple[int, Found]]) -> pa.Table:
    rows = [(place, one.frame, one.identity.idx, one.series, one.ts) for place, one in chosen]
    names = ("place", "frame", "idx", "series", "ts")
    return pa.table(dict(zip(names, map(pa.array, zip(*rows, strict=True)), strict=True)))


def _update(connection: duckdb.DuckDBPyConnection, correction: Correction, view: str, month: str) -> str:
    """Return the statement; its parameter is the value.

    Of a reading that was doubted as a whole the other fields stay doubted: they are named suspect instead.
    """
    name = correction.field
    there = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [f"{view}_{month}"]
    ).fetchall()
    others = [column for (column,) in there if column in MEASURES[correction.domain] and column != name]
    said = ", ".join(f"if({other} IS NULL, NULL, '{other}')" for other in others)
    return (
        f"UPDATE {view}_{month} AS t SET {name} = ?::{tables.views()[view][name]}, quality = 'substituted',"
        " suspect = nullif(if(quality IN ('suspect', 'stale'),"
        f" [other for other in [{said}]::VARCHAR[] if other IS NOT NULL],"
        f" [other for other in suspect if other <> '{name}']), [])"
        " FROM chosen WHERE t.frame = chosen.frame AND t.idx = chosen.idx"
    )
