"""The agent inside the test's own process, with clocks and patience of the test's choosing."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from station_agent.app import Agent
from station_agent.clock import Sources
from station_agent.config import AgentSettings, check
from station_agent.drivers.driver import Taken
from station_agent.session import Patience


class Meter:
    """A polled water meter whose volume the test turns."""

    name = "meter"
    device = "main"
    every_s = 0.05
    every_reading = False

    def __init__(self) -> None:
        self.volume = self.read_volume = 0.0
        self._reading = 0.0
        self.turns = 0
        self.broken: Exception | None = None

    def facility_of(self, _device: str) -> str | None:
        return None

    def resume(self, position: Any) -> None:  # noqa: ANN401 - see Driver
        pass

    async def read(self, _now_ms: int) -> Taken:
        if self.broken is not None:
            raise self.broken
        self._reading = self.volume
        return Taken([{"domain": "water", "water_volume_m3_total": self._reading}])

    def committed(self) -> None:
        self.read_volume = self._reading

    def close(self) -> None:
        pass


def settings(directory: Path, url: str, *, region: str = "louxing", **broker: object) -> AgentSettings:
    """Return settings of louxing-07."""
    content = {
        "region": region,
        "station_id": "louxing-07",
        "broker": {"url": url, "reconnect_max": "500ms"} | broker,
        "data_dir": str(directory / "data"),
        "clock": {"trust": "system"},
    }
    return check(json.loads(json.dumps(content)), "the test")


@asynccontextmanager
async def running(
    of: AgentSettings,
    drivers: Sequence[Any] = (),
    *,
    sources: Sources | None = None,
    patience: Patience | None = None,
) -> AsyncIterator[Agent]:
    """Run an agent until the block ends; it has to end cleanly."""
    async with Agent.open(of, drivers, sources=sources, patience=patience) as agent:
        task = asyncio.create_task(agent.run(), name="agent")
        try:
            yield agent
        finally:
            agent.stop()
            await task
