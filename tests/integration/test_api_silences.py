from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.state.alert_rows import Verdict
from tests.integration.api_support import House, open_house
from tests.integration.api_tokens import bearer

HOUR = 3_600_000
GOOD: dict[str, Any] = {
    "match": {"station_id": "louxing-07", "rule": "WA-02"},
    "reason": "works next door",
    "by": "li",
    "start": "2026-11-22T08:00:00Z",
    "end": "2026-11-22T12:00:00Z",
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        house.hear("louxing-07", "louxing")
        house.hear("north-1", "north")
        yield house


async def silence(client: httpx.AsyncClient, **changed: Any) -> httpx.Response:  # noqa: ANN401 - keys of a body
    body = {name: value for name, value in (GOOD | changed).items() if value is not None}
    return await client.post("/api/v1/silences", json=body)


async def test_a_silence_keeps_messages_back_until_its_end(house: House, client: httpx.AsyncClient) -> None:
    given = await silence(client)
    assert given.status_code == 201
    ident = house.opens("WA-02", "P1")
    alert = (await client.get(f"/api/v1/alerts/{ident}")).json()
    assert (alert["state"], alert["quiet_because"]) == ("firing", "silenced")
    [item] = (await client.get("/api/v1/silences")).json()["items"]
    assert (item["id"], item["state"], item["last_hid"]) == (
        given.json()["id"], "in_force", "2026-11-22T08:00:00.000Z"
    )  # fmt: skip
    assert item["match"] == {"station_id": "louxing-07", "region": None, "rule": "WA-02", "severity": None}
    assert [deed.action for deed in house.state.audit.newest()] == ["silence.add"]


async def test_what_is_about_a_life_is_told_all_the_same(house: House, client: httpx.AsyncClient) -> None:
    await silence(client, match={"station_id": "louxing-07"})
    ident = house.opens("EN-01", "P1")
    assert (await client.get(f"/api/v1/alerts/{ident}")).json()["quiet_because"] is None


async def test_a_silence_begins_now_unless_it_says_otherwise(client: httpx.AsyncClient) -> None:
    assert (await silence(client, start=None)).json()["start"] == "2026-11-22T08:00:00.000Z"
    later = await silence(client, start="2026-11-22T09:00:00Z")
    assert later.json()["state"] == "to_come"


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"end": None}, 422, "end"),
        ({"end": "2026-11-22T07:59:00Z"}, 422, "end"),
        ({"start": "2026-11-22T13:00:00Z"}, 422, "end"),
        ({"end": "2028-11-22T12:00:00Z"}, 422, "end"),
        ({"end": "tomorrow"}, 422, "end"),
        ({"match": {}}, 422, "match"),
        ({"match": {"station": "a"}}, 422, "match.station"),
        ({"match": {"rule": "WA-99"}}, 422, "match.rule"),
        ({"match": {"station_id": "nowhere-1"}}, 422, "match.station_id"),
        ({"match": {"severity": "P9"}}, 422, "match.severity"),
        ({"reason": None}, 422, "reason"),
        ({"by": None}, 422, "by"),
    ],
)
async def test_it_names_the_field_that_is_wrong(
    house: House, client: httpx.AsyncClient, changed: dict[str, Any], status: int, field: str
) -> None:
    answer = await silence(client, **changed)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field), answer.text
    assert house.state.silences.page(10) == []


async def test_a_preview_says_what_it_would_hide_and_changes_nothing(
    house: House, client: httpx.AsyncClient
) -> None:
    old = house.opens("WA-02", "P1", device="old")
    house.life.resolve(old, "li", "", Verdict.REAL, house.now)
    house.now += HOUR
    hidden, told = house.opens("WA-02", "P1"), house.opens("EN-01", "P1")
    house.opens("WA-02", "P1", station_id="north-1")
    body = {"match": {"station_id": "louxing-07"}}
    answer = await client.post("/api/v1/silences/preview", json=body)
    assert answer.status_code == 200, answer.text
    preview = answer.json()
    assert [item["alert_id"] for item in preview["hides"]] == [hidden]
    assert [item["alert_id"] for item in preview["passes"]] == [told]
    assert (preview["hides_count"], preview["passes_count"], preview["recent_count"]) == (1, 1, 2)
    assert house.state.silences.page(10) == []


async def test_a_preview_shows_a_silence_that_matches_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/silences/preview", json={"match": {"severity": "P4"}})
    assert answer.json()["hides_count"] == answer.json()["recent_count"] == 0


async def test_somebody_ends_a_silence_before_its_time(house: House, client: httpx.AsyncClient) -> None:
    ident = (await silence(client)).json()["id"]
    house.now += HOUR
    path = f"/api/v1/silences/{ident}"
    assert (await client.delete(path)).status_code == 415
    ended = await client.request("DELETE", path, json={})
    assert (ended.status_code, ended.json()["state"]) == (200, "ended")
    assert (await client.request("DELETE", path, json={})).status_code == 409
    assert (await client.request("DELETE", "/api/v1/silences/x", json={})).status_code == 404
    [item] = (await client.get("/api/v1/silences")).json()["items"]
    assert item["end"] == "2026-11-22T09:00:00.000Z"


async def test_its_pages_hold_every_silence_once(house: House, client: httpx.AsyncClient) -> None:
    for _ in range(5):
        house.now += 1
        await silence(client)
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        body = (await client.get("/api/v1/silences", params=query)).json()
        seen += [item["id"] for item in body["items"]]
        cursor = body["next"]
        if cursor is None:
            break
    assert len(set(seen)) == len(seen) == 5


@pytest.mark.parametrize(
    ("name", "match", "status"),
    [
        ("viewer", {"rule": "WA-02"}, 403),
        ("operator", {"rule": "WA-02"}, 201),
        ("north", {"rule": "WA-02"}, 403),
        ("north", {"region": "louxing"}, 403),
        ("north", {"region": "north"}, 201),
        ("north", {"station_id": "louxing-07"}, 422),
        ("north", {"station_id": "north-1"}, 201),
        ("north", {"station_id": "_gateway"}, 422),
        ("operator", {"station_id": "_gateway"}, 201),
    ],
)
async def test_a_desk_silences_only_what_is_its_own(
    guarded: httpx.AsyncClient, name: str, match: dict[str, str], status: int
) -> None:
    body = {name: value for name, value in GOOD.items() if name != "by"} | {"match": match}
    answer = await guarded.post("/api/v1/silences", json=body, headers=bearer(name))
    assert answer.status_code == status, answer.text


async def test_a_desk_sees_silences_of_its_own_and_of_all(guarded: httpx.AsyncClient) -> None:
    for match in ({"region": "louxing"}, {"region": "north"}, {"rule": "WA-02"}):
        body = {name: value for name, value in GOOD.items() if name != "by"} | {"match": match}
        await guarded.post("/api/v1/silences", json=body, headers=bearer("operator"))
    items = (await guarded.get("/api/v1/silences", headers=bearer("north"))).json()["items"]
    assert {item["match"]["region"] for item in items} == {"north", None}
    everywhere = next(item["id"] for item in items if item["match"]["region"] is None)
    refused = await guarded.request(
        "DELETE", f"/api/v1/silences/{everywhere}", json={}, headers=bearer("north")
    )
    assert refused.status_code == 403
