"""The real agent on simulated devices."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.station import SimulatedDevices
from simulators.towns import LOUXING
from tests.integration.acking_peer import Peer, acking_peer
from tests.integration.agent_inside import running, settings
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import until
from wire.codec import Decoded, decode

MINUTE_MS = 60_000


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[tuple[Mosquitto, Peer]]:
    with Mosquitto(tmp_path / "broker") as broker, acking_peer(broker.port) as connected:
        yield broker, connected


class FastWorld:
    """A world that lives 120 times as fast as the test."""

    def __init__(self, start_ms: int) -> None:
        self._start_ms = start_ms
        self._began = time.monotonic()

    def now_ms(self) -> int:
        return self._start_ms + int((time.monotonic() - self._began) * 120_000)


async def test_it_delivers_what_simulated_devices_say(tmp_path: Path, peer: tuple[Mosquitto, Peer]) -> None:
    broker, gateway = peer
    start_ms = 1_790_000_000_000
    world = FastWorld(start_ms)
    devices = SimulatedDevices(LOUXING[0].simulate(1, start_ms - 10 * MINUTE_MS), world.now_ms)
    async with running(settings(tmp_path, broker.url), [devices]) as agent:
        await until(lambda: len(gateway.frames) >= 5, 20, "frames")
        await until(lambda: not agent.parts.outbox.depth, 20, "all settled")
    domains: set[str] = set()
    for _, frame in gateway.frames:
        decoded = decode(json.dumps(frame).encode(), "louxing-07")
        assert isinstance(decoded, Decoded)
        assert not decoded.rejected
        assert not decoded.unknown_fields
        domains |= {domain for domain, _, _ in decoded.readings}
    assert {"power", "water", "environment", "agent"} <= domains
    births = gateway.births()
    assert {each["device"] for each in births[-1]["devices"]} > {"agent"}


async def test_it_stamps_by_the_agents_clock_however_wrong() -> None:
    true_ms = 1_790_000_000_000
    now = [true_ms]
    devices = SimulatedDevices(LOUXING[0].simulate(1, true_ms), lambda: now[0])
    now[0] += 5 * MINUTE_MS
    wrong = 8 * 3_600_000
    taken = await devices.read(now[0] + wrong)
    assert taken.readings
    assert all(wrong < raw["ts"] - true_ms <= wrong + 5 * MINUTE_MS for raw in taken.readings)


async def test_it_gives_again_what_was_not_committed() -> None:
    now = [1_790_000_000_000]
    devices = SimulatedDevices(LOUXING[0].simulate(1, now[0]), lambda: now[0])
    now[0] += MINUTE_MS
    first = await devices.read(now[0])
    now[0] += MINUTE_MS
    second = await devices.read(now[0])
    assert second.readings[: len(first.readings)] == first.readings
    devices.committed()
    assert not (await devices.read(now[0])).readings
