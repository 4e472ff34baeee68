"""Who is read when: devices with the same interval together, a slow one without holding up the others."""

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson
import structlog

from station_agent.changes import ChangeFilter
from station_agent.clock import StationClock
from station_agent.drivers.driver import Driver, Taken
from station_agent.errors import DriverError
from station_agent.framing import Report
from station_agent.intake import BadReadingError, Intake
from station_agent.notebook import Notebook
from wire.frames import DeviceInfo

GATHER_S = 0.5
"""How long a round waits for its devices; one that is slower joins a later round."""
PATIENCE_S = 30.0
"""A read that takes longer has failed."""

DEVICES_REMEMBERED = 500
"""Measuring points one source may speak for."""

log = structlog.get_logger()


@dataclass(eq=False)
class Source:
    """A driver and how it fares; ``last_ok`` and ``due`` are monotonic seconds."""

    driver: Driver
    due: float
    last_ok: float
    errors_total: int = 0
    bad_total: int = 0
    failing: bool = False
    domains: set[tuple[str, str]] = field(default_factory=set)
    task: asyncio.Task[Taken] | None = None


@dataclass(frozen=True)
class Round:
    """What one round brought: reports to store, with the positions to commit in the same transaction."""

    reports: list[Report]
    positions: dict[str, object]
    sources: list[Source]


class Sampler:
    """Reads the drivers of one station."""

    def __init__(
        self, drivers: Iterable[Driver], intake: Intake, clock: StationClock, notebook: Notebook
    ) -> None:
        """Resume every driver where the outbox last committed it; unique names are the caller's care."""
        now = clock.monotonic()
        positions, domains = notebook.positions(), orjson.loads(notebook.get("domains") or "{}")
        self.sources = [Source(driver, due=now, last_ok=now) for driver in drivers]
        for source in self.sources:
            source.driver.resume(positions.get(source.driver.name))
            source.domains.update((device, domain) for device, domain in domains.get(source.driver.name, []))
        self._intake = intake
        self._clock = clock
        self._notebook = notebook
        self._changes = ChangeFilter()
        self._devices: list[DeviceInfo] | None = None

    def devices(self) -> list[DeviceInfo]:
        """Return every measuring point that has reported, in this run or before, once for each domain.

        The same list until there is another one to add.
        """
        if self._devices is None:
            found = {
                (device, domain): DeviceInfo(
                    device=device,
                    domain=domain,
                    facility=source.driver.facility_of(device),
                    interval_s=None if source.driver.every_reading else source.driver.every_s,
                )
                for source in self.sources
                for device, domain in sorted(source.domains)
            }
            self._devices = list(found.values())
        return self._devices

    async def wait(self) -> None:
        """Return when a device is due or a slow one has answered."""
        busy = [source.task for source in self.sources if source.task is not None]
        idle = [source.due for source in self.sources if source.task is None]
        delay = max(0.0, min(idle, default=math.inf) - self._clock.monotonic())
        timeout = None if delay == math.inf else delay
        if busy:
            await asyncio.wait(busy, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(3600 if timeout is None else timeout)

    async def read(self) -> Round:
        """Read every device that is due; its readings are given again until ``committed``."""
        now = self._clock.monotonic()
        for source in self.sources:
            if source.task is None and source.due <= now:
                source.task = asyncio.create_task(
                    self._read(source.driver), name=f"read {source.driver.name}"
                )
        tasks = [source.task for source in self.sources if source.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=GATHER_S)
        finished = [source for source in self.sources if source.task is not None and source.task.done()]
        taken = Round([], {}, [])
        for source in finished:
            self._collect(source, taken)
        return taken

    def committed(self, taken: Round) -> None:
        """The reports of a round are on disk."""
        for source in taken.sources:
            source.driver.committed()

    def not_committed(self) -> None:
        """The disk took nothing: what is given again has to pass the change filter again."""
        self._changes.forget()

    async def close(self) -> None:
        """Stop what is still being read, and let go of the devices."""
        tasks = [source.task for source in self.sources if source.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for source in self.sources:
            source.driver.close()

    async def _read(self, driver: Driver) -> Taken:
        async with asyncio.timeout(PATIENCE_S):
            return await driver.read(self._clock.now())

    def _collect(self, source: Source, into: Round) -> None:
        task, source.task = source.task, None
        now = self._clock.monotonic()
        every = source.driver.every_s
        source.due = (math.floor(now / every) + 1) * every
        error = task.exception() if task else None
        if error is not None or task is None:
            self._failed(source, error)
            return
        self._recovered(source, now)
        taken = task.result()
        if taken.more:
            source.due = now
        bad = taken.bad + self._check(source, taken, into)
        if bad:
            self._count_bad(source, bad)
        into.sources.append(source)
        if taken.position is not None and (taken.readings or bad):
            into.positions[source.driver.name] = taken.position

    def _check(self, source: Source, taken: Taken, into: Round) -> int:
        """Add what passes to the round; return how many readings were bad."""
        bad = 0
        driver, now, now_ms = source.driver, self._clock.monotonic(), self._clock.now()
        for raw in taken.readings:
            try:
                domain, reading = self._intake.check(raw, driver.device, now_ms)
            except BadReadingError as error:
                bad += 1
                log.debug("bad reading", device=driver.device, reason=str(error))
                continue
            if "ts" in raw:
                reading["ts"] = self._clock.from_system_clock(reading["ts"])
            self._note_domain(source, reading["device"], domain)
            report = self._changes.report(
                domain, reading, now, every_s=driver.every_s, every_reading=driver.every_reading
            )
            if report is not None:
                into.reports.append(report)
        return bad

    def _note_domain(self, source: Source, device: str, domain: str) -> None:
        """Remember who reports what: a door that is quiet since the start is a device all the same."""
        if (device, domain) not in source.domains and len(source.domains) < DEVICES_REMEMBERED:
            source.domains.add((device, domain))
            self._devices = None
            known = {each.driver.name: sorted(each.domains) for each in self.sources}
            self._notebook.put({"domains": orjson.dumps(known)})

    def _count_bad(self, source: Source, bad: int) -> None:
        level = log.debug if source.bad_total else log.warning
        source.bad_total += bad
        level("lines or values that are no reading were skipped", device=source.driver.device,
              skipped=bad, skipped_total=source.bad_total)  # fmt: skip

    def _failed(self, source: Source, error: BaseException | None) -> None:
        source.errors_total += 1
        expected = isinstance(error, DriverError | OSError | TimeoutError)
        level = log.debug if source.failing else log.warning
        level("device cannot be read", device=source.driver.device, reason=str(error) or repr(error),
              exc_info=None if expected else error)  # fmt: skip
        source.failing = True

    def _recovered(self, source: Source, now: float) -> None:
        source.last_ok = now
        if source.failing:
            log.info("device can be read again", device=source.driver.device)
        source.failing = False
