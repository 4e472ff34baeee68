"""The daily removal of what is past its time: at a quiet hour, a table between two commits at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb
import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.retention import DataClass, RetentionSettings
from gateway.errors import StoreClosedError
from gateway.ingest.pipeline import Pipeline
from gateway.state.retention import Retention as Rows
from gateway.state.retention import RetentionReport
from gateway.timeseries.retention import Part
from gateway.timeseries.retention import Retention as Tables

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 60.0
PAUSE_S = 0.2
"""Between two steps: commits go on."""
FAULTS = (duckdb.Error, StoreClosedError, SQLAlchemyError)


@dataclass
class _Taken:
    """What a removal takes of one class, as it goes on."""

    rows: int = 0
    bytes: int = 0
    tables: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    forced: list[str] = field(default_factory=list)


class Removal:
    """Removes all classes, one after the other; cut short, it goes on at the next look, and reports once."""

    def __init__(
        self, settings: RetentionSettings, tables: Tables, rows: Rows, pause_s: float = PAUSE_S
    ) -> None:
        self._settings = settings
        self._tables = tables
        self._rows = rows
        self._pause_s = pause_s
        self._failed = False

    async def keep(self, pipeline: Pipeline, clock: Callable[[], int]) -> None:
        """Look whether it is time, until cancelled."""
        while True:
            try:
                await self.run_when_due(pipeline, clock())
                self._failed = False
            except FAULTS as error:
                if not self._failed:
                    log.warning("retention_failed", reason=str(error), next="trying again in a minute")
                self._failed = True
            await asyncio.sleep(LOOK_EVERY_S)

    async def run_when_due(self, pipeline: Pipeline, now: int) -> bool:
        """Remove what is past its time at `now` (ms) unless that was done since it was last due."""
        reported = await asyncio.to_thread(self._rows.reported_at)
        if reported is not None and reported >= self._settings.last_due(now):
            return False
        reports = [await self._remove(of, pipeline, now) for of in DataClass]
        await asyncio.to_thread(self._rows.report, reports)
        log.info("retention_done", rows=sum(report.rows for report in reports))
        return True

    async def _remove(self, of: DataClass, pipeline: Pipeline, now: int) -> RetentionReport:
        horizon, taken = self._settings.horizon(of, now), _Taken()
        if of is DataClass.CHANGES:
            taken.rows = await pipeline.between_commits(self._tables.forget_changes, now)
        for part in await asyncio.to_thread(self._tables.expired, of, horizon):
            await self._drop(part, pipeline, taken, self._settings.held_until(of, now))
        steps = self._rows.remove(of, horizon)
        while (gone := await asyncio.to_thread(next, steps, None)) is not None:
            taken.rows += gone
            await asyncio.sleep(self._pause_s if gone else 0)
        return RetentionReport(
            now, of, taken.rows, taken.bytes, horizon, taken.tables, taken.held, taken.forced
        )

    async def _drop(self, part: Part, pipeline: Pipeline, taken: _Taken, held_until: int) -> None:
        table = f"{part.view}_{part.period}"
        if part.waits_for is not None and part.since >= held_until:
            taken.held.append(f"{table}: {part.waits_for}")
            return
        if part.waits_for is not None:
            taken.forced.append(f"{table}: {part.waits_for}")
            log.warning("retention_waits_no_more", table=table, waits_for=part.waits_for)
        removed = await pipeline.between_commits(self._tables.drop, part)
        taken.rows, taken.bytes = taken.rows + removed.rows, taken.bytes + removed.bytes
        taken.tables.append(table)
        await asyncio.sleep(self._pause_s)
