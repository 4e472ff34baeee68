"""Roll-ups of 15 minutes and of days per device, beside the readings, corrected when late data touch them.

Which quarters have to be told (again) is itself in the store: `unrolled`, filled from the frames since
`noted_upto`, so a commit pays nothing for it and a restart forgets nothing. A quarter is computed from the
raw readings and from what held at the end of the quarter before; in which order the readings came does not
matter. Days follow their quarters. Work is done in portions of some 100 ms, because commits wait while one
is done.
"""

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import structlog

from gateway.domain.registry import DEFAULT_TZ
from gateway.errors import StoreClosedError
from gateway.timeseries import changes, sealed, tiers, touched
from gateway.timeseries.days import Days
from gateway.timeseries.gathering import counted, field_rows
from gateway.timeseries.quarters import QUARTER_MS, Window
from gateway.timeseries.store import Store
from wire.measures import EVENTS

log = structlog.get_logger(__name__)

SETTLE_MS = 60_000
"""A quarter is told this long after its end: most of what belongs to it has come by then."""
NOTE_EVERY_MS = 10_000
FRAMES_A_PORTION = 100_000
"""A portion of 80,000 frames takes as long as one of 20,000, some 0.1 s: it is its groups that cost."""
QUARTERS_A_PORTION = 10_000
"""Devices times quarters of one domain computed at once. A portion's statements cost the same however few
there are, and commits wait for the whole of it: 5,000 cost a third more a point, 20,000 a tenth less."""


@dataclass(frozen=True, slots=True)
class _Portion:
    """Devices of one domain whose quarters in the window are to be told."""

    domain: str
    series: list[int]
    window: Window
    counts_only: bool
    """Whether the events that said more are not kept any more."""


class Rollups:
    """Keeps `<domain>_quarters` and `<domain>_days`; call `step` only while nothing is being consumed.

    `tz_of` names the zone in which a station's days are cut.
    """

    def __init__(self, store: Store, tz_of: Callable[[str], str] = lambda _station_id: DEFAULT_TZ) -> None:
        self._store = store
        self._days = Days(store, tz_of)
        self._noted_at = 0
        self._failed = False

    def step(self, now: int, durable_upto: int) -> bool:
        """Do one portion; False when there is nothing left to do at `now` (ms), or the store refused it.

        `durable_upto` is the last frame below which none will be stored any more.
        """
        try:
            more = self._step(now, durable_upto)
        except (duckdb.Error, StoreClosedError) as error:
            if not self._failed:
                log.warning("rollups_behind", reason=str(error), next="trying again")
            self._failed = True
            return False
        if self._failed:
            log.info("rollups_go_on")
        self._failed = False
        return more

    def _step(self, now: int, durable_upto: int) -> bool:
        closed = (now - SETTLE_MS) // QUARTER_MS * QUARTER_MS
        with self._store.cursor() as cursor:
            noted = touched.noted_upto(cursor)
            waiting = durable_upto - noted
            if waiting >= FRAMES_A_PORTION or (waiting > 0 and now - self._noted_at >= NOTE_EVERY_MS):
                last = min(durable_upto, noted + FRAMES_A_PORTION)
                seen = touched.note(cursor, noted + 1, last, closed)
                self._noted_at = now if seen == durable_upto else self._noted_at
                return seen is not None
            portion = _pick(cursor, closed)
            if portion is None:
                return self._days.step(cursor, closed, now)
            if portion.window.start < sealed.sealed_until(cursor, portion.domain):
                sealed.strike_out(cursor, portion.domain)
                return True
            cursor.begin()
            _roll(cursor, portion, now)
            self._days.note(cursor, portion.series, portion.window)
            cursor.commit()
            return True


def _pick(cursor: duckdb.DuckDBPyConnection, closed: int) -> _Portion | None:
    """Choose the oldest quarters: as many devices as fit, and as many quarters on as those need."""
    waiting = "FROM unrolled u JOIN series s ON s.id = u.series WHERE u.since < ?"
    oldest = cursor.execute(
        f"SELECT s.domain {waiting} ORDER BY u.since, u.series LIMIT 1", [closed]
    ).fetchall()
    if not oldest:
        return None
    domain = oldest[0][0]
    ranges = cursor.execute(
        f"SELECT u.series, u.since, u.until {waiting} AND s.domain = ?"
        f" ORDER BY u.since, u.series LIMIT {QUARTERS_A_PORTION}",
        [closed, domain],
    ).fetchall()
    start, end = ranges[0][1], 0
    counts_until = sealed.counted_until(cursor, domain)
    closed = counts_until if start < counts_until else closed
    chosen: set[int] = set()
    for series, _, until in ranges:
        reaches = max(end, min(until + QUARTER_MS, closed))
        size = (len(chosen) + (series not in chosen)) * (reaches - start) // QUARTER_MS
        if chosen and size > QUARTERS_A_PORTION:
            continue
        chosen.add(series)
        end = reaches
    return _Portion(domain, sorted(chosen), Window(start, end), counts_only=start < counts_until)


def _roll(cursor: duckdb.DuckDBPyConnection, portion: _Portion, now: int) -> None:
    domain, window = portion.domain, portion.window
    cursor.register("wanted", pa.table({"series": pa.array(portion.series, pa.int32())}))
    events = counted(cursor, domain, window)
    if portion.counts_only:
        tiers.replace(cursor, f"{domain}_quarters", window.start, window.end, events, EVENTS[domain])
    else:
        rows = pa.concat_tables([*field_rows(cursor, domain, window), events])
        cursor.register("rolled", rows)
        _note_what_follows(cursor, portion)
        tiers.replace(cursor, f"{domain}_quarters", window.start, window.end, rows)
    changes.note_retold(cursor, "15m", domain, window.start, window.end, now)
    touched.settle(cursor, window)


# -- writing -------------------------------------------------------------------------------------------


def _note_what_follows(cursor: duckdb.DuckDBPyConnection, portion: _Portion) -> None:
    """A counter that ends otherwise than before: how much it grew next has to be told again, however late."""
    view, window = f"{portion.domain}_quarters", portion.window
    inside = f"bucket >= {window.start} AND bucket < {window.end} AND increase IS NOT NULL"
    ends = "SELECT series, name, max(last_ts) AS ts, arg_max(last, bucket) AS last FROM"
    cursor.execute(
        f"INSERT INTO unrolled SELECT q.series, min(q.bucket), min(q.bucket) FROM {view} q"
        f" JOIN ({ends} rolled WHERE increase IS NOT NULL GROUP BY ALL) n USING (series, name)"
        f" LEFT JOIN ({ends} {view} WHERE {inside} GROUP BY ALL) o USING (series, name)"
        f" WHERE q.bucket >= {window.end} AND q.count > 0"
        " AND (o.ts IS DISTINCT FROM n.ts OR o.last IS DISTINCT FROM n.last)"
        " GROUP BY q.series, q.name"
    )
