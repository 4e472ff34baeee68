"""What counters, doors and presence sensors said of stations, hour by hour.

Counters and presence come from the quarters, so late data and corrections are in them. Who was let in comes
from access events by credential kind, and from the counts that stay when these are not kept any more.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

Grid = dict[str, npt.NDArray[np.float64]]
"""Columns by name, one row an hour; absent where a station said nothing of it."""

_PLACE = "((bucket - {start}) // {hour})::INTEGER AS place"
_INSIDE = "bucket >= {start} AND bucket < {end}"
_COUNTED = f"""
SELECT station_id, place, sum(entries), sum(exits),
    if(count(counted_s) < any_value(counters), 0, min(counted_s))
FROM (SELECT station_id, series, {_PLACE},
        sum(increase) FILTER (name = 'people_in_total') AS entries,
        sum(increase) FILTER (name = 'people_out_total') AS exits,
        sum(covered_s) FILTER (name = 'people_in_total') AS counted_s
    FROM occupancy_quarters JOIN asked USING (series)
    WHERE {_INSIDE} AND name IN ('people_in_total', 'people_out_total') GROUP BY ALL)
JOIN (SELECT station_id, count(DISTINCT series) AS counters
    FROM occupancy_quarters JOIN asked USING (series)
    WHERE {_INSIDE} AND name = 'people_in_total' GROUP BY station_id) USING (station_id)
GROUP BY station_id, place ORDER BY station_id
"""
_PRESENT = f"""
SELECT station_id, place,
    sum(person_s) FILTER (name = 'zone_people_count'), max(covered_s) FILTER (name = 'zone_people_count'),
    max(occupied_s), max(covered_s) FILTER (name = 'zone_occupied')
FROM (SELECT station_id, series, {_PLACE}, name, sum(covered_s) AS covered_s,
        sum(mean * covered_s) AS person_s, sum(covered_s) FILTER (value = 'true') AS occupied_s
    FROM occupancy_quarters JOIN asked USING (series)
    WHERE {_INSIDE} AND name IN ('zone_people_count', 'zone_occupied') GROUP BY ALL)
GROUP BY station_id, place ORDER BY station_id
"""
_GUARDED = f"""
SELECT station_id, place, sum(granted), max(guarded_s), max(heard_s)
FROM (SELECT station_id, series, {_PLACE},
        sum(count) FILTER (name = 'granted') AS granted,
        sum(covered_s) FILTER (name = 'controller_online' AND value = 'true') AS guarded_s,
        sum(covered_s) FILTER (name = 'access_granted_total') AS heard_s
    FROM access_quarters JOIN asked USING (series)
    WHERE {_INSIDE} AND name IN ('granted', 'controller_online', 'access_granted_total') GROUP BY ALL)
GROUP BY station_id, place ORDER BY station_id
"""
GRANTS = """
SELECT series, ts AS bucket, direction, credential_kind, occupation, true AS is_kept, 1 AS people
    FROM access_events WHERE event = 'granted'
UNION ALL SELECT series, bucket, direction, credential_kind, NULL, false, count
    FROM access_counts WHERE event = 'granted'
"""
"""Everybody let in: event by event while those are kept, then counted by quarter."""
_LET_IN = f"""
SELECT station_id, {_PLACE}, sum(people) FILTER (way = 'in' AND NOT is_staff),
    sum(people) FILTER (way = 'in' AND is_staff), sum(people)
FROM (SELECT station_id, bucket, people, coalesce(direction, 'in') AS way,
        list_contains(?, coalesce(credential_kind, '')) AS is_staff
    FROM ({GRANTS}) JOIN asked USING (series)) WHERE {_INSIDE}
GROUP BY station_id, place ORDER BY station_id
"""
_READ = (
    (_COUNTED, ("entries", "exits", "counted_s")),
    (_PRESENT, ("person_s", "present_s", "occupied_s", "seen_s")),
    (_GUARDED, ("granted", "guarded_s", "heard_s")),
)
_OF_EVENTS = ("visitors", "staff", "told")
_HOUR_MS = 3_600_000


def seen_by_hour(
    cursor: duckdb.DuckDBPyConnection,
    station_ids: Iterable[str],
    start: int,
    end: int,
    staff: Collection[str],
) -> dict[str, Grid]:
    """Return what was seen in each hour from ``start`` to ``end`` (ms), by station.

    ``staff`` are the credential kinds of those who work there. Of several counters an hour is covered by the
    one heard least. ``told`` counts the grants of which more than their number is known.
    """
    choose_series(cursor, station_ids)
    within = {"start": start, "end": end, "hour": _HOUR_MS}
    size = -(-(end - start) // _HOUR_MS)
    grids: dict[str, Grid] = {}
    for query, names in _READ:
        _take(grids, names, cursor.execute(query.format(**within)).fetchnumpy(), size)
    rows = cursor.execute(_LET_IN.format(**within), [sorted(staff)]).fetchnumpy()
    _take(grids, _OF_EVENTS, rows, size)
    return grids


def choose_series(cursor: duckdb.DuckDBPyConnection, station_ids: Iterable[str]) -> None:
    """Name the series of some stations in the temporary table `asked` of this connection."""
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE asked AS SELECT id AS series, station_id, domain, device FROM series"
        " WHERE station_id IN (SELECT unnest(?::VARCHAR[]))",
        [list(station_ids)],
    )


def _take(grids: dict[str, Grid], names: tuple[str, ...], columns: Mapping[str, Any], size: int) -> None:
    """Lay rows of (station, place, values), all of a station together, out as columns of hours."""
    station_ids, places, *found = columns.values()
    if not len(station_ids):
        return
    edges = [0, *(np.flatnonzero(station_ids[1:] != station_ids[:-1]) + 1).tolist(), len(station_ids)]
    filled = [np.ma.filled(values.astype(np.float64), 0.0) for values in found]
    for lo, hi in pairwise(edges):
        grid = grids.setdefault(str(station_ids[lo]), {})
        for name, values in zip(names, filled, strict=True):
            grid[name] = np.zeros(size)
            grid[name][places[lo:hi]] = np.nan_to_num(values[lo:hi])
