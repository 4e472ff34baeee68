import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from station_agent.birth import VERSION
from station_agent.clock import Remembered, Sources, StationClock
from station_agent.config import BrokerSettings
from station_agent.delivery import Delivery
from station_agent.drivers.driver import Taken
from station_agent.errors import DriverError
from station_agent.eviction import Limits
from station_agent.intake import Intake
from station_agent.notebook import Notebook
from station_agent.pseudonym import Pseudonyms
from station_agent.sampler import Sampler
from station_agent.session import Patience
from station_agent.uplink import Uplink
from station_agent.vitals import DAY_MS, GIGABYTE, MOST_CERT_DAYS, Vitals, Watched
from station_agent.wanted import Wanted, WantedSettings
from tests.unit.station_agent.boxes import BOOT, Box, stream_name
from tests.unit.station_agent.machines import Files
from tests.unit.station_agent.pem import IN_2027, IN_2081, UNTIL_2027
from tests.unit.station_agent.shelves import GATEWAY
from wire.ranges import Ranges

OTHER = "01K0PZ6Q9V3W8S4D2N7X5C1BFC"
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
LIMITS = Limits(max_bytes=10_000, max_age_ms=30 * DAY_MS, keep_ms=7 * DAY_MS)


class Thermometer:
    """A device that answers, says nonsense or says nothing."""

    name = device = "lounge"
    every_s = 10.0
    every_reading = True

    def __init__(self) -> None:
        self.broken = False
        self.bad = 0

    def facility_of(self, _device: str) -> str | None:
        return None

    def resume(self, position: Any) -> None:  # noqa: ANN401 - see Driver
        pass

    async def read(self, _now_ms: int) -> Taken:
        if self.broken:
            raise DriverError("no answer on the bus")
        return Taken([{"domain": "environment", "air_temp_celsius": 21.0}], bad=self.bad)

    def committed(self) -> None:
        pass

    def close(self) -> None:
        pass


class Station:
    """An agent that watches itself: real outbox, clocks moved by hand, the kernel's files in a folder."""

    def __init__(self, directory: Path, *, now_ms: int = UNTIL_2027, synchronised: bool = True) -> None:
        self.wall, self.monotonic, self.synchronised = now_ms, 1_000.0, synchronised
        self.box, self.files, self.thermometer = Box(directory, LIMITS), Files(directory), Thermometer()
        self.cert, self.ca = directory / "cert.pem", directory / "ca.pem"
        sources = Sources(lambda: self.wall, lambda: self.monotonic, lambda: self.synchronised)
        self.clock = StationClock(sources, Remembered())
        notebook, rng = Notebook(self.box.database), random.Random(7)
        self.delivery = Delivery(self.box.outbox, rng, GATEWAY)
        self.uplink = Uplink(BrokerSettings(), "louxing-07", [], rng, Patience())
        self.wanted = Wanted(notebook, self.delivery, self.clock)
        self.intake = Intake(Pseudonyms(directory / "month.key"))
        self.vitals = Vitals(self.watched(directory))
        self.sampler = Sampler([self.thermometer, self.vitals], self.intake, self.clock, notebook)

    def watched(self, directory: Path) -> Watched:
        return Watched(
            machine=self.files.machine,
            data_dir=directory,
            cert=self.cert,
            ca=self.ca,
            config_hash=HASH,
            boot_id=BOOT,
            clock=self.clock,
            outbox=self.box.outbox,
            delivery=self.delivery,
            uplink=self.uplink,
            wanted=self.wanted,
            sources=lambda: self.sampler.sources,
        )

    def pass_time(self, seconds: float) -> None:
        self.wall += int(seconds * 1000)
        self.monotonic += seconds

    async def says(self) -> tuple[dict[str, Any], ...]:
        """What the vitals report: the agent, its heartbeat, and each device."""
        taken = await self.vitals.read(self.clock.now())
        return tuple(dict(reading) for reading in taken.readings)

    async def of_itself(self) -> dict[str, Any]:
        return (await self.says())[0]


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    opened = Station(tmp_path)
    yield opened
    opened.box.close()


async def test_it_says_only_what_the_tables_know(station: Station) -> None:
    station.files.route("wlan0")
    station.files.wifi("wlan0", "-56.")
    station.files.zone(0, "cpu-thermal", "48312")
    station.ca.write_text(IN_2081)
    for reading in await station.says():
        station.intake.check(reading, station.vitals.device, station.clock.now())
    assert station.intake.unknown_fields_total == 0


async def test_it_names_itself_and_its_run(station: Station) -> None:
    agent, heartbeat, _ = await station.says()
    station.pass_time(59.5)
    assert (agent["agent_version"], agent["config_hash"], agent["uptime_s"]) == (VERSION, HASH, 0)
    assert heartbeat == {"domain": "agent", "event": "heartbeat", "boot_id": BOOT, "version": VERSION}
    assert (await station.of_itself())["uptime_s"] == 59


async def test_it_says_how_much_of_the_machine_is_used(station: Station, tmp_path: Path) -> None:
    agent, disk = await station.of_itself(), psutil.disk_usage(str(tmp_path))
    assert agent["disk_used_pct"] == pytest.approx(disk.percent, abs=1)
    assert agent["mem_used_pct"] == pytest.approx(psutil.virtual_memory().percent, abs=10)
    assert 0 <= agent["cpu_pct"] <= 100
    written = psutil.Process().io_counters().write_bytes / GIGABYTE
    assert written - 0.01 < agent["disk_write_gb_total"] <= written


async def test_it_says_for_how_long_the_oldest_frame_has_waited(station: Station) -> None:
    assert (await station.of_itself())["outbox_age_s"] == 0
    station.box.add(running_ms=station.clock.running_ms())
    station.pass_time(600)
    station.box.add(running_ms=station.clock.running_ms())
    station.pass_time(301.9)
    agent = await station.of_itself()
    assert (agent["outbox_age_s"], agent["outbox_depth_count"]) == (901, 2)
    station.box.outbox.settle(stream_name(1), Ranges([(1, 1)]), station.clock.running_ms())
    agent = await station.of_itself()
    assert (agent["outbox_age_s"], agent["outbox_depth_count"]) == (301, 1)


async def test_it_ages_the_outbox_by_running_time_when_the_clock_steps(station: Station) -> None:
    station.box.add(running_ms=station.clock.running_ms())
    station.pass_time(60)
    station.wall += 8 * 3_600_000
    station.clock.update()
    assert (await station.of_itself())["outbox_age_s"] == 60


async def test_it_counts_what_a_full_outbox_dropped(station: Station) -> None:
    station.box.add(5, size=1_850)
    agent = await station.of_itself()
    assert agent["publish_dropped_total"] == 0
    assert 95 < agent["outbox_used_pct"] <= 100
    station.box.add(2, size=1_850)
    agent = await station.of_itself()
    assert (agent["publish_dropped_total"], agent["outbox_depth_count"]) == (2, 5)


async def test_it_counts_frames_put_aside(station: Station) -> None:
    station.box.outbox.park(station.box.add(3)[:2])
    assert (await station.of_itself())["outbox_parked_count"] == 2


async def test_it_counts_what_happened_on_the_link(station: Station) -> None:
    station.uplink.reconnects_total = 3
    station.delivery.resent_total = 4
    station.delivery.obeys(OTHER)
    agent = await station.of_itself()
    names = "mqtt_reconnects_total", "frames_resent_total", "foreign_gateway_total"
    assert [agent[name] for name in names] == [3, 4, 1]


async def test_it_says_since_when_a_device_does_not_answer(station: Station) -> None:
    await station.sampler.read()
    station.thermometer.broken = True
    for _ in range(3):
        station.pass_time(100.3)
        await station.sampler.read()
    assert (await station.says())[2:] == (
        {
            "domain": "agent",
            "device": "lounge",
            "device_poll_errors_total": 3,
            "device_last_ok_age_s": 300,
        },
    )
    station.thermometer.broken = False
    station.pass_time(10)
    await station.sampler.read()
    assert (await station.says())[2]["device_last_ok_age_s"] == 0


async def test_it_counts_a_devices_nonsense_with_its_errors(station: Station) -> None:
    station.thermometer.bad = 2
    await station.sampler.read()
    assert (await station.says())[2]["device_poll_errors_total"] == 2


async def test_it_reports_as_often_as_the_gateway_wants(station: Station) -> None:
    assert station.vitals.every_s == 30
    station.wanted.settings = WantedSettings(vitals_every_s=10)
    assert station.vitals.every_s == 10


async def test_it_says_how_hot_the_chip_is(station: Station) -> None:
    station.files.zone(0, "cpu-thermal", "84312")
    assert (await station.of_itself())["soc_temp_celsius"] == 84.312


async def test_it_says_how_well_a_radio_is_heard_while_the_station_speaks_through_it(
    station: Station,
) -> None:
    station.files.wifi("wlan0", "-83.")
    station.files.write("sys/class/net/eth0/type", "1")
    station.files.route("wlan0")
    agent = await station.of_itself()
    assert (agent["link_kind"], agent["link_rssi_dbm"]) == ("wifi", -83.0)
    station.files.route("eth0")
    agent = await station.of_itself()
    assert (agent["link_kind"], agent.get("link_rssi_dbm")) == ("eth", None)


@pytest.mark.parametrize(("days", "said"), [(21.5, 21), (0.5, 0), (-0.5, -1)])
async def test_it_counts_the_whole_days_of_its_certificate(tmp_path: Path, days: float, said: int) -> None:
    station = Station(tmp_path, now_ms=UNTIL_2027 - int(days * DAY_MS))
    station.cert.write_text(IN_2027)
    station.ca.write_text(IN_2081)
    assert (await station.of_itself())["cert_expiry_days"] == said
    station.box.close()


async def test_it_counts_days_no_further_than_their_range(station: Station) -> None:
    station.ca.write_text(IN_2081)
    assert (await station.of_itself())["cert_expiry_days"] == MOST_CERT_DAYS


async def test_it_counts_no_days_while_it_does_not_know_the_date(tmp_path: Path) -> None:
    station = Station(tmp_path, synchronised=False)
    station.cert.write_text(IN_2027)
    assert "cert_expiry_days" not in await station.of_itself()
    station.clock.hear(UNTIL_2027 - 4 * DAY_MS)
    agent = await station.of_itself()
    assert (agent["clock_synced"], agent["cert_expiry_days"]) == (True, 4)
    station.box.close()


async def test_it_leaves_out_what_the_machine_does_not_tell(station: Station) -> None:
    agent = await station.of_itself()
    absent = {"soc_temp_celsius", "link_kind", "link_rssi_dbm", "cert_expiry_days"}
    assert not absent & agent.keys()
    assert None not in agent.values()
