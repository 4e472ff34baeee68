"""A crew of light stations against a real broker and a real gateway."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.config import load
from simulators.light.app import Berth, CrewPlan, connector, member_of
from simulators.light.crew import Crew
from tests.support.mosquitto import Mosquitto

HOUR_MS = 3_600_000


def now_ms() -> int:
    return int(time.time() * 1000)  # noqa: TID251 - the test stands where a composition root would


def settings(directory: Path, broker: Mosquitto) -> Path:
    path = directory / "gateway.yaml"
    path.write_text(
        f"data_dir: {directory / 'gateway'}\nbroker: {{url: '{broker.url}'}}\n"
        "http: {port: 0}\nack: {after_ms: 100}\n"
    )
    return path


def plan(port: int, *stations: str) -> CrewPlan:
    past = now_ms() - 6 * HOUR_MS
    berths = [Berth(station_id=one, seed=1, start_ms=past, from_ms=past) for one in stations]
    return CrewPlan(
        name=f"crew-{random.getrandbits(32)}", host="127.0.0.1", port=port, session=0, stations=tuple(berths)
    )


async def play(crew: Crew, until: Callable[[], bool], seconds: float = 60.0) -> None:
    """Step the crew until ``until()`` is true."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "the crew did not get there in time"
        crew.step(time.monotonic(), now_ms())
        await asyncio.sleep(0.01)


def completeness(gateway: Gateway, station_id: str) -> dict[str, int]:
    detail = gateway.services.details.get(station_id, now_ms())
    assert detail is not None
    return dict(detail.completeness)


@pytest.mark.timeout(180)
async def test_it_brings_its_past_and_lives_on_although_the_broker_dies(tmp_path: Path) -> None:
    told: list[tuple[str, int | None]] = []
    with Mosquitto(tmp_path / "broker") as broker:
        async with Gateway.open(load(settings(tmp_path, broker), {})) as gateway:
            running = asyncio.create_task(gateway.run(), name="gateway")
            await gateway.until_ready()
            made = plan(broker.port, "louxing-06", "louxing-08")
            members = [member_of(berth, now_ms()) for berth in made.stations]
            crew = Crew(members, 0, connector(made), lambda *said: told.append(said))
            await play(crew, lambda: len(told) >= 2)
            broker.restart()
            await play(crew, lambda: sum(until is None for _, until in told) == 2)
            lasts = [member.station.shelf.last for member in members]
            await play(
                crew,
                lambda: all(
                    m.station.shelf.oldest > last + 1 for m, last in zip(members, lasts, strict=True)
                ),
            )
            for member in members:
                counts = completeness(gateway, member.simulated.station_id)
                assert counts["received"] >= member.station.shelf.oldest - 1
                assert counts["missing"] == counts["gone"] == counts["quarantined"] == 0
            crew.leave()
            gateway.stop()
            await running
