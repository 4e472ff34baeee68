"""Correcting what is stored: decided in the operational database, then carried out by the store.

All of it runs on the thread that writes the store, so nothing comes between looking and deciding.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import duckdb
import structlog
from ulid import ULID

from gateway.batch.latest import NEVER, Latest
from gateway.domain.corrections import MOST_READINGS, AmbiguousError, NoReadingError, TooManyError, Wish
from gateway.errors import NotDurableError, StoreClosedError
from gateway.state.corrections import CorrectedReading, Correction, Corrections
from gateway.timeseries import corrections
from gateway.timeseries.corrections import Found
from gateway.timeseries.store import Store

log = structlog.get_logger(__name__)

LOOK_BACK_MS = 86_400_000
"""How long before a device's newest reading a field may have been said that is still shown as its last."""
LOOKED_AT_TWICE = 20_000
"""Frames: a new connection of DuckDB was seen to miss a commit of milliseconds before."""
_NAMED = 10


Locate = Callable[[duckdb.DuckDBPyConnection], Mapping[int, Found]]
"""Finds the readings of a correction, by their place."""


class Shown(NamedTuple):
    """What a field of a series is last known to say now."""

    domain: str
    series: int
    field: str
    value: object


class Corrector:
    """Decides and carries out; what waits for its reading, or for the disk, `catch_up` tries again."""

    def __init__(self, decided: Corrections, store: Store, latest: Latest, clock: Callable[[], int]) -> None:
        self._decided = decided
        self._store = store
        self._latest = latest
        self._clock = clock
        self.waiting: list[str] = []
        """Ids of what was decided and is not wholly carried out, in the order it was decided."""
        self._looked = -1
        self._refused = False

    def take_up(self) -> None:
        """Find what the process before did not carry out, and do that; before anything is ingested."""
        with self._store.cursor() as cursor:
            self.waiting = corrections.undone(cursor, self._decided.counts())
        self.catch_up()

    def correct(self, wish: Wish) -> tuple[Correction, list[Shown]]:
        """Decide a correction and carry it out, as far as the disk takes it now.

        Raises NoReadingError, AmbiguousError, TooManyError, or duckdb.Error: nothing was decided.
        """
        if self._refused:
            self.catch_up()
        found = self._meant(wish)
        first = found[0]
        now = self._clock()
        decided = self._decided.decide(
            Correction(
                n=0,
                id=str(ULID.from_timestamp(now)),
                at=now,
                by=wish.by,
                reason=wish.reason,
                station_id=wish.wanted.station_id,
                domain=wish.wanted.domain,
                device=first.device,
                field=wish.wanted.field,
                removed=wish.value is None,
                value=wish.value,
                count=len(found),
                readings=[CorrectedReading(one.identity, one.ts, one.value) for one in found],
            )
        )
        return decided, self._carry_out(decided, lambda _: dict(enumerate(found)))

    def catch_up(self) -> list[Shown]:
        """Carry out what waits, in the order it was decided, where its readings are there now."""
        decided = list(filter(None, map(self._decided.get, self.waiting)))
        after, self._looked = self._looked, self._store.last_frame() - LOOKED_AT_TWICE
        self.waiting, self._refused = [], False
        shown: list[Shown] = []
        for correction in decided:
            shown += self._carry_out(correction, partial(corrections.locate, correction, after))
        return shown

    def _meant(self, wish: Wish) -> list[Found]:
        wanted = wish.wanted
        with self._store.cursor() as cursor:
            found = corrections.find(cursor, wanted)
        if not found:
            raise NoReadingError("there is no such reading")
        if len(found) > MOST_READINGS:
            raise TooManyError
        meant = [one for one in found if one.value is not None] or self._emptied(wish, found)
        if len(meant) > 1 and not wanted.several:
            named = [(one.identity.stream, one.identity.seq, one.identity.idx) for one in meant]
            raise AmbiguousError(named[:_NAMED])
        return meant

    def _emptied(self, wish: Wish, found: Sequence[Found]) -> list[Found]:
        """Return the readings whose value was taken away before: it may be given back."""
        wanted = wish.wanted
        within = (found[0].ts, found[-1].ts + 1)
        before = self._decided.touched(wanted.station_id, wanted.domain, wanted.field, within)
        emptied = [one for one in found if one.identity in before]
        if not emptied or wish.value is None:
            raise NoReadingError(f"the reading has no {wanted.field}")
        return emptied

    def _carry_out(self, correction: Correction, locate: Locate) -> list[Shown]:
        """Change the readings found; what was decided later never comes before what the disk refused."""
        try:
            with self._store.cursor() as cursor:
                found = {} if self._refused else locate(cursor)
            if found:
                self._store.change(partial(corrections.carry_out, correction, found, self._clock()))
            with self._store.cursor() as cursor:
                self.waiting += corrections.undone(cursor, {correction.id: correction.count})
                return list(self._shown(cursor, correction, found.values()))
        except (duckdb.Error, NotDurableError, StoreClosedError) as error:
            log.warning("correction_waits", id=correction.id, reason=str(error), next="trying again")
            self._refused, self._looked = True, -1
            self.waiting.append(correction.id)
            return []

    def _shown(
        self, cursor: duckdb.DuckDBPyConnection, correction: Correction, found: Iterable[Found]
    ) -> Iterator[Shown]:
        newest = {one.series: one.ts for one in sorted(found, key=lambda one: one.ts)}
        for series, ts in newest.items():
            since = self._latest.newest(series) - LOOK_BACK_MS
            if NEVER < since <= ts:
                value = corrections.last_value(cursor, correction.domain, correction.field, series, since)
                yield Shown(correction.domain, series, correction.field, value)
