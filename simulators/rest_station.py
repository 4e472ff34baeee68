"""A whole rest station on virtual time: what it publishes, and what is true."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from simulators.archetypes import ARCHETYPES
from simulators.arrivals import before_closing, visits_of
from simulators.faults import name_of
from simulators.grid import HOUR_MS, STEP_MS, Block, ts_of
from simulators.instruments import Gauge, instruments_of
from simulators.links import ClockProfile, LinkProfile
from simulators.people import Doorway
from simulators.place import Place
from simulators.plan import Fact, Plan, taken_before
from simulators.premises import Premises, consumption
from simulators.sampling import GaugeSampler, StateSampler
from simulators.weather import CLIMATES, Weather

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from simulators.faults import Fault
    from simulators.faults.fault import Memory
    from simulators.grid import Reading, Report
    from simulators.instruments import Instrument
    from simulators.truth import TruthLog
    from simulators.weather import Climate, DayWeather

_OF_DAY, _OF_SENSORS, _OF_WEATHER = 1, 2, 3
_MODES = ("closed", "open")


class Device(NamedTuple):
    """One measuring point, as the birth message lists it."""

    device: str
    domain: str
    facility: str
    interval_s: int


class SimulatedStation:
    """One station; everything follows from its arguments, and how it is advanced changes nothing.

    `advance` works out blocks of one hour ahead and hands out what is due. `link`, `clock` and `boots` (ms)
    are what its faults make of them, for whoever carries its readings, which always carry true time.
    `opens` are local hours between which people may come. The agent's vitals (domain `agent`) are included;
    a real agent brings its own.
    """

    def __init__(  # noqa: PLR0913 - a station has that many independent knobs, all but four with defaults
        self,
        station_id: str,
        archetype: str,
        seed: int,
        start_ms: int,
        *,
        tz: str = "Asia/Shanghai",
        climate: Climate | str = "louxing",
        faults: Sequence[Fault] = (),
        noise: float = 1.0,
        truth: TruthLog | None = None,
        visits_per_day: float | None = None,
        opens: tuple[float, float] = (0.0, 24.0),
    ) -> None:
        self.station_id = station_id
        self.archetype = of = ARCHETYPES[archetype]
        self.faults = tuple(faults)
        self.link = LinkProfile().with_outages(span for fault in faults for span in fault.outages())
        self.boots = tuple(sorted(at for fault in faults for at in fault.boots()))
        self.clock = next((clock for fault in faults if (clock := fault.clock())), ClockProfile())
        self.devices = devices_of(instruments_of(of))
        self._zone, self._noise, self._truth, self._opens = ZoneInfo(tz), noise, truth, opens
        self._visits_per_day = of.visits_per_day if visits_per_day is None else visits_per_day
        self._seeds = (seed, zlib.crc32(station_id.encode()))
        self._rng = self._generator(_OF_SENSORS)
        self._weather = Weather(CLIMATES[climate] if isinstance(climate, str) else climate)
        self._days: dict[int, DayWeather] = {}
        self._doorway = Doorway(station_id, Place(of, {}), refusal=self._refusal)
        self._plan = Plan(facts=[fact for fault in faults for fact in _facts_of(fault)])
        for fault in faults:
            fault.arrange(self._plan)
        self._premises = Premises(of, start_ms, self._rng)
        self._samplers = [self._sampler(each, start_ms) for each in instruments_of(of)]
        self._memory: Memory = {}
        self._start_ms, self._until_ms = start_ms, start_ms - start_ms % STEP_MS
        self._ready: list[Report] = []
        self._next = 0

    def advance(self, to_ms: int) -> list[tuple[str, Reading]]:
        """All readings due after the last call and up to `to_ms`, in order of `ts`: (domain, reading)."""
        due: list[Report] = self._take_ready(to_ms)
        while self._until_ms <= to_ms:
            self._work_out()
            due += self._take_ready(to_ms)
        self._tell_truth(to_ms + 1)
        return due

    def _take_ready(self, to_ms: int) -> list[Report]:
        """Take what is due; while a block is missing, only what no later block can precede."""
        first = self._next
        self._next = bisect_right(self._ready, min(to_ms, self._until_ms - 1), lo=first, key=ts_of)
        return self._ready[first : self._next]

    def _work_out(self) -> None:
        start = self._until_ms
        end = start - start % HOUR_MS + HOUR_MS
        block = self._block(start, end)
        faults = [fault for fault in self.faults if fault.touches(block)]
        passages = taken_before(self._plan.passages, end)
        block.events = [event for event in self._plan.events if ts_of(event) < end]
        self._plan.events = [event for event in self._plan.events if ts_of(event) >= end]
        self._premises.work_out(block, self._plan, passages, faults, self._noise)
        reports = self._ready[self._next :] + block.events
        for sampler in self._samplers:
            reports += sampler.reports(block, self._noise, self._rng)
        self._publish(reports, faults)
        self._plan.facts += consumption(block)
        self._plan.forget(end)
        self._until_ms = end

    def _publish(self, reports: list[Report], faults: list[Fault]) -> None:
        for fault in faults:
            read = [(domain, fault.read(reading, self._memory)) for domain, reading in reports]
            reports = [(domain, reading) for domain, reading in read if reading is not None]
        reports.sort(key=ts_of)
        self._ready, self._next = reports, bisect_right(reports, self._start_ms, key=ts_of)

    def _block(self, start_ms: int, end_ms: int) -> Block:
        local = datetime.fromtimestamp(start_ms / 1000, UTC).astimezone(self._zone)
        day = self._day(local.toordinal())
        self._expect(local.toordinal(), local)
        steps = np.arange((end_ms - start_ms) // STEP_MS) * STEP_MS / HOUR_MS
        hours = local.hour + local.minute / 60 + local.second / 3600 + steps
        block = Block(
            start_ms,
            end_ms,
            day,
            hours,
            outdoor_c=day.outdoor_c(hours),
            sun=day.sun(hours),
            present=np.zeros(len(hours)),
            door_open=np.zeros(len(hours)),
            powered=np.ones(len(hours)),
            conditioned=np.ones(len(hours)),
        )
        for stay in self._plan.stays:
            block.add(block.present, stay.start_ms, stay.end_ms, stay.rate)
        for opening in self._plan.openings:
            block.add(block.door_open, opening.start_ms, opening.end_ms, opening.rate)
        block.state("station", "station_mode", (hours >= self._opens[0]) & (hours < self._opens[1]), _MODES)
        np.rint(block.present, out=block.present)
        np.minimum(block.door_open, 1.0, out=block.door_open)
        return block

    def _day(self, ordinal: int) -> DayWeather:
        if ordinal not in self._days:
            self._days = {ordinal: self._weather.day(ordinal, self._generator(_OF_WEATHER, ordinal))}
        return self._days[ordinal]

    def _expect(self, ordinal: int, local: datetime) -> None:
        """Draw the people of a local day when its first block comes; those before the start never came."""
        if self._doorway.day == ordinal:
            return
        self._doorway.begin_day(ordinal, f"{local.year}-{local.month:02}")
        rng = self._generator(_OF_DAY, ordinal)
        midnight = int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
        opened, closed = self._opens
        for drawn in visits_of(self.archetype, self._visits_per_day, self._days[ordinal], rng):
            visit = before_closing(drawn, opened, closed)
            at_ms = midnight + int(drawn.hour * HOUR_MS)
            if visit is not None and at_ms > self._start_ms:
                self._doorway.receive(visit, at_ms, self._plan, rng)

    def _refusal(self, at_ms: int) -> str | None:
        return next((reason for fault in self.faults if (reason := fault.refusal(at_ms))), None)

    def _sampler(self, instrument: Instrument, start_ms: int) -> GaugeSampler | StateSampler:
        offset = int(self._rng.integers(0, HOUR_MS))
        if isinstance(instrument, Gauge):
            return GaugeSampler(instrument, offset)
        return StateSampler(instrument, offset, start_ms)

    def _tell_truth(self, before_ms: int) -> None:
        for at, kind, fields in taken_before(self._plan.facts, before_ms):
            if self._truth is not None:
                self._truth.write(self.station_id, at, kind, fields)

    def _generator(self, *purpose: int) -> Generator:
        return np.random.default_rng([*self._seeds, *purpose])


def devices_of(instruments: Sequence[Instrument]) -> tuple[Device, ...]:
    """One row for each device and domain, with the shortest interval at which it always reports."""
    rows: dict[tuple[str, str], Device] = {}
    for each in instruments:
        if isinstance(each, Gauge) and each.sparse:
            continue
        known = rows.get((each.device, each.domain))
        interval = min(each.interval_s, known.interval_s) if known else each.interval_s
        rows[each.device, each.domain] = Device(each.device, each.domain, each.facility, interval)
    return tuple(rows.values())


def _facts_of(fault: Fault) -> list[Fact]:
    about: dict[str, object] = {"fault": name_of(fault), "zh": fault.zh, "en": fault.en, **fault.parameters}
    return [
        Fact(fault.start_ms, "fault", {**about, "phase": "begin"}),
        Fact(fault.end_ms, "fault", {**about, "phase": "end"}),
    ]
