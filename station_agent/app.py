"""The agent as one value: ``async with Agent.open(settings) as agent: await agent.run()``."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Self

import structlog

from station_agent.clock import Sources, kernel_offset_ms
from station_agent.config import AgentSettings
from station_agent.database import Database, is_broken, locked
from station_agent.drivers.driver import Driver
from station_agent.drivers.registry import open_driver
from station_agent.errors import OutboxFull, StorageError
from station_agent.exchange import Exchange, Parts
from station_agent.framing import FrameMeta, draft
from station_agent.house import House
from station_agent.outbox import Written
from station_agent.sampler import Round, Sampler
from station_agent.session import Patience
from station_agent.upkeep import Upkeep

FULL_WAIT_S = 1.0

log = structlog.get_logger()


def real_sources(trust: str) -> Sources:
    """Return the clocks of this machine."""
    return Sources(
        wall=lambda: time.time_ns() // 1_000_000,  # noqa: TID251 - the agent's composition root
        monotonic=time.monotonic,
        synchronised=(lambda: True) if trust == "system" else (lambda: kernel_offset_ms() is not None),
    )


class Agent:
    """One station: its devices, its outbox and its link."""

    def __init__(self, parts: Parts, sampler: Sampler, exchange: Exchange, upkeep: Upkeep) -> None:
        self.parts = parts
        self.sampler = sampler
        self.exchange = exchange
        self._upkeep = upkeep
        self._stopping = asyncio.Event()
        self._full = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: AgentSettings,
        drivers: Iterable[Driver] | None = None,
        *,
        sources: Sources | None = None,
        patience: Patience | None = None,
    ) -> AsyncIterator[Self]:
        """Build everything and take it down in reverse; nothing is read or sent before ``run``.

        ``drivers`` stand in for those of the settings, ``sources`` for this machine's clocks. Raises
        StorageError when the data directory cannot be used.
        """
        with locked(settings.data_dir):
            database = Database(settings.data_dir / "outbox.db")
            try:
                opened = [open_driver(device) for device in settings.devices] if drivers is None else drivers
                house = House(settings, database, sources or real_sources(settings.clock.trust))
                agent = cls(*house.furnish(opened, patience or Patience()))
                try:
                    yield agent
                finally:
                    await agent.sampler.close()
            finally:
                database.close()

    async def run(self) -> None:
        """Read and deliver until ``stop``; then finish the round, say goodbye and return.

        Raises StorageError when the outbox turns out to be damaged: it is put aside, to start anew.
        """
        try:
            await self._run()
        except ExceptionGroup as group:
            if group.subgroup(_says_it_is_broken) is None:
                raise
            raise StorageError(f"the outbox is damaged and put aside as {self._upkeep.condemn()}") from group
        self._upkeep.remember()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._store(await self.sampler.read())
            sampling = group.create_task(self._sample(), name="sampling")
            others = [
                group.create_task(self.parts.uplink.run(self.exchange), name="uplink"),
                group.create_task(self.exchange.run(), name="exchange"),
                group.create_task(self._upkeep.run(self.exchange), name="upkeep"),
            ]
            await self._stopping.wait()
            await sampling
            await self.parts.uplink.close(*self.exchange.goodbye("stop"))
            for task in others:
                task.cancel()

    def stop(self) -> None:
        """Let ``run`` come to its end."""
        self._stopping.set()

    async def _sample(self) -> None:
        stopping = asyncio.create_task(self._stopping.wait(), name="stopping")
        try:
            while not self._stopping.is_set():
                due = asyncio.create_task(self.sampler.wait(), name="due")
                await asyncio.wait((due, stopping), return_when=asyncio.FIRST_COMPLETED)
                due.cancel()
                if not self._store(await self.sampler.read()):
                    # Sources with more to give are due at once, and would be asked without end.
                    await asyncio.wait((stopping,), timeout=FULL_WAIT_S)
        finally:
            stopping.cancel()

    def _store(self, taken: Round) -> bool:
        """Put a round on disk, then let its sources and the link know; False when the disk takes nothing."""
        clock = self.parts.clock
        frames: list[FrameMeta] = []
        if taken.reports or taken.positions:
            written = Written(clock.running_ms(), clock.offset, clock.unset)
            try:
                frames = self.parts.outbox.append(draft(taken.reports), written, taken.positions)
            except OutboxFull:
                self.sampler.not_committed()
                self._say_full(full=True)
                return False
            self._say_full(full=False)
        self.sampler.committed(taken)
        self.exchange.added(frames)
        return True

    def _say_full(self, *, full: bool) -> None:
        if full and not self._full:
            log.error("the disk takes nothing at all; readings wait in their sources where these can")
        if self._full and not full:
            log.info("the disk takes readings again")
        self._full = full


def _says_it_is_broken(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and is_broken(error)
