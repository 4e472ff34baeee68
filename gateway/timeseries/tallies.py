"""Sums over a report's time, station by station and device by device, out of quarters, readings and events.

The stations meant are those of `footfall.choose_series`. Times are ms, ``start <= ts < end``.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa

from gateway.timeseries.footfall import GRANTS
from gateway.timeseries.quarters import QUARTER_MS


class Tally(NamedTuple):
    """What the quarters of one field of a device come to, of states by value; ``part`` is of `parts`."""

    station_id: str
    device: str
    name: str
    value: str | None
    part: int
    increase: float | None
    covered_s: float


class Open(NamedTuple):
    """Scheduled seconds of a station that were heard, and those of them in which it could not be used."""

    heard_s: float
    unusable_s: float


class LetIn(NamedTuple):
    """How many were let in by one kind of credential; ``is_kept``: their occupation would be known."""

    station_id: str
    credential_kind: str | None
    occupation: str | None
    is_kept: bool
    people: int


def tallied(
    cursor: duckdb.DuckDBPyConnection, domain: str, names: Sequence[str], parts: Mapping[int, int]
) -> list[Tally]:
    """Sum the quarters that ``parts`` gives a part to, by their starts; duckdb.Error when the store fails."""
    cursor.register("parts", pa.table({"bucket": list(parts), "part": list(parts.values())}))
    rows = cursor.execute(
        "SELECT station_id, device, name, value, part, sum(increase), sum(covered_s)"
        f" FROM {domain}_quarters JOIN asked USING (series) JOIN parts USING (bucket)"
        " WHERE list_contains(?, name) AND bucket >= ? AND bucket < ?"
        " GROUP BY ALL ORDER BY ALL",
        [list(names), min(parts, default=0), max(parts, default=-1) + 1],
    ).fetchall()
    return [Tally(*row) for row in rows]


def begun(
    cursor: duckdb.DuckDBPyConnection, domain: str, name: str, value: str, start: int, end: int
) -> dict[tuple[str, str], int]:
    """Count how often a state became ``value``, by station and device."""
    rows = cursor.execute(
        "SELECT station_id, device, count(*) FILTER (now AND NOT coalesce(before, false))"
        f" FROM (SELECT series, ts, {name}::VARCHAR = ? AS now,"
        f" lag({name}::VARCHAR = ?) OVER (PARTITION BY series ORDER BY ts, frame, idx) AS before"
        f" FROM {domain}_samples JOIN asked USING (series)"
        f" WHERE ts >= ? AND ts < ? AND {name} IS NOT NULL) JOIN asked USING (series)"
        " GROUP BY ALL ORDER BY ALL",
        [value, value, start, end],
    ).fetchall()
    return {(station_id, device): count for station_id, device, count in rows}


def let_in(cursor: duckdb.DuckDBPyConnection, start: int, end: int) -> list[LetIn]:
    """Count those let in."""
    rows = cursor.execute(
        f"SELECT station_id, credential_kind, occupation, is_kept, sum(people) FROM ({GRANTS})"
        " JOIN asked USING (series) WHERE bucket >= ? AND bucket < ? AND coalesce(direction, 'in') = 'in'"
        " GROUP BY ALL ORDER BY ALL",
        [start, end],
    ).fetchall()
    return [LetIn(*row) for row in rows]


_DOOR = {
    "lock_state": ("fault",),
    "door_mode": ("always_closed", "maintenance"),
    "controller_online": ("false",),
}
_POWER = {"mains_present": ("false",)}
_MODE = {"station_mode": ("closed", "maintenance")}
_UNUSABLE: Mapping[str, Mapping[str, Collection[str]]] = {
    "access": _DOOR,
    "power": _POWER,
    "facility": _MODE,
}
"""Values of states with which nobody can get in, or finds it dark or closed; of doors only if of all."""


def opened(cursor: duckdb.DuckDBPyConnection, scheduled_s: Mapping[int, float]) -> dict[str, Open]:
    """Return how much of the scheduled seconds (by quarter) was heard and unusable, by station.

    What is wrong at one time in one quarter is taken to be wrong together: a cut of the mains also silences
    the door.
    """
    shares = [seconds * 1_000 / QUARTER_MS for seconds in scheduled_s.values()]
    cursor.register("scheduled", pa.table({"bucket": list(scheduled_s), "share": shares}))
    parts = " UNION ALL ".join(_stretches(domain, states) for domain, states in _UNUSABLE.items())
    rows = cursor.execute(
        "SELECT station_id, sum(heard * share), sum(least(unusable, heard) * share) FROM"
        " (SELECT station_id, bucket, max(heard) AS heard, max(unusable) AS unusable"
        f" FROM ({parts}) GROUP BY station_id, bucket) JOIN scheduled USING (bucket) GROUP BY station_id"
    ).fetchall()
    return {station_id: Open(heard or 0.0, unusable or 0.0) for station_id, heard, unusable in rows}


def _stretches(domain: str, states: Mapping[str, Collection[str]]) -> str:
    cases = " OR ".join(
        f"(name = '{name}' AND value IN ({', '.join(repr(one) for one in values)}))"
        for name, values in states.items()
    )
    names = ", ".join(repr(name) for name in states)
    by_field = (
        f"SELECT station_id, series, name, bucket, sum(covered_s) AS heard,"
        f" coalesce(sum(covered_s) FILTER ({cases}), 0) AS unusable FROM {domain}_quarters"
        f" JOIN asked USING (series) WHERE name IN ({names})"
        " AND bucket >= (SELECT min(bucket) FROM scheduled) AND bucket <= (SELECT max(bucket) FROM scheduled)"
        " GROUP BY ALL"
    )
    by_device = (
        "SELECT station_id, series, bucket, max(heard) AS heard, max(unusable) AS unusable"
        f" FROM ({by_field}) GROUP BY ALL"
    )
    return (
        "SELECT station_id, bucket, max(heard) AS heard, min(unusable) AS unusable"
        f" FROM ({by_device}) GROUP BY ALL"
    )
