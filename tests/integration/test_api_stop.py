"""The gateway stops in time, whatever its clients are in the middle of."""

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from gateway.alerting.detection.recovery import History
from gateway.api.application import create_api
from gateway.api.server import Server, listen
from gateway.api.services import Services
from gateway.batch.batch import Batch
from gateway.state.births import JournalRow
from tests.integration.api_support import NOW, House, open_house
from tests.support.processes import Running
from tests.support.waiting import until

HALF = (
    b"POST /api/v1/alerts/x/acknowledge HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
)
TIME = {"start": "2026-11-22T07:00:00Z", "end": "2026-11-22T09:00:00Z"}


@contextmanager
def ready(folder: Path) -> Iterator[tuple[Running, int]]:
    path = folder / "gateway.yaml"
    path.write_text(f"data_dir: {folder / 'data'}\nbroker: {{embedded: true, port: 0}}\nhttp: {{port: 0}}\n")
    with Running("gateway", "run", "--config", str(path)) as gateway:
        yield gateway, int(gateway.wait_for(r"^ready http=http://127\.0\.0\.1:(\d+) ", seconds=40)[1])


def test_it_stops_in_time_in_the_middle_of_a_request(tmp_path: Path) -> None:
    with ready(tmp_path) as (gateway, port), socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(HALF)
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200, "the half is read by now"
        assert gateway.stop(seconds=10) == 0, gateway.output
        assert re.search("^HTTP/1.1 503 ", client.recv(4_096).decode())
        assert "Traceback" not in gateway.output


class Endless(History):
    """A store of which a backtest never sees the last frame: the first over and over."""

    def batches(self, first: int, last: int) -> Iterator[tuple[Batch, list[JournalRow]]]:
        """Yield the same for ever."""
        while first < last:
            yield from super().batches(first, first)


def with_endless_history(house: House) -> Services:
    services = house.services()
    endless = Endless(house.store, house.state.births)
    return replace(services, backtest=replace(services.backtest, history=endless))


async def test_a_backtest_that_runs_answers_what_it_has_when_the_server_stops(tmp_path: Path) -> None:
    with open_house(tmp_path) as house, listen("127.0.0.1", 0) as door:
        house.hear("louxing-07")
        for _ in range(2):
            house.write("louxing-07", "water", [{"device": "main", "ts": NOW, "water_flow_l_per_min": 1.0}])
        house.now = NOW + 3_600_000
        services = with_endless_history(house)
        server = Server(create_api(services))
        serving = asyncio.create_task(server.serve(sockets=[door]))
        await server.opened.wait()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.getsockname()[1]}") as client:
            asking = asyncio.create_task(client.post("/api/v1/rules/backtest", json=TIME, timeout=60))
            await until(services.judging.locked, what="the backtest")
            server.should_exit = True
            await asyncio.wait_for(serving, 10)
            answer = await asking
    assert (answer.status_code, answer.json()["complete"]) == (200, False)
