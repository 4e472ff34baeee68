"""The files of a kernel, as real boxes show them."""

from pathlib import Path

from station_agent.machine import Machine

ROUTES = """\
Iface	Destination	Gateway	Flags	RefCnt	Use	Metric	Mask	MTU	Window	IRTT
{0}	00000000	0101A8C0	0003	0	0	{1}	00000000	0	0	0
{0}	0001A8C0	00000000	0001	0	0	{1}	00FFFFFF	0	0	0
"""
WIRELESS = """\
Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 {0}: 0000   54.  {1}  -256        0      0      0      0    122        0
"""


class Files:
    """A box whose ``/sys`` and ``/proc`` are folders."""

    def __init__(self, directory: Path) -> None:
        self._root = directory
        self.machine = Machine(sys=directory / "sys", proc=directory / "proc")

    def write(self, path: str, text: str) -> None:
        """Write ``text`` and a line's end at ``path``, such as ``sys/class/net/eth0/type``."""
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    def zone(self, number: int, name: str, thousandths: str) -> None:
        """Add a thermal zone."""
        self.write(f"sys/class/thermal/thermal_zone{number}/type", name)
        self.write(f"sys/class/thermal/thermal_zone{number}/temp", thousandths)

    def route(self, interface: str, metric: int = 100) -> None:
        """Let the default route go over an interface, and no other."""
        self.write("proc/net/route", ROUTES.format(interface, metric))

    def wifi(self, interface: str, level: str) -> None:
        """Add a radio, with its level as the kernel writes it."""
        self.write(f"sys/class/net/{interface}/type", "1")
        self.write(f"sys/class/net/{interface}/wireless/.keep", "")
        self.write("proc/net/wireless", WIRELESS.format(interface, level))
