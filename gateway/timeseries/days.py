"""The day tier: what the quarters of a station's local day come to, made from quarters and nothing else.

A day is told when it is over, and again whenever one of its quarters is told again. Which days have to be
told is itself in the store: `untold_days`, filled in the transaction that writes the quarters. `zones` keeps
the zone a station's days were cut in: they are cut anew when `stations.yaml` says another.
"""

from collections.abc import Callable, Iterable, Sequence
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from gateway.batch.numbering import Series
from gateway.domain.buckets import day_start, day_starts
from gateway.timeseries import changes, tiers
from gateway.timeseries.quarters import QUARTER_MS, ROWS, Window
from gateway.timeseries.store import Store
from wire.measures import DOMAINS

DEVICES_A_PORTION = 1_000
"""A portion is one day of so many devices: some 400,000 quarters, 0.2 s."""
_BEYOND_MS = 26 * 3_600_000
"""From the start of a day into the next one: no day has more than 25 hours."""
_TOUCHED = pa.schema(
    [
        ("series", pa.int32()),
        ("station_id", pa.string()),
        ("tz", pa.string()),
        ("since", pa.int64()),
        ("until", pa.int64()),
    ]
)


class Days:
    """Keeps the tables `<domain>_days`; `tz_of` names the zone of a station."""

    def __init__(self, store: Store, tz_of: Callable[[str], str]) -> None:
        self._store = store
        self._tz_of = tz_of
        self._moved: list[str] | None = None

    def note(self, cursor: duckdb.DuckDBPyConnection, series: Iterable[int], window: Window) -> None:
        """Note the days the window touches, inside the transaction that writes its quarters."""
        self._note(cursor, [(number, window.start, window.end) for number in series])

    def step(self, cursor: duckdb.DuckDBPyConnection, closed: int, now: int) -> bool:
        """Tell one portion of the days that ended by `closed`; False when there is none."""
        if self._moved is None:
            self._moved = self._stations_moved(cursor)
        if self._moved:
            self._cut_anew(cursor, self._moved[-1], now)
            self._moved.pop()
            return True
        rows = cursor.execute(_WAITING, [closed, DEVICES_A_PORTION]).fetchall()
        if not rows:
            return False
        _, domain, since, until = rows[0]
        cursor.begin()
        _register(cursor, [series for series, *of in rows if of == [domain, since, until]])
        _tell(cursor, domain, since, until)
        changes.note_retold(cursor, "1d", domain, since, until, now)
        cursor.execute(
            "DELETE FROM untold_days WHERE since = ? AND until = ? AND series IN (SELECT series FROM wanted)",
            [since, until],
        )
        cursor.commit()
        return True

    def _note(self, cursor: duckdb.DuckDBPyConnection, touched: Sequence[tuple[int, int, int]]) -> None:
        """Note the days touched by each (series, from, to)."""
        spans: dict[tuple[str, int, int], list[tuple[int, int]]] = {}
        rows = []
        for number, start, end in touched:
            station_id = self._series(number).station_id
            key = (self._tz_of(station_id), start, end)
            if key not in spans:
                spans[key] = days_between(start, end, ZoneInfo(key[0]))
            rows += [(number, station_id, key[0], *span) for span in spans[key]]
        columns = zip(*rows, strict=True) if rows else [()] * len(_TOUCHED)
        arrays = [pa.array(column, of.type) for column, of in zip(columns, _TOUCHED, strict=True)]
        cursor.register("touched_days", pa.table(arrays, schema=_TOUCHED))
        cursor.execute(
            "INSERT INTO untold_days SELECT DISTINCT series, since, until FROM touched_days t"
            " WHERE NOT EXISTS (SELECT 1 FROM untold_days u WHERE u.series = t.series AND u.since = t.since)"
        )
        cursor.execute(
            "INSERT INTO zones SELECT DISTINCT station_id, tz FROM touched_days"
            " WHERE station_id NOT IN (SELECT station_id FROM zones)"
        )

    def _stations_moved(self, cursor: duckdb.DuckDBPyConnection) -> list[str]:
        """List the stations whose zone is another than when their days were told."""
        told = dict(cursor.execute("SELECT station_id, tz FROM zones").fetchall())
        stations = {series.station_id for series in self._store.series.known}
        return sorted(one for one in stations if told.get(one) != self._tz_of(one))

    def _cut_anew(self, cursor: duckdb.DuckDBPyConnection, station_id: str, now: int) -> None:
        cursor.begin()
        cursor.execute("DELETE FROM zones WHERE station_id = ?", [station_id])
        cursor.execute("INSERT INTO zones VALUES (?, ?)", [station_id, self._tz_of(station_id)])
        for domain in DOMAINS:
            here = self._store.series.of_station(station_id)
            _register(cursor, [number for number, series in here if series.domain == domain])
            self._forget(cursor, domain, now)
        cursor.commit()

    def _forget(self, cursor: duckdb.DuckDBPyConnection, domain: str, now: int) -> None:
        """Take out the days of the series `wanted`, and note them all to be told."""
        quarters = cursor.execute(
            f"SELECT series, min(bucket), max(bucket) FROM {domain}_quarters"
            " WHERE series IN (SELECT series FROM wanted) GROUP BY series"
        ).fetchall()
        if not quarters:
            return
        since = min(first for _, first, _ in quarters) - _BEYOND_MS
        until = max(last for _, _, last in quarters) + _BEYOND_MS
        tiers.replace(cursor, f"{domain}_days", since, until, ROWS.empty_table())
        changes.note_retold(cursor, "1d", domain, since, until, now)
        cursor.execute("DELETE FROM untold_days WHERE series IN (SELECT series FROM wanted)")
        self._note(cursor, [(number, first, last + QUARTER_MS) for number, first, last in quarters])

    def _series(self, number: int) -> Series:
        return self._store.series.known[number]


_WAITING = """
SELECT u.series, s.domain, u.since, u.until FROM untold_days u JOIN series s ON s.id = u.series
WHERE u.until <= ? ORDER BY u.since, u.until, s.domain, u.series LIMIT ?
"""


def _tell(cursor: duckdb.DuckDBPyConnection, domain: str, since: int, until: int) -> None:
    """Write the day of the series `wanted`."""
    told = cursor.sql(
        tiers.combined(
            f"SELECT *, {since}::BIGINT AS whole FROM {domain}_quarters"
            f" WHERE bucket >= {since} AND bucket < {until} AND series IN (SELECT series FROM wanted)"
        )
    ).to_arrow_table()
    tiers.replace(cursor, f"{domain}_days", since, until, told)


def days_between(start: int, end: int, tz: ZoneInfo) -> list[tuple[int, int]]:
    """Return (start, end) of the local days that touch ``start <= ts < end``, in ms."""
    return [(day, day_start(day + _BEYOND_MS, tz)) for day in day_starts(start, end, tz)]


def _register(cursor: duckdb.DuckDBPyConnection, series: Sequence[int]) -> None:
    cursor.register("wanted", pa.table({"series": pa.array(series, pa.int32())}))
