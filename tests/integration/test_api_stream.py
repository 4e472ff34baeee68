import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from gateway.api.application import create_api
from gateway.api.services import Services
from gateway.queries.alerts import AlertView
from gateway.queries.fleet_list import FleetFilter
from tests.integration.api_support import House, open_house
from tests.support.waiting import until


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        yield house


@asynccontextmanager
async def served(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    config = uvicorn.Config(create_api(services), port=0, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started, what="the server")
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            yield client
    finally:
        services.feed.close()
        server.should_exit = True
        await asyncio.wait_for(serving, 10)


async def events(answer: httpx.Response) -> AsyncIterator[tuple[str, dict[str, object]]]:
    kind = ""
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


async def test_it_tells_a_station_that_changed(house: House) -> None:
    services = house.services()
    async with served(services) as client, client.stream("GET", "/api/v1/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        await until(lambda: services.feed.listeners == 1, what="the listener")
        told = events(answer)
        house.hear("a")
        services.feed.sweep(house.now)
        kind, item = await anext(told)
        assert (kind, item["station_id"], item["state"]) == ("station", "a", "online")
        house.now += 200_000
        services.feed.sweep(house.now)
        _, item = await anext(told)
        assert (item["state"], set(item["open_alerts"])) == ("offline", {"P1", "P2", "P3", "P4"})  # type: ignore[call-overload]


async def test_it_tells_an_alert_that_changed_and_the_counts_of_its_station(house: House) -> None:
    services = house.services()
    house.hear("louxing-07")
    await services.watch.look()
    async with served(services) as client, client.stream("GET", "/api/v1/stream") as answer:
        await until(lambda: services.feed.listeners == 1, what="the listener")
        told = events(answer)
        ident = house.opens("WA-02", "P1")
        assert await services.watch.look() == 1
        kind, item = await anext(told)
        assert (kind, item["alert_id"], item["state"]) == ("alert", ident, "firing")
        services.feed.sweep(house.now)
        kind, item = await anext(told)
        assert (kind, item["open_alerts"]) == ("station", {"P1": 1, "P2": 0, "P3": 0, "P4": 0})
        house.life.acknowledge(ident, "li", "", house.now)
        await services.watch.look()
        kind, item = await anext(told)
        assert (kind, item["state"], item["by"]) == ("alert", "acknowledged", "li")


async def test_it_tells_no_alert_of_another_region_and_none_twice(house: House) -> None:
    services = house.services()
    house.hear("north-1", "north")
    house.hear("louxing-07", "louxing")
    house.opens("WA-02", "P1", station_id="north-1")
    await services.watch.look()  # what was there before is no news
    wanted = FleetFilter(regions=frozenset({"north"}))
    listening = services.feed.listen(wanted, house.now, patience_s=0.01)
    assert await anext(listening) == []
    house.opens("WA-02", "P1")
    house.opens("WA-07", "P3", station_id="north-1")
    await services.watch.look()
    assert [change.rule for change in await anext(listening) if isinstance(change, AlertView)] == ["WA-07"]
    assert await services.watch.look() == 0
    assert await anext(listening) == []
    await listening.aclose()


async def test_a_storm_is_told_whole_to_whoever_reads_on(house: House) -> None:
    services = house.services()
    await services.watch.look()
    listening = services.feed.listen(FleetFilter(), house.now, patience_s=0.01)
    assert await anext(listening) == []
    house.storm(1_234)
    assert await services.watch.look() == 1_234
    assert len(await anext(listening)) == 1_234
    assert services.feed.lost == 0
    await listening.aclose()


async def test_a_slow_client_loses_the_oldest_of_a_storm_and_it_is_counted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.queries.feed.MOST_WAITING", 3)
    services = house.services()
    await services.watch.look()
    listening = services.feed.listen(FleetFilter(), house.now, patience_s=0.01)
    assert await anext(listening) == []
    idents = [house.opens("WA-02", "P1", device=f"d-{n}") for n in range(5)]
    await services.watch.look()
    told = [change.alert_id for change in await anext(listening) if isinstance(change, AlertView)]
    assert told == idents[2:]
    await listening.aclose()
    assert services.feed.lost == 2


async def test_it_says_nothing_of_a_station_that_did_not_change(house: House) -> None:
    feed = house.services().feed
    house.hear("a")
    listening = feed.listen(FleetFilter(), house.now, patience_s=0.01)
    assert await anext(listening) == []
    house.now += 1_000
    house.hear("a")
    assert feed.sweep(house.now) == 0
    house.hear("b")
    assert feed.sweep(house.now) == 1
    await listening.aclose()


async def test_nobody_looks_while_nobody_listens(house: House) -> None:
    feed = house.services().feed
    house.hear("a")
    assert feed.sweep(house.now) == 0


async def test_it_ends_when_the_gateway_stops(house: House) -> None:
    services = house.services()
    async with served(services) as client, client.stream("GET", "/api/v1/stream") as answer:
        await until(lambda: services.feed.listeners == 1, what="the listener")
        services.feed.close()
        assert [event async for event in events(answer)] == []


async def test_it_forgets_a_client_that_left(house: House) -> None:
    services = house.services()
    async with served(services) as client:
        async with client.stream("GET", "/api/v1/stream"):
            await until(lambda: services.feed.listeners == 1, what="the listener")
        await until(lambda: services.feed.listeners == 0, what="the listener's end")


async def test_it_listens_to_only_so_many(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.api.stream.MOST_LISTENERS", 1)
    services = house.services()
    async with served(services) as client, client.stream("GET", "/api/v1/stream"):
        await until(lambda: services.feed.listeners == 1, what="the listener")
        refused = await client.get("/api/v1/stream")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (503, "stream")


async def test_a_slow_client_misses_only_what_was_overtaken(house: House) -> None:
    feed = house.services().feed
    listening = feed.listen(FleetFilter(), house.now, patience_s=5)
    first = asyncio.ensure_future(anext(listening))
    await until(lambda: feed.listeners == 1, what="the listener")
    house.hear("a")
    feed.sweep(house.now)
    assert [summary.state for summary in await first] == ["online"]
    for step in (120_000, 100_000):
        house.now += step
        feed.sweep(house.now)
    assert [summary.state for summary in await anext(listening)] == ["offline"]
    await listening.aclose()
    assert feed.listeners == 0


async def test_a_region_s_client_hears_only_its_region(house: House) -> None:
    feed = house.services().feed
    listening = feed.listen(FleetFilter(regions={"north"}), house.now, patience_s=5)
    first = asyncio.ensure_future(anext(listening))
    await until(lambda: feed.listeners == 1, what="the listener")
    house.hear("s", "south")
    house.hear("n", "north")
    feed.sweep(house.now)
    assert [summary.station_id for summary in await first] == ["n"]
    await listening.aclose()


async def test_a_quiet_stream_is_kept_alive(house: House) -> None:
    feed = house.services().feed
    listening = feed.listen(FleetFilter(), house.now, patience_s=0.01)
    assert await anext(listening) == []
    await listening.aclose()
