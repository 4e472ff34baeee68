"""Backups of a running gateway: the instant between two commits, the copy beside them."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.backup.copying import Instant
from gateway.backup.taking import Backups, Made

BetweenCommits = Callable[[Callable[[], Instant]], Awaitable[Instant]]
"""Calls a function while nothing writes to the store."""


class RunningBackups:
    """Takes one at a time (`busy` says whether), until `stop`."""

    def __init__(self, backups: Backups, between_commits: BetweenCommits) -> None:
        self._backups = backups
        self._between_commits = between_commits
        self._instant: Instant | None = None
        self._taking = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Whether one is being taken."""
        return self._taking.locked()

    async def take(self, to: Path, keep: int | None) -> Made:
        """Take a backup into a new folder below ``to``; BackupError says why it could not be."""
        async with self._taking:
            await asyncio.to_thread(self._backups.check, to)
            self._instant = await self._between_commits(self._backups.instant)
            try:
                return await asyncio.to_thread(self._backups.take, self._instant, to, keep)
            finally:
                self._instant = None

    def stop(self) -> None:
        """Give up what is being taken."""
        if self._instant is not None:
            self._instant.abandon()
