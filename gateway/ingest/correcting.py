"""Corrections in a running gateway: between two commits, and shown in what devices last said."""

import asyncio
from collections.abc import Iterable

import duckdb
import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.batch.latest import Latest
from gateway.domain.corrections import Wish
from gateway.errors import StoreClosedError
from gateway.ingest.corrector import Corrector, Shown
from gateway.ingest.pipeline import Pipeline
from gateway.state.corrections import Correction

log = structlog.get_logger(__name__)

EVERY_S = 10.0


class Correcting:
    """Belongs to the event loop, as the last values do."""

    def __init__(self, corrector: Corrector, pipeline: Pipeline, latest: Latest) -> None:
        self.corrector = corrector
        self._pipeline = pipeline
        self._latest = latest

    async def correct(self, wish: Wish) -> tuple[Correction, bool]:
        """Correct stored readings; returns what was decided, and whether it is wholly carried out.

        Raises what `Corrector.correct` raises: then nothing was decided.
        """
        decided, shown = await self._pipeline.between_commits(self.corrector.correct, wish)
        self._show(shown)
        return decided, decided.id not in self.corrector.waiting

    async def run(self) -> None:
        """Carry out until cancelled what waits for its readings, or for the disk."""
        while True:
            await asyncio.sleep(EVERY_S)
            if not self.corrector.waiting:
                continue
            try:
                self._show(await self._pipeline.between_commits(self.corrector.catch_up))
            except (duckdb.Error, StoreClosedError, SQLAlchemyError) as error:
                log.warning("corrections_wait", reason=str(error), next="trying again")

    def _show(self, shown: Iterable[Shown]) -> None:
        for one in shown:
            self._latest.correct(one.domain, one.series, one.field, one.value)
