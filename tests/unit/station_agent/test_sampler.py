import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from station_agent.clock import Remembered, Sources, StationClock
from station_agent.database import Database
from station_agent.drivers.driver import RawReading, Taken
from station_agent.errors import DriverError
from station_agent.intake import Intake
from station_agent.notebook import Notebook
from station_agent.pseudonym import Pseudonyms
from station_agent.sampler import Sampler

NOW = 1_790_000_000_000


class Device:
    """A device that says what the test tells it to say."""

    def __init__(self, name: str = "meter", every_s: float = 10.0, *, every_reading: bool = True) -> None:
        self.name = self.device = name
        self.every_s = every_s
        self.every_reading = every_reading
        self.says: list[RawReading] = [{"domain": "water", "water_volume_m3_total": 1.0}]
        self.error: Exception | None = None
        self.hold: asyncio.Event | None = None
        self.reads = self.commits = 0
        self.more = False
        self.position: object = {"offset": 1}
        self.resumed_at: Any = "never"

    def facility_of(self, device: str) -> str | None:
        return "main_meter" if device == "meter" else None

    def resume(self, position: Any) -> None:  # noqa: ANN401 - see Driver
        self.resumed_at = position

    async def read(self, now_ms: int) -> Taken:
        assert now_ms >= NOW
        self.reads += 1
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        return Taken(self.says, self.position, more=self.more)

    def committed(self) -> None:
        self.commits += 1

    def close(self) -> None:
        pass


class Room:
    """Samplers on one notebook, and a clock moved by hand."""

    def __init__(self, directory: Path) -> None:
        self.monotonic = 1_000.0
        self.database = Database(directory / "outbox.db")
        self.notebook = Notebook(self.database)
        self.intake = Intake(Pseudonyms(directory / "month.key"))
        sources = Sources(lambda: NOW, lambda: self.monotonic, lambda: True)
        self.clock = StationClock(sources, Remembered())

    def sampler(self, *devices: Device) -> Sampler:
        return Sampler(devices, self.intake, self.clock, self.notebook)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    opened = Room(tmp_path)
    yield opened
    opened.database.close()


async def test_it_reads_every_device_at_once_and_then_at_its_interval(room: Room) -> None:
    fast, slow = Device("fast", 10), Device("slow", 60)
    sampler = room.sampler(fast, slow)
    for _ in range(12):
        await sampler.read()
        room.monotonic += 10
    assert (fast.reads, slow.reads) == (12, 3)


async def test_it_reads_devices_of_one_interval_together(room: Room) -> None:
    sampler = room.sampler(Device("one"), Device("two"))
    taken = await sampler.read()
    assert len(taken.reports) == 2
    room.monotonic += 3.7
    assert (await sampler.read()).reports == []
    room.monotonic += 6.3
    assert len((await sampler.read()).reports) == 2


async def test_it_reads_on_at_once_where_there_is_more(room: Room) -> None:
    device = Device()
    device.more = True
    sampler = room.sampler(device)
    await sampler.read()
    await sampler.read()
    assert device.reads == 2


async def test_it_does_not_wait_for_a_slow_device(room: Room) -> None:
    slow, quick = Device("slow"), Device("quick")
    slow.hold = asyncio.Event()
    sampler = room.sampler(slow, quick)
    first = await sampler.read()
    assert [report.reading["device"] for report in first.reports] == ["quick"]
    slow.hold.set()
    await sampler.wait()
    second = await sampler.read()
    assert [report.reading["device"] for report in second.reports] == ["slow"]
    assert slow.reads == 1
    await sampler.close()


async def test_it_hands_over_positions_and_tells_drivers_of_the_commit(room: Room) -> None:
    device = Device()
    sampler = room.sampler(device)
    taken = await sampler.read()
    assert taken.positions == {"meter": {"offset": 1}}
    assert device.commits == 0
    sampler.committed(taken)
    assert device.commits == 1


async def test_it_goes_on_with_the_other_devices_when_one_fails(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, good = Device("broken"), Device("good")
    broken.error = DriverError("no answer on the bus")
    sampler = room.sampler(broken, good)
    for _ in range(3):
        taken = await sampler.read()
        assert [report.reading["device"] for report in taken.reports] == ["good"]
        room.monotonic += 10
    broken.error = None
    await sampler.read()
    assert sampler.sources[0].errors_total == 3
    said = [line for line in capsys.readouterr().out.splitlines() if "debug" not in line]
    assert ["cannot be read" in line for line in said] == [True, False]  # loud once, then glad
    assert "can be read again" in said[1]


async def test_it_survives_a_driver_with_a_bug(room: Room) -> None:
    buggy, good = Device("buggy"), Device("good")
    buggy.error = KeyError("nobody thought of this")
    assert len((await room.sampler(buggy, good).read()).reports) == 1


async def test_it_skips_and_counts_bad_readings(room: Room) -> None:
    device = Device()
    device.says = [{"domain": "weather"}, *device.says, {"domain": "water", "water_volume_m3_total": "2"}]
    sampler = room.sampler(device)
    assert len((await sampler.read()).reports) == 1
    assert sampler.sources[0].bad_total == 2


async def test_it_reports_a_polled_device_on_change_only(room: Room) -> None:
    sampler = room.sampler(Device(every_reading=False))
    assert len((await sampler.read()).reports) == 1
    room.monotonic += 10
    assert (await sampler.read()).reports == []


async def test_it_gives_again_what_could_not_be_stored(room: Room) -> None:
    sampler = room.sampler(Device(every_reading=False))
    assert len((await sampler.read()).reports) == 1
    sampler.not_committed()
    room.monotonic += 10
    assert len((await sampler.read()).reports) == 1


async def test_it_remembers_over_restarts_who_reports_what(room: Room) -> None:
    device = Device()
    await room.sampler(device).read()
    quiet = Device()
    quiet.says = []
    (known,) = room.sampler(quiet).devices()
    assert (known.device, known.domain, known.facility) == ("meter", "water", "main_meter")


async def test_it_resumes_where_the_outbox_committed(room: Room) -> None:
    with room.database.transaction() as sql:
        sql.execute("INSERT INTO positions VALUES ('meter', '{\"offset\":42}')")
    device, other = Device(), Device("other")
    room.sampler(device, other)
    assert (device.resumed_at, other.resumed_at) == ({"offset": 42}, None)


async def test_it_wakes_for_the_device_that_is_due_next(room: Room) -> None:
    sampler = room.sampler(Device("often", 0.05), Device("seldom", 60))
    await sampler.read()
    began = time.monotonic()
    await sampler.wait()
    assert time.monotonic() - began < 5
