"""Raw readings as columns: the good values of fields, by series, time and order of receipt."""

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from gateway.timeseries.quarters import Ints, Samples, Window
from gateway.timeseries.select import select_readings
from wire.measures import MEASURES, Kind

NOTHING = Samples(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


def within(window: Window) -> str:
    """Return the condition for readings taken in a time."""
    return f"ts >= {window.start} AND ts < {window.end}"


def readings(
    cursor: duckdb.DuckDBPyConnection, domain: str, fields: Sequence[str], of: str, when: str
) -> pa.Table:
    """Return the good values of the series that the table `of` names, `when` a condition holds."""
    where = f"series IN (SELECT series FROM {of}) AND {when}"
    good = ", ".join(
        f"CASE WHEN suspect IS NULL OR NOT list_contains(suspect, '{name}') THEN {_plain(domain, name)} END"
        f" AS {name}"
        for name in fields
    )
    rows = cursor.sql(
        f"SELECT series, ts, frame, idx, epoch, {good} FROM ({select_readings(domain, fields, where)})"
        " WHERE quality IS NULL OR quality = 'substituted'"
    ).to_arrow_table()
    # ORDER BY took as long as all the rest
    return rows.take(np.lexsort([rows[name].to_numpy() for name in ("idx", "frame", "ts", "series")]))


def _plain(domain: str, name: str) -> str:
    """Return the expression of a field as what is rolled up: a number, or the words of a state."""
    measure = MEASURES[domain][name]
    if measure.type == "words":
        return f"array_to_string(list_sort({name}), ' ')"
    return f"{name}::{'VARCHAR' if measure.kind is Kind.STATE else 'DOUBLE'}"


def samples_of(table: pa.Table, name: str) -> Samples:
    """Take one column's values out of rows with `series` and `ts`; -1 where a row has no epoch."""
    table = table.filter(table[name].is_valid())
    series = table["series"].to_numpy().astype(np.int64)
    epochs = np.full(len(series), -1)
    if "epoch" in table.column_names and table["epoch"].null_count < len(series):
        epochs = table["epoch"].fill_null(-1).to_numpy().astype(np.int64)
    return Samples(series, table["ts"].to_numpy(), table[name].to_numpy(), epochs)


def appended(parts: Sequence[Samples]) -> Samples:
    """Put samples behind each other."""
    return Samples(
        np.concatenate([part.series for part in parts]),
        np.concatenate([part.ts for part in parts]),
        np.concatenate([part.values for part in parts if len(part.values)] or [np.empty(0)]),
        np.concatenate([part.epochs for part in parts]),
    )


def joined(parts: Sequence[Samples]) -> Samples:
    """Put earlier and later samples of each series behind each other; an epoch holds until the next one."""
    told = appended(parts)
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
