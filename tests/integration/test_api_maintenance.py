from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.api_support import House, open_house

GOOD: dict[str, Any] = {
    "match": {"station_id": "louxing-07"},
    "start": "2026-11-22T22:00",
    "duration_s": 8 * 3_600,
    "rrule": "FREQ=DAILY",
    "reason": "cleaning",
    "by": "li",
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        house.hear("louxing-07", "louxing")
        yield house


async def plan(client: httpx.AsyncClient, **changed: Any) -> httpx.Response:  # noqa: ANN401 - keys of a body
    body = {name: value for name, value in (GOOD | changed).items() if value is not None}
    return await client.post("/api/v1/maintenance", json=body)


async def test_a_window_is_planned_in_local_time_across_midnight(client: httpx.AsyncClient) -> None:
    given = await plan(client)
    assert given.status_code == 201, given.text
    [item] = (await client.get("/api/v1/maintenance")).json()["items"]
    assert item == given.json()
    assert item["open"] is False
    assert item["next"][0] == {"start": "2026-11-22T14:00:00.000Z", "end": "2026-11-22T22:00:00.000Z"}
    assert len(item["next"]) == 3


async def test_a_window_without_a_rule_is_open_once(house: House, client: httpx.AsyncClient) -> None:
    given = await plan(client, rrule=None, start="2026-11-22T15:30", duration_s=3_600)
    assert (given.json()["open"], len(given.json()["next"])) == (True, 1)
    house.now += 3_600_000
    [item] = (await client.get("/api/v1/maintenance")).json()["items"]
    assert (item["open"], item["next"]) == (False, [])


async def test_a_window_is_where_policy_looks_for_it(house: House, client: httpx.AsyncClient) -> None:
    await plan(client, rrule=None, start="2026-11-22T15:30")
    assert house.state.maintenance.all()[0].covers(
        "louxing-07", "louxing", "main", house.now, "Asia/Shanghai"
    )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"match": {}}, "match"),
        ({"match": {"device": "tap"}}, "match"),
        ({"match": {"station_id": "nowhere-1"}}, "match.station_id"),
        ({"start": "2026-11-22T22:00Z"}, "start"),
        ({"start": "2026-13-22T22:00"}, "start"),
        ({"start": "2026-11-20T22:00", "rrule": None}, "start"),
        ({"duration_s": 0}, "duration_s"),
        ({"duration_s": 32 * 86_400}, "duration_s"),
        ({"rrule": "every tuesday"}, "rrule"),
        ({"rrule": "FREQ=HOURLY"}, "rrule"),
        ({"tz": "Mars/Base"}, "tz"),
        ({"reason": None}, "reason"),
        ({"by": None}, "by"),
    ],
)
async def test_it_names_the_field_that_is_wrong(
    house: House, client: httpx.AsyncClient, changed: dict[str, Any], field: str
) -> None:
    answer = await plan(client, **changed)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text
    assert house.state.maintenance.all() == []


async def test_somebody_takes_a_window_out(house: House, client: httpx.AsyncClient) -> None:
    ident = (await plan(client)).json()["id"]
    path = f"/api/v1/maintenance/{ident}"
    assert (await client.delete(path)).status_code == 415
    assert (await client.request("DELETE", path, json={})).status_code == 200
    assert (await client.request("DELETE", path, json={})).status_code == 404
    assert house.state.maintenance.all() == []
    assert {deed.action for deed in house.state.audit.newest()} == {"maintenance.add", "maintenance.remove"}
