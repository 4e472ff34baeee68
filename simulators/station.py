"""`simulate station`: the real agent on simulated devices, at speed 1."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from simulators.archetypes import ARCHETYPES
from simulators.faults import Fault, parse_fault
from simulators.links import ClockProfile
from simulators.rest_station import SimulatedStation
from simulators.towns import LOUXING, Site
from station_agent.cli import serve, told_to_the_operator
from station_agent.clock import Sources
from station_agent.config import AgentSettings, check
from station_agent.drivers.driver import Taken
from station_agent.errors import SettingsError

TOLERATED_MS = 1_000
_AGENTS_OWN = "agent"


class SimulatedDevices:
    """All devices of a simulated station as one driver.

    What happened before the driver was made, or while no agent ran, was read by nobody. Simulated
    instruments report on change themselves, so every reading counts. ``true_ms`` is the time in the
    simulated world; the agent's own clock may be wrong, and stamps what it reads.
    """

    name = "simulated"
    device = "station"
    every_s = 1.0
    every_reading = True

    def __init__(self, station: SimulatedStation, true_ms: Callable[[], int]) -> None:
        self._station = station
        self._true_ms = true_ms
        self._station.advance(true_ms())
        self._facilities = {each.device: each.facility for each in station.devices}
        self._uncommitted: list[dict[str, Any]] = []

    def facility_of(self, device: str) -> str | None:
        """Return what the station's plan says."""
        return self._facilities.get(device)

    def resume(self, position: Any) -> None:  # noqa: ANN401 - see Driver
        """Nothing to go on with: time has passed."""

    async def read(self, now_ms: int) -> Taken:
        """Return what the devices have said since the last read."""
        true_ms = self._true_ms()
        wrong = now_ms - true_ms if abs(now_ms - true_ms) > TOLERATED_MS else 0
        self._uncommitted += [
            {"domain": domain} | reading | {"ts": reading["ts"] + wrong}
            for domain, reading in self._station.advance(true_ms)
            if domain != _AGENTS_OWN
        ]
        return Taken(tuple(self._uncommitted))

    def committed(self) -> None:
        """What was read is on disk."""
        self._uncommitted.clear()

    def close(self) -> None:
        """Nothing to let go of."""


def station(  # noqa: PLR0913 - each is an option of the command
    *,
    station: Annotated[str, typer.Option(help="Station id. / 站点编号")] = "louxing-01",
    broker: Annotated[str, typer.Option(help="Broker. / 消息服务器")] = "mqtt://127.0.0.1:1883",
    data: Annotated[Path, typer.Option(help="Where the outbox lives. / 数据目录")] = Path("./data"),
    seed: Annotated[int, typer.Option(min=0, help="Seed. / 随机种子")] = 1,
    start_ms: Annotated[
        int | None, typer.Option(help="When the station's life began, ms; now. / 模拟起始时刻（毫秒）")
    ] = None,
    region: Annotated[str, typer.Option(help="Region of an unknown station. / 未知站点的区域")] = "sim",
    archetype: Annotated[
        str, typer.Option(help="Kind of an unknown station. / 未知站点的类型")
    ] = "urban_standard",
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Fault by name and minute, such as F01@130. / 故障与开始分钟"),
    ] = None,
) -> None:
    """Run the real agent on simulated devices. / 真实代理加模拟设备."""
    now_ms = _true_ms()
    with told_to_the_operator():
        site = _site(station, region, archetype)
        begun_ms = min(now_ms, now_ms if start_ms is None else start_ms)
        simulated = site.simulate(seed, begun_ms, faults=[_fault(each, begun_ms) for each in fault or ()])
        devices = SimulatedDevices(simulated, _true_ms)
        serve(_settings(site, broker, data), [devices], _sources(simulated.clock))


def _true_ms() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - the command's composition root


def _settings(site: Site, broker: str, data: Path) -> AgentSettings:
    return check(
        {
            "region": site.region,
            "station_id": site.station_id,
            "broker": {"url": broker},
            "data_dir": data,
            "clock": {"trust": "system"},
        },
        "the options",
    )


def _sources(clock: ClockProfile) -> Sources:
    """Return the clocks of the simulated box."""
    return Sources(
        wall=lambda: clock.reads(_true_ms()),
        monotonic=time.monotonic,
        synchronised=lambda: clock.is_synced(_true_ms()),
    )


def _fault(text: str, start_ms: int) -> Fault:
    try:
        return parse_fault(text, start_ms)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _site(station_id: str, region: str, archetype: str) -> Site:
    """Find the station in Louxing, or make one up."""
    known = next((site for site in LOUXING if site.station_id == station_id), None)
    if known is not None:
        return known
    if archetype not in ARCHETYPES:
        raise SettingsError(f"no archetype {archetype!r}; there are {', '.join(ARCHETYPES)}")
    visits = ARCHETYPES[archetype].visits_per_day
    return Site(station_id, region, station_id, station_id, archetype, 27.73, 112.0, visits)
