import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.state.quarantined import Quarantined, Replayed
from tests.integration.api_support import NOW, STREAM, House, open_house

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        yield house


def rejected(station_id: str = "a", reason: str = "bad_type", seq: int = 5) -> Quarantined:
    return Quarantined(
        station_id=station_id,
        region="louxing",
        topic=f"stations/louxing/{station_id}/telemetry",
        reason=reason,
        detail="water.0.water_flow_l_per_min: a number",
        payload=b'{"device":"main"}',
        stream=STREAM,
        seq=seq,
        domain="water",
        index=0,
    )


async def test_it_lists_what_could_not_be_taken(house: House, client: httpx.AsyncClient) -> None:
    house.state.quarantine.add([rejected()], NOW)
    house.state.quarantine.add([rejected()], NOW + 1_000)
    answer = await client.get("/api/v1/quarantine")
    (item,) = answer.json()["items"]
    assert item | {"id": ""} == {
        "id": "",
        "received": "2026-11-22T08:00:00.000Z",
        "repeated": "2026-11-22T08:00:01.000Z",
        "station_id": "a",
        "topic": "stations/louxing/a/telemetry",
        "stream": STREAM,
        "seq": 5,
        "domain": "water",
        "index": 0,
        "reason": "bad_type",
        "detail": "water.0.water_flow_l_per_min: a number",
        "count": 2,
        "replayed": None,
        "bytes": base64.b64encode(b'{"device":"main"}').decode(),
        "cut": False,
    }


async def test_it_lists_page_by_page_and_by_reason(house: House, client: httpx.AsyncClient) -> None:
    for n in range(5):
        house.state.quarantine.add([rejected(seq=n + 1)], NOW + n)
    house.state.quarantine.add([rejected("b", "bad_ts")], NOW + 9)
    first = (await client.get("/api/v1/quarantine", params={"limit": 4})).json()
    rest = (await client.get("/api/v1/quarantine", params={"limit": 4, "cursor": first["next"]})).json()
    assert [item["seq"] for item in first["items"] + rest["items"]] == [5, 5, 4, 3, 2, 1]
    assert rest["next"] is None
    for query in ({"reason": "bad_ts"}, {"station_id": "b"}):
        found = (await client.get("/api/v1/quarantine", params=query)).json()["items"]
        assert [item["station_id"] for item in found] == ["b"]


async def test_an_entry_is_replayed_once(house: House, client: httpx.AsyncClient) -> None:
    house.state.quarantine.add([rejected()], NOW)
    entry_id = house.state.quarantine.page(1)[0].id
    path = f"/api/v1/quarantine/{entry_id}/replay"
    first = await client.post(path, headers=JSON)
    assert first.json() == {"id": entry_id, "taken": True, "reason": None, "detail": None}
    again = await client.post(path, headers=JSON)
    assert again.status_code == 409
    assert [deed.action for deed in house.state.audit.newest()] == ["quarantine.replay"]


async def test_a_replay_that_fails_again_says_why(house: House, client: httpx.AsyncClient) -> None:
    house.state.quarantine.add([rejected()], NOW)
    house.replayed = Replayed(taken=False, reason="bad_type", detail="still no number")
    entry_id = house.state.quarantine.page(1)[0].id
    answer = await client.post(f"/api/v1/quarantine/{entry_id}/replay", headers=JSON)
    assert (answer.status_code, answer.json()["reason"]) == (200, "bad_type")


async def test_it_replays_nothing_that_is_not_there(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/quarantine/none/replay", headers=JSON)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["field"] == "entry_id"
