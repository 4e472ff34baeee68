"""Five thousand stations lose their links within ten seconds and return: real wills, a real gateway.

The same on virtual time, without a wire: tests/integration/alerting/test_storm.py.
"""

import asyncio
import json
import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.acceptance.crowd import Crowd, alerts_in
from tests.acceptance.rig import Program
from tests.support.http_fake import HttpFake
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port

STATIONS = 5_000
WITHIN_S = 10.0
SETTLED_S = 75.0
"""A gateway believes in its first minute that silence may be its own."""
OUT_S = 150.0
"""Longer than a last will is waited for, so that every station has an alert of its own to be explained."""
MOST_MESSAGES = 5
NOT_MEANT = {"ONC-03", "AG-02"}
"""Late in a year the public holidays of the next are not known yet. A station whose last frame is received
after its will is online, offline and back: with its first coming, that is a link that flaps.
"""
MOST_FLAPPING = 10


def settings(folder: Path, broker: str, port: int, desk: str) -> str:
    path = folder / "gateway.yaml"
    content = {
        "data_dir": str(folder / "gateway"),
        "broker": {"url": broker},
        "http": {"host": "127.0.0.1", "port": port},
        "channels": {"desk": {"kind": "webhook", "url": desk, "secret": "storm"}},
        "on_call": {
            "people": {"li": {"name": "Li", "channels": ["desk"]}},
            "layers": [{"name": "first", "people": ["li"], "first_day": "2026-01-01"}],
            "fallback": "li",
        },
    }
    path.write_text(json.dumps(content))
    return str(path)


def have_sockets(enough: int) -> None:
    """Let this process, and those it starts, open so many sockets."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert most >= enough or most == resource.RLIM_INFINITY, f"allow {enough} open files: ulimit -Hn {enough}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Api:
    """What the gateway answers."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def all(self, path: str, **query: object) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        asked = {name: str(value) for name, value in (query | {"limit": 1_000}).items()}
        while True:
            page = (await self._client.get(path, params=asked)).raise_for_status().json()
            items += page["items"]
            if page["next"] is None:
                return items
            asked["cursor"] = page["next"]

    async def states(self) -> Counter[str]:
        return Counter(item["state"] for item in await self.all("/stations"))

    async def open(self) -> list[dict[str, Any]]:
        firing, taken = (
            await self.all("/alerts", state="firing"),
            await self.all("/alerts", state="acknowledged"),
        )
        return [one for one in (*firing, *taken) if one["rule"] not in NOT_MEANT]

    async def acknowledge(self, alert_id: str) -> None:
        said = {"by": "li", "comment": "calling the network"}
        (await self._client.post(f"/alerts/{alert_id}/acknowledge", json=said)).raise_for_status()

    async def until(self, wanted: Any, what: str, seconds: float) -> None:  # noqa: ANN401 - any question
        """Ask once a second until the answer is yes."""
        deadline = time.monotonic() + seconds
        while not await wanted():
            assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
            await asyncio.sleep(1)


@pytest.mark.soak
@pytest.mark.timeout(1_200)
async def test_five_thousand_stations_that_vanish_and_return_are_one_alert(tmp_path: Path) -> None:
    have_sockets(STATIONS + 500)
    async with HttpFake().listening() as desk:
        with Mosquitto(tmp_path / "broker") as broker:
            port = free_port()
            config = settings(tmp_path, broker.url, port, f"{desk.base}/desk")
            gateway = Program(["gateway", "run", "--config", config])
            try:
                await asyncio.to_thread(gateway.start)
                base = f"http://127.0.0.1:{port}/api/v1"
                async with (
                    httpx.AsyncClient(base_url=base, timeout=60) as client,
                    Crowd.of(STATIONS, broker.port) as crowd,
                ):
                    await _storm(crowd, Api(client), desk, gateway)
            finally:
                await asyncio.to_thread(gateway.kill)


async def _storm(crowd: Crowd, api: Api, desk: HttpFake, gateway: Program) -> None:
    await crowd.connect()
    await asyncio.sleep(SETTLED_S)
    await _all_are(api, "online")
    assert await api.open() == []
    before = _memory(gateway)

    await crowd.vanish(WITHIN_S)
    await _all_are(api, "offline")
    await api.until(lambda: _fires(api, "AG-17", 1), "the outage", 150)
    await api.until(lambda: _fires(api, "AG-01", STATIONS), "what follows from it", OUT_S + 60)
    [outage] = await api.all("/alerts", rule="AG-17")
    await api.acknowledge(outage["alert_id"])

    await crowd.connect()
    await _all_are(api, "online")
    await api.until(lambda: _none_open(api), "the end of every alert", 400)
    [outage] = await api.all("/alerts", rule="AG-17")
    assert (outage["state"], outage["station_id"]) == ("resolved", "_gateway")
    said = {one["rule"] for one in await api.all("/alerts", station_id="_gateway")}
    assert said - NOT_MEANT == {"AG-17"}
    assert len(await api.all("/alerts", rule="AG-02")) <= MOST_FLAPPING
    told = [alerts_in(request.body) for request in desk.requests]
    print(f"{len(told)} messages: {told}; {_memory(gateway) - before} MiB more")
    assert told[0] == ["AG-17"]
    assert len(told) <= MOST_MESSAGES


async def _all_are(api: Api, state: str) -> None:
    async def are() -> bool:
        return await api.states() == {state: STATIONS}

    await api.until(are, f"all stations {state}", 120)


async def _fires(api: Api, rule: str, times: int) -> bool:
    return len(await api.all("/alerts", rule=rule, state="firing")) == times


async def _none_open(api: Api) -> bool:
    return await api.open() == []


def _memory(gateway: Program) -> int:
    assert gateway.running is not None
    return int(psutil.Process(gateway.running.pid).memory_info().rss // 2**20)
