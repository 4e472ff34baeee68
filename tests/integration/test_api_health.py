from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client import Counter

from gateway.api.application import create_api
from tests.integration.api_support import TWO_PEOPLE, House, client_for, client_of, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        yield house


async def test_it_says_that_it_lives(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_it_is_ready_when_every_part_works(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    parts = {name: word for name, word in answer.json().items() if name != "warning"}
    assert (answer.status_code, parts) == (200, {"store": "ok", "engine": "ok", "broker": "ok"})


async def test_it_warns_of_what_will_matter_and_is_ready_all_the_same(
    house: House, client: httpx.AsyncClient
) -> None:
    house.readiness["warning"] = "a queue is short"
    house.now = 3_787_000_000_000  # in the year 2090, whose holidays nobody has announced
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["warning"].split("; ") == [
        "a queue is short",
        "on_call is not set: messages go to the console log and reach nobody",
        "the public holidays of 2090 are not known: put holidays.yaml into data_dir",
    ]


async def test_it_warns_of_nothing_when_somebody_is_on_call(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with open_house(tmp_path / "other", on_call=TWO_PEOPLE) as house:
        house.now = 1_790_000_000_000  # in September, before next year's holidays are announced
        async with client_for(house) as client:
            assert "warning" not in (await client.get("/readyz")).json()


@pytest.mark.parametrize("part", ["store", "engine", "broker"])
async def test_it_is_not_ready_when_a_part_fails(house: House, client: httpx.AsyncClient, part: str) -> None:
    house.readiness[part] = "no space left on the disk"
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()[part] == "no space left on the disk"


async def test_it_counts_for_prometheus(house: House) -> None:
    services = house.services()
    Counter("yizhan_frames", "Frames taken", registry=services.metrics).inc(3)
    async with client_of(create_api(services)) as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "yizhan_frames_total 3.0" in answer.text


async def test_it_counts_the_stations_of_each_state(house: House, client: httpx.AsyncClient) -> None:
    house.hear("a")
    answer = await client.get("/metrics")
    assert 'yizhan_stations{state="online"} 1.0' in answer.text
    assert 'yizhan_stations{state="offline"} 0.0' in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/nowhere", "/api/v2/stations", "/api/v1/stations/"])
async def test_a_path_that_is_none_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 404
    assert problem["errors"][0]["field"] in {"path", "station_id"}


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/api/v1/stations", "/api/v1/quarantine"])
async def test_a_method_that_is_none_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.request("DELETE", path, headers={"Content-Type": "application/json"})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["errors"][0]["field"] == "method"


async def test_it_answers_503_while_its_own_state_cannot_be_read(
    house: House, client: httpx.AsyncClient
) -> None:
    with house.state._engine.begin() as connection:  # noqa: SLF001 - breaks it as a bad disk would
        connection.exec_driver_sql("DROP TABLE quarantine")
    answer = await client.get("/api/v1/quarantine")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (503, "state")


async def test_a_fault_of_ours_tells_nothing_of_our_insides(house: House) -> None:
    def broken() -> int:
        raise RuntimeError("the password is 12345")

    async with client_of(create_api(replace(house.services(), clock=broken))) as client:
        answer = await client.get("/api/v1/stations")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "12345" not in answer.text
