"""A crew of light stations as a process of its own.

    python -m simulators.light.app < plan.json

The first line of standard input is a plan; the process ends cleanly on SIGTERM, and when the input closes.
Progress goes to standard output, one JSON object a line.
"""

import json
import random
import signal
import sys
import threading
import time
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict
from ulid import ULID

from simulators.faults import parse_fault
from simulators.light.connection import Connection
from simulators.light.crew import Crew, Member
from simulators.light.station import Identity, LightStation
from simulators.towns import LOUXING
from wire.frames import DeviceInfo
from wire.topics import Topics

FILLING_S, IDLE_S = 0.01, 0.1


class Berth(BaseModel):
    """One station of Louxing whose life begins at ``start_ms``.

    What it measured before ``from_ms`` is told already. One that ``leaves`` has only a past. ``faults`` are
    written as in ``simulate scenario``: name@minute.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    station_id: str
    seed: int
    start_ms: int
    from_ms: int
    leaves: bool = False
    faults: tuple[str, ...] = ()


class CrewPlan(BaseModel):
    """What one process does; ``session`` is that of the crew's last connection before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    host: str
    port: int
    session: int
    stations: tuple[Berth, ...]


def main() -> None:
    """Run the plan on standard input until told to stop."""
    plan = CrewPlan.model_validate_json(sys.stdin.readline())
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    threading.Thread(target=_watch_input, args=(stopping,), daemon=True).start()
    crew = Crew(
        [member_of(berth, _now_ms()) for berth in plan.stations], plan.session, connector(plan), _tell
    )
    while not stopping.is_set():
        filling = crew.step(time.monotonic(), _now_ms())
        stopping.wait(FILLING_S if filling else IDLE_S)
    crew.leave()


def _now_ms() -> int:
    return int(time.time() * 1000)  # noqa: TID251 - this process's composition root


def _watch_input(stopping: threading.Event) -> None:
    """Whoever started us is gone when the input closes, however it ended."""
    sys.stdin.read()
    stopping.set()


def connector(plan: CrewPlan) -> Callable[[list[str]], Connection | None]:
    """How a crew reaches the plan's broker; None while nobody listens there."""

    def connect(topics: list[str]) -> Connection | None:
        try:
            return Connection(plan.host, plan.port, f"{plan.name}-{random.randrange(1 << 32):08x}", topics)
        except OSError:
            return None

    return connect


def member_of(berth: Berth, now_ms: int) -> Member:
    """Bring one station of the plan to life; StopIteration for one that is not of Louxing."""
    site = next(site for site in LOUXING if site.station_id == berth.station_id)
    faults = [parse_fault(fault, berth.start_ms) for fault in berth.faults]
    simulated = site.simulate(berth.seed, berth.start_ms, faults=faults)
    devices = tuple(
        DeviceInfo(device=one.device, domain=one.domain, facility=one.facility, interval_s=one.interval_s)
        for one in simulated.devices
    )
    identity = Identity(site.region, site.station_id, str(ULID()), str(ULID()), now_ms, devices)
    station = LightStation(identity, Topics(), random.Random(berth.seed))
    return Member(simulated, station, berth.from_ms, leaves=berth.leaves)


def _tell(station_id: str, until_ms: int | None) -> None:
    sys.stdout.write(json.dumps({"station_id": station_id, "until_ms": until_ms}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
