"""What the store says of every station's day so far, and of its agent now."""

from zoneinfo import ZoneInfo

import duckdb

from gateway.domain.buckets import day_start
from gateway.domain.registry import DEFAULT_TZ, Registry

Figures = dict[str, dict[str, object]]
"""Fields by station_id."""

_AGENT_MS = 600_000
_AGENT = ("outbox_depth_count", "outbox_age_s", "outbox_used_pct", "disk_used_pct", "agent_version")
_MAIN = "(device = 'main' OR starts_with(device, 'main.'))"
_TODAY = (
    ("visits_today", "occupancy", "people_in_total", "true", 1.0),
    ("energy_today_kwh", "power", "energy_import_kwh_total", _MAIN, 1.0),
    ("water_today_l", "water", "water_volume_m3_total", _MAIN, 1_000.0),
)
"""Field, domain, counter, which devices, and what one of its steps is worth. Entries count as visits here:
the reports say how sure that is. A station's main meters are called `main`, or `main.l1` and so on."""


def sums(cursor: duckdb.DuckDBPyConnection, registry: Registry, now: int) -> Figures:
    """Return what each station's own day has come to, as far as its quarters are told."""
    zones = {DEFAULT_TZ, *(spec.tz for spec in registry)}
    by_zone = {zone: _since(cursor, day_start(now, ZoneInfo(zone))) for zone in zones}
    stations = {station for of_zone in by_zone.values() for station in of_zone}
    return {one: by_zone[registry.tz(one)].get(one, {}) for one in stations}


def _since(cursor: duckdb.DuckDBPyConnection, start: int) -> Figures:
    found: Figures = {}
    for name, domain, counter, devices, worth in _TODAY:
        rows = cursor.execute(
            f"SELECT station_id, sum(increase) FROM {domain}_quarters q JOIN series s ON s.id = q.series"
            f" WHERE bucket >= ? AND name = ? AND increase IS NOT NULL AND {devices} GROUP BY station_id",
            [start, counter],
        ).fetchall()
        for station_id, total in rows:
            found.setdefault(station_id, {})[name] = total * worth
    return found


def agents(cursor: duckdb.DuckDBPyConnection, now: int) -> Figures:
    """Return what the agents said of themselves in the last ten minutes."""
    newest = ", ".join(f"arg_max({name}, ts) AS {name}" for name in _AGENT)
    rows = cursor.execute(
        f"SELECT station_id, {newest} FROM agent_samples a JOIN series s ON s.id = a.series"
        " WHERE ts >= ? AND device = 'agent' GROUP BY station_id",
        [now - _AGENT_MS],
    ).fetchall()
    return {station_id: dict(zip(_AGENT, values, strict=True)) for station_id, *values in rows}
