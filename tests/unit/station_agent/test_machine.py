from pathlib import Path

import pytest

from station_agent.machine import Machine
from tests.unit.station_agent.machines import ROUTES, Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_it_says_how_hot_the_hottest_part_of_the_chip_is(files: Files) -> None:
    files.zone(0, "bigcore0-thermal", "61200")
    files.zone(1, "soc-thermal", "58400")
    files.zone(2, "battery", "75000")
    assert files.machine.soc_temp_celsius() == 61.2


@pytest.mark.parametrize("name", ["cpu-thermal", "cpu_thermal", "x86_pkg_temp", "imx_thermal_zone"])
def test_it_knows_the_zones_of_the_usual_chips(files: Files, name: str) -> None:
    files.zone(0, name, "48312")
    assert files.machine.soc_temp_celsius() == 48.312


def test_it_calls_no_other_zone_the_chip(files: Files) -> None:
    files.zone(0, "acpitz", "27800")
    assert files.machine.soc_temp_celsius() is None


def test_it_passes_over_a_zone_that_does_not_answer(files: Files) -> None:
    files.zone(0, "cpu-thermal", "")
    assert files.machine.soc_temp_celsius() is None
    files.zone(1, "soc-thermal", "-5000")
    assert files.machine.soc_temp_celsius() == -5.0


def test_it_finds_the_interface_of_the_cheapest_default_route(files: Files) -> None:
    heading, *dear = ROUTES.format("wwan0", 700).splitlines()
    _, *cheap = ROUTES.format("eth1", 100).splitlines()
    files.write("proc/net/route", "\n".join([heading, *dear, *cheap]))
    assert files.machine.default_interface() == "eth1"


@pytest.mark.parametrize("flags", ["0002", "0201"])
def test_it_takes_no_route_that_is_down_or_rejects(files: Files, flags: str) -> None:
    files.write("proc/net/route", ROUTES.format("eth0", 0).replace("0003", flags))
    assert files.machine.default_interface() is None


def test_it_takes_no_route_to_a_part_of_the_network_for_the_default(files: Files) -> None:
    files.write("proc/net/route", ROUTES.format("tun0", 0).replace("00000000\t0\t0", "00000080\t0\t0"))
    assert files.machine.default_interface() is None


@pytest.mark.parametrize(
    ("interface", "kind"),
    [("eth0", "eth"), ("enp2s0", "eth"), ("wwan0", "lte"), ("wwp0s20u4i8", "lte"), ("usb0", "lte")],
)
def test_it_says_how_the_box_is_connected(files: Files, interface: str, kind: str) -> None:
    files.write(f"sys/class/net/{interface}/type", "1")
    assert files.machine.link_kind(interface) == kind


@pytest.mark.parametrize("folder", ["wireless", "phy80211"])
def test_it_knows_a_radio_by_its_folder(files: Files, folder: str) -> None:
    files.write("sys/class/net/wlan0/type", "1")
    files.write(f"sys/class/net/wlan0/{folder}/index", "0")
    assert files.machine.link_kind("wlan0") == "wifi"


def test_it_does_not_guess_what_carries_a_tunnel(files: Files) -> None:
    files.write("sys/class/net/wg0/type", "65534")
    assert files.machine.link_kind("wg0") is None


def test_it_says_how_strong_the_radio_is_heard(files: Files) -> None:
    files.wifi("wlan0", "-56.")
    assert files.machine.wifi_level_dbm("wlan0") == -56.0
    assert files.machine.wifi_level_dbm("wlan1") is None


@pytest.mark.parametrize("level", ["-256", "0", "44.", "?"])
def test_it_takes_no_level_that_cannot_be_dbm(files: Files, level: str) -> None:
    files.wifi("wlan0", level)
    assert files.machine.wifi_level_dbm("wlan0") is None


def test_it_says_nothing_where_the_kernel_does_not(files: Files) -> None:
    machine = files.machine
    said = machine.soc_temp_celsius(), machine.default_interface(), machine.link_kind("eth0")
    assert (*said, machine.wifi_level_dbm("wlan0")) == (None, None, None, None)


def test_it_reads_the_machine_it_runs_on() -> None:
    interface = Machine().default_interface()
    assert interface is None or Path("/sys/class/net", interface).exists()
