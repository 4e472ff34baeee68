"""What the kernel says of the box in its files: how hot the chip is, and how the box reaches the network.

What a machine does not tell, or tells in a way unknown here, is absent: never a guess, never an error.
"""

from dataclasses import dataclass
from pathlib import Path

_CHIPS = ("cpu", "soc", "core", "x86_pkg_temp", "imx_thermal")
"""Words in the names that drivers give to the zones of the chip; a battery or a radio has others."""
_MODEMS = ("ww", "usb", "rmnet")
"""How names of a modem's interfaces begin: ``wwan0`` (with systemd ``wwp...``), ``usb0``, ``rmnet0``."""
_ETHERNET = "1"
"""ARPHRD_ETHER of if_arp.h; a tunnel has another and does not say what carries it."""
_UP, _REJECT = 0x1, 0x200
"""RTF_UP and RTF_REJECT of linux/route.h."""
_WEAKEST_DBM = -140


@dataclass(frozen=True, slots=True)
class Machine:
    """A box, by the roots of its ``/sys`` and ``/proc``."""

    sys: Path = Path("/sys")
    proc: Path = Path("/proc")

    def soc_temp_celsius(self) -> float | None:
        """Return how hot the hottest part of the chip is, in °C; the kernel counts in thousandths."""
        zones = self.sys.glob("class/thermal/thermal_zone*")
        of_chip = [zone for zone in zones if any(word in _text(zone / "type").lower() for word in _CHIPS)]
        known = [degrees for zone in of_chip if (degrees := _number(_text(zone / "temp"))) is not None]
        return max(known) / 1000 if known else None

    def default_interface(self) -> str | None:
        """Return the interface of the cheapest IPv4 default route."""
        lines = _text(self.proc / "net/route").splitlines()
        routes = [route for line in lines if (route := _default_route(line)) is not None]
        return min(routes, key=lambda route: route[0])[1] if routes else None

    def link_kind(self, interface: str) -> str | None:
        """Return eth, lte or wifi; a modem that poses as a network card is eth."""
        folder = self.sys / "class/net" / interface
        if (folder / "wireless").exists() or (folder / "phy80211").exists():
            return "wifi"
        if interface.startswith(_MODEMS):
            return "lte"
        return "eth" if _text(folder / "type").strip() == _ETHERNET else None

    def wifi_level_dbm(self, interface: str) -> float | None:
        """Return the level in dBm; a driver that counts in units of its own gives none below 0."""
        for line in _text(self.proc / "net/wireless").splitlines():
            name, _, figures = line.partition(":")
            if name.strip() == interface:
                _status, _quality, level, *_ = [*figures.split(), "", "", ""]
                dbm = _number(level)
                return dbm if dbm is not None and _WEAKEST_DBM <= dbm < 0 else None
        return None


def _default_route(line: str) -> tuple[int, str] | None:
    """Return cost and interface of a line of ``/proc/net/route``; None when it is another route, or none."""
    try:
        interface, destination, _, flags, _, _, metric, mask, *_ = line.split()
        is_default = destination == mask == "00000000" and int(flags, 16) & (_UP | _REJECT) == _UP
        return (int(metric), interface) if is_default else None
    except ValueError:
        return None


def _text(path: Path) -> str:
    """Return what a file says; nothing when it is not there, or its driver does not answer."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
