"""What has to be looked at now and then: clock, month, age of frames, reserve."""

import asyncio
import sqlite3
from pathlib import Path

from station_agent.clock import StationClock
from station_agent.database import Database, is_full
from station_agent.exchange import Exchange
from station_agent.notebook import Notebook
from station_agent.outbox import Outbox
from station_agent.pseudonym import Pseudonyms

EVERY_S = 5.0
ROUNDS_TO_EXPIRE = 12


class Upkeep:
    """Keeps the time on disk, the key of the month, and the outbox free of what is too old."""

    def __init__(
        self, database: Database, outbox: Outbox, clock: StationClock, pseudonyms: Pseudonyms, boot_id: str
    ) -> None:
        self._database = database
        self._notebook = Notebook(database)
        self._outbox = outbox
        self._clock = clock
        self._pseudonyms = pseudonyms
        self._boot_id = boot_id

    async def run(self, exchange: Exchange) -> None:
        """Look every few seconds until cancelled."""
        rounds = 0
        while True:
            await asyncio.sleep(EVERY_S)
            rounds += 1
            if self._clock.update():
                exchange.clock_was_set()
            self._pseudonyms.roll(self._clock.now(), clock_set=not self._clock.unset)
            self.remember()
            self._database.refill_reserve()
            if rounds % ROUNDS_TO_EXPIRE == 0:
                self._expire()

    def condemn(self) -> Path | None:
        """Put the damaged outbox aside; return where it is now."""
        self._database.condemn()
        return self._database.moved_aside

    def remember(self) -> None:
        """Write the time down, so that the next run has one to start from."""
        clock = self._clock
        self._notebook.put(
            {
                "time_ms": clock.now(),
                "running_ms": clock.running_ms(),
                "clock_boot": None if clock.unset else self._boot_id,
                "clock_offset": None if clock.unset else clock.offset,
            },
            durable=False,
        )

    def _expire(self) -> None:
        try:
            self._outbox.expire(self._clock.running_ms())
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            self._outbox.recover()
