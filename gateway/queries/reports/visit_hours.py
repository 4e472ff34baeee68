"""From what was seen of stations to what each hour amounts to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.domain.holidays import Holidays
from gateway.domain.local_time import HOUR_MS
from gateway.domain.visits import Floats, Hours, Ints, Reckoned, hours_between
from gateway.domain.visits_by_source import reckon, spent_inside_s
from gateway.queries.reports.period import Period
from gateway.queries.reports.subjects import Subject, by_tz, seconds_in
from gateway.timeseries.footfall import Grid, seen_by_hour
from wire.measures import EVENT_FIELDS

STAFF_CREDENTIALS = ("key",)
"""Whoever lets himself in with a key works there; visitors are given codes, cards and the like."""
_KINDS = next(field.values for field in EVENT_FIELDS["access"] if field.name == "credential_kind")
_HOUR_S = HOUR_MS / 1_000


class ReportSettings(BaseModel):
    """The section `reports` of the gateway's settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    staff_credentials: tuple[str, ...] = Field(
        STAFF_CREDENTIALS, description="Credentials of those who work at stations: they are no visitors."
    )

    @field_validator("staff_credentials")
    @classmethod
    def _are_credentials(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [kind for kind in kinds if kind not in _KINDS]
        if unknown:
            raise ValueError(f"no credential is called {unknown[0]!r}; there are {', '.join(_KINDS)}")
        return kinds


@dataclass(frozen=True, slots=True)
class Ledger:
    """Answers what came of each hour; ``staff`` are the credential kinds of those who work there."""

    calendar: Holidays
    staff: Collection[str] = STAFF_CREDENTIALS

    def reckoned(
        self, cursor: duckdb.DuckDBPyConnection, month: Period, stations: Sequence[Subject], now: int
    ) -> dict[str, Reckoned]:
        """Return what the hours of one calendar month amount to, as far as it has passed, by station."""
        seen = self.hours(cursor, month, stations, now)
        return {
            station.station_id: reckon(seen[station.station_id], station.tz, station.profile)
            for station in stations
            if station.station_id in seen
        }

    def hours(
        self, cursor: duckdb.DuckDBPyConnection, month: Period, stations: Sequence[Subject], now: int
    ) -> dict[str, Hours]:
        """Return what was seen in the hours of one calendar month, as far as it has passed, by station."""
        found: dict[str, Hours] = {}
        for tz, there in by_tz(stations):
            start, end = month.span(tz)
            starts = hours_between(start, min(end, now))
            if not len(starts):
                continue
            ids = [station.station_id for station in there]
            grids = seen_by_hour(cursor, ids, start, int(starts[-1]) + HOUR_MS, self.staff)
            for station in there:
                found[station.station_id] = self._hours(
                    station, starts, grids.get(station.station_id, {}), now
                )
        return found

    def _hours(self, station: Subject, starts: Ints, grid: Grid, now: int) -> Hours:
        none = np.zeros(len(starts))
        since = now if station.first_seen is None else station.first_seen
        end = min(now, int(starts[-1]) + HOUR_MS)
        opened = station.scheduled(max(since, int(starts[0])), end, self.calendar)
        told = grid.get("told", none) > 0
        person_s, present_s = grid.get("person_s", none), grid.get("present_s", none)
        if not present_s.any() and "seen_s" in grid:
            present_s = np.minimum(grid["seen_s"], _HOUR_S)
            person_s = spent_inside_s(np.minimum(grid["occupied_s"], present_s), present_s)
        return Hours(
            starts=starts,
            whole_s=seconds_in(opened, starts),
            entries=grid.get("entries", none),
            exits=grid.get("exits", none),
            counted_s=grid.get("counted_s", none),
            grants=np.where(told, grid.get("visitors", none), grid.get("granted", none)),
            staff=grid.get("staff", none),
            guarded_s=_guarded_s(grid, none),
            person_s=person_s,
            present_s=present_s,
        )


def _guarded_s(grid: Grid, none: Floats) -> Floats:
    """Return how long the doors were heard; from first to last grant where they tell nothing but events."""
    for name in ("guarded_s", "heard_s"):
        if name in grid and grid[name].any():
            return grid[name]
    let_in = np.flatnonzero(grid.get("granted", none) + grid.get("visitors", none))
    heard = none.copy()
    if len(let_in):
        heard[let_in[0] : let_in[-1] + 1] = _HOUR_S
    return heard
