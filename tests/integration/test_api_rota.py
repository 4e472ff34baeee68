from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.api_support import TWO_PEOPLE, House, client_for, open_house

GOOD: dict[str, Any] = {
    "person": "zhao",
    "start": "2026-11-22T08:00:00Z",
    "end": "2026-11-23T01:00:00Z",
    "layer": "nights",
    "reason": "li is ill",
    "by": "boss",
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, on_call=TWO_PEOPLE) as house:
        yield house


async def rota(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get("/api/v1/rota", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def first(answer: dict[str, Any]) -> list[str]:
    return [duty["person"] for duty in answer["now"][0]["chain"]]


async def stand_in(client: httpx.AsyncClient, **changed: Any) -> httpx.Response:  # noqa: ANN401 - keys of a body
    body = {name: value for name, value in (GOOD | changed).items() if value is not None}
    return await client.post("/api/v1/rota", json=body)


async def test_it_says_who_is_on_call(client: httpx.AsyncClient) -> None:
    night = await rota(client)
    assert (night["set"], night["tz"], night["fallback"]) == (True, "Asia/Shanghai", "zhao")
    assert first(night) == ["li", "zhao"]
    assert first(await rota(client, at="2026-11-22T04:00:00Z")) == ["zhao"]


async def test_it_lists_the_gaps_of_14_days(client: httpx.AsyncClient) -> None:
    gaps = [gap for gap in (await rota(client))["gaps"] if gap["severity"] == "P1"]
    assert gaps[0]["start"] == "2026-11-23T01:00:00.000Z"
    assert gaps[0]["end"] == "2026-11-23T07:00:00.000Z"
    assert len(gaps) == 14


async def test_it_names_people_whom_no_working_channel_reaches(
    house: House, client: httpx.AsyncClient
) -> None:
    people = {person["id"]: person["unreachable_from"] for person in (await rota(client))["people"]}
    assert people == {"li": None, "zhao": "2026-11-22T08:00:00.000Z"}  # no mail is set up
    house.working.add("mail")
    people = {person["id"]: person["unreachable_from"] for person in (await rota(client))["people"]}
    assert people == {"li": None, "zhao": None}


async def test_somebody_stands_in_and_steps_back(house: House, client: httpx.AsyncClient) -> None:
    given = await stand_in(client)
    assert given.status_code == 201, given.text
    answer = await rota(client)
    assert first(answer) == ["zhao"]
    assert [override["reason"] for override in answer["overrides"]] == ["li is ill"]
    path = f"/api/v1/rota/{given.json()['id']}"
    assert (await client.delete(path)).status_code == 415
    assert (await client.request("DELETE", path, json={})).status_code == 200
    assert (await client.request("DELETE", path, json={})).status_code == 404
    assert first(await rota(client)) == ["li", "zhao"]
    assert [deed.by for deed in house.state.audit.newest()] == ["", "boss"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"person": "qian"}, "person"),
        ({"layer": "days"}, "layer"),
        ({"end": "2026-11-22T07:00:00Z"}, "end"),
        ({"start": "2026-11-24T08:00:00Z"}, "end"),
        ({"end": None}, "end"),
        ({"by": None}, "by"),
        ({"region": "NORTH"}, "region"),
    ],
)
async def test_it_names_the_field_that_is_wrong(
    client: httpx.AsyncClient, changed: dict[str, Any], field: str
) -> None:
    answer = await stand_in(client, **changed)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text
    assert (await rota(client))["overrides"] == []


async def test_it_says_so_when_nobody_is_on_call(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with open_house(tmp_path / "other") as house:
        async with client_for(house) as client:
            answer = await rota(client)
            assert (answer["set"], answer["now"], answer["people"]) == (False, [], [])
            refused = await stand_in(client)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "on_call")


async def test_it_says_which_year_s_holidays_are_missing(client: httpx.AsyncClient) -> None:
    assert (await rota(client, at="2089-10-01T00:00:00Z"))["holidays_missing"] == 2089
    assert (await rota(client, at="2026-10-01T00:00:00Z"))["holidays_missing"] is None
