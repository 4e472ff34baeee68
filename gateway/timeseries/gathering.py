"""What the quarters of a portion are made of, read from the store: readings, and what came before them.

The series meant are those of the table `wanted`, registered by the caller.
"""

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa

from gateway.domain.counters import GLITCH_MS
from gateway.timeseries import tables
from gateway.timeseries.quarters import QUARTER_MS, Ints, Samples, Window, event_rows, rows_of
from gateway.timeseries.select import present_fields, select_readings
from wire.measures import EVENT_FIELDS, MEASURES, Kind, Measure

_BEFORE_MS = 2 * GLITCH_MS
"""Samples of counters read before a quarter: a fault is forgotten an hour after it."""
_DAY_MS = 86_400_000
_EARLIER = 5
"""Quarters looked back at for a counter not heard in that time."""


def field_rows(cursor: duckdb.DuckDBPyConnection, domain: str, window: Window) -> Iterator[pa.Table]:
    """Return the quarters of each field, for the series `wanted`."""
    fields = present_fields(cursor, domain, tuple(MEASURES[domain]))
    counters = tuple(name for name in fields if MEASURES[domain][name].kind is Kind.COUNTER)
    if not fields:
        return
    inside = _readings(cursor, domain, fields, "wanted", _within(window))
    held = _held(cursor, domain, window.start)
    earlier_on = Window(window.start - _BEFORE_MS, window.start)
    before = _readings(cursor, domain, counters, "wanted", _within(earlier_on))
    for name in fields:
        measure = MEASURES[domain][name]
        earlier = before if name in counters else held.get(name)
        parts = [_column(inside, measure)] + ([_column(earlier, measure)] if earlier is not None else [])
        if name in counters:
            parts.append(_long_ago(cursor, measure, parts, window.start))
        yield rows_of(measure, _joined(parts[::-1]), window)


def _within(window: Window) -> str:
    return f"ts >= {window.start} AND ts < {window.end}"


def _readings(
    cursor: duckdb.DuckDBPyConnection, domain: str, fields: tuple[str, ...], of: str, within: str
) -> pa.Table | None:
    """Return the good values of the series that the table `of` names."""
    if not fields:
        return None
    where = f"series IN (SELECT series FROM {of}) AND {within}"
    good = ", ".join(
        f"CASE WHEN suspect IS NULL OR NOT list_contains(suspect, '{name}') THEN {_plain(domain, name)} END"
        f" AS {name}"
        for name in fields
    )
    return cursor.sql(
        f"SELECT series, ts, epoch, {good} FROM ({select_readings(domain, fields, where)})"
        " WHERE quality IS NULL OR quality = 'substituted' ORDER BY series, ts, frame, idx"
    ).to_arrow_table()


def _plain(domain: str, name: str) -> str:
    """Return the expression of a field as what is rolled up: a number, or the words of a state."""
    measure = MEASURES[domain][name]
    if measure.type == "words":
        return f"array_to_string(list_sort({name}), ' ')"
    return f"{name}::{'VARCHAR' if measure.kind is Kind.STATE else 'DOUBLE'}"


def _held(cursor: duckdb.DuckDBPyConnection, domain: str, start: int) -> dict[str, pa.Table]:
    """Return by field what held when the quarter before `start` ended."""
    rows = cursor.sql(
        f"SELECT name, series, last_ts AS ts, last, value FROM {domain}_quarters"
        f" WHERE bucket = {start - QUARTER_MS} AND last_ts IS NOT NULL"
        " AND series IN (SELECT series FROM wanted) ORDER BY name, series"
    ).to_arrow_table()
    names = np.array(rows["name"].to_pylist(), np.object_)
    held = {}
    for name in set(names.tolist()):
        of = "value" if MEASURES[domain][name].kind is Kind.STATE else "last"
        chosen = rows.filter(pa.array(names == name))
        held[name] = pa.table({"series": chosen["series"], "ts": chosen["ts"], name: chosen[of]})
    return held


def _long_ago(
    cursor: duckdb.DuckDBPyConnection, measure: Measure, parts: list[Samples], start: int
) -> Samples:
    """Return older samples of counters that say something now and said once or nothing before.

    A single sample must not stand for the line before it: it may be a wrong zero.
    """
    inside, before = parts[0], parts[1]
    told, times = np.unique(before.series, return_counts=True)
    silent = np.setdiff1d(inside.series[inside.ts >= start], told[times > 1])
    found = [_NOTHING]
    for since in (start - _DAY_MS, 0):
        if not len(silent):
            break
        cursor.register("silent", pa.table({"series": silent.astype(np.int32)}))
        found.append(_last_said(cursor, measure, Window(since, start - _BEFORE_MS)))
        silent = np.setdiff1d(silent, found[-1].series)
    return _appended(found)


def _last_said(cursor: duckdb.DuckDBPyConnection, measure: Measure, within: Window) -> Samples:
    """Return what the series `silent` said in the last quarters that heard of them.

    Of quarters whose readings are not kept any more there is the last value.
    """
    quarters = cursor.sql(
        f"SELECT series, bucket, last_ts AS ts, epoch, last AS {measure.name} FROM {measure.domain}_quarters"
        f" WHERE name = '{measure.name}' AND bucket >= {within.start} AND bucket < {within.end}"
        " AND count > 0 AND series IN (SELECT series FROM silent)"
        f" QUALIFY row_number() OVER (PARTITION BY series ORDER BY bucket DESC) <= {_EARLIER}"
        " ORDER BY series, ts"
    ).to_arrow_table()
    if not quarters.num_rows:
        return _NOTHING
    buckets = sorted(set(quarters["bucket"].to_pylist()))
    listed = ", ".join(map(str, buckets))
    heard = f"{_within(Window(buckets[0], within.end))} AND ts - ts % {QUARTER_MS} IN ({listed})"
    raw = _column(_readings(cursor, measure.domain, (measure.name,), "silent", heard), measure)
    kept = pa.array(np.isin(quarters["series"].to_numpy(), raw.series, invert=True))
    return _appended([_column(quarters.filter(kept), measure), raw])


_NOTHING = Samples(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


def _column(table: pa.Table | None, measure: Measure) -> Samples:
    """Take one field's values out of readings; an epoch holds until the next one is sent."""
    if table is None:
        return _NOTHING
    table = table.filter(table[measure.name].is_valid())
    series = table["series"].to_numpy().astype(np.int64)
    values = table[measure.name].to_numpy()
    epochs = np.full(len(series), -1)
    if "epoch" in table.column_names and table["epoch"].null_count < len(series):
        epochs = table["epoch"].fill_null(-1).to_numpy().astype(np.int64)
    return Samples(series, table["ts"].to_numpy(), values, epochs)


def _appended(parts: list[Samples]) -> Samples:
    return Samples(
        np.concatenate([part.series for part in parts]),
        np.concatenate([part.ts for part in parts]),
        np.concatenate([part.values for part in parts if len(part.values)] or [np.empty(0)]),
        np.concatenate([part.epochs for part in parts]),
    )


def _joined(parts: list[Samples]) -> Samples:
    """Put earlier and later samples of each series behind each other."""
    told = _appended(parts)
    order = np.argsort(told.series, kind="stable")
    series = told.series[order]
    return Samples(series, told.ts[order], told.values[order], _carried_on(series, told.epochs[order]))


def _carried_on(series: Ints, epochs: Ints) -> Ints:
    """Let an epoch hold for the samples after it; 0 before the first of a series."""
    said = np.where(epochs >= 0, np.arange(len(epochs)), -1)
    latest = np.maximum.accumulate(said) if len(said) else said
    own = (latest >= 0) & (series[np.maximum(latest, 0)] == series)
    carried: Ints = np.where(own, epochs[np.maximum(latest, 0)], 0)
    return carried


def counted(cursor: duckdb.DuckDBPyConnection, domain: str, window: Window) -> pa.Table:
    """Count events; one that lasts counts once, when it begins."""
    if not EVENT_FIELDS[domain]:
        return event_rows(_NOTHING.series, _NOTHING.ts, [], _NOTHING.epochs)
    over = " AND phase IS DISTINCT FROM 'end'" if "phase" in tables.views()[f"{domain}_events"] else ""
    kept = _KEPT_COUNTS.format(window.start, window.end) if domain == "access" else ""
    counted = cursor.sql(
        "SELECT series, bucket, event, sum(count)::BIGINT AS count FROM ("
        f"SELECT series, ts - ts % {QUARTER_MS} AS bucket, event, count(*) AS count FROM {domain}_events"
        f" WHERE series IN (SELECT series FROM wanted) AND ts >= {window.start} AND ts < {window.end}"
        f" AND event IS NOT NULL{over} GROUP BY ALL{kept}) GROUP BY ALL ORDER BY ALL"
    ).to_arrow_table()
    return event_rows(
        counted["series"].to_numpy(),
        counted["bucket"].to_numpy(),
        counted["event"].to_pylist(),
        counted["count"].to_numpy(),
    )


_KEPT_COUNTS = (
    " UNION ALL SELECT series, bucket, event, count FROM access_counts WHERE bucket >= {} AND bucket < {}"
    " AND series IN (SELECT series FROM wanted) AND phase IS DISTINCT FROM 'end'"
)
