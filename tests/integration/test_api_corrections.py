"""Correcting readings through the API: who may, what is refused and why, and what is told of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.api_support import NOW, STREAM, House, open_house
from tests.integration.api_tokens import bearer

STATION = "louxing-07"
MINUTE = 60_000
PATH = "/api/v1/readings/corrections"
GOOD: dict[str, Any] = {
    "station_id": STATION,
    "domain": "water",
    "device": "main",
    "ts": "2026-11-22T07:58:00Z",
    "field": "water_volume_m3_total",
    "value": 5.2,
    "reason": "read off the dial",
    "by": "li",
}
RANGE: dict[str, Any] = {
    "ts": None,
    "value": None,
    "start": "2026-11-22T07:57:00Z",
    "end": "2026-11-22T07:59:00Z",
}
NAMED: dict[str, Any] = {"ts": None, "device": None, "stream": STREAM, "seq": 1, "index": 1}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        house.hear(STATION)
        house.hear("north-1", "north")
        rows = [
            {"device": "main", "ts": NOW - n * MINUTE, "water_volume_m3_total": total}
            for n, total in ((3, 5.1), (2, 52.0), (1, 5.3))
        ]
        house.write(STATION, "water", rows)
        yield house


async def correct(client: httpx.AsyncClient, *, who: str | None = None, **changed: Any) -> httpx.Response:  # noqa: ANN401 - keys of a body
    body = {name: value for name, value in (GOOD | changed).items() if value is not None}
    return await client.post(PATH, json=body, headers={} if who is None else bearer(who))


async def totals(client: httpx.AsyncClient) -> list[Any]:
    answer = await client.get(f"/api/v1/stations/{STATION}/readings/water")
    return [item.get("water_volume_m3_total") for item in answer.json()["items"]]


async def test_a_corrected_reading_shows_everywhere_and_the_old_one_on_record(
    house: House, client: httpx.AsyncClient
) -> None:
    made = await correct(client)
    assert made.status_code == 201, made.text
    item = made.json()
    assert item.pop("carried_out") is True
    assert item | {"id": ""} == {
        "id": "",
        "at": "2026-11-22T08:00:00.000Z",
        "by": "li",
        "reason": "read off the dial",
        "station_id": STATION,
        "domain": "water",
        "device": "main",
        "field": "water_volume_m3_total",
        "value": 5.2,
        "removed": False,
        "count": 1,
        "readings": [{"ts": "2026-11-22T07:58:00.000Z", "stream": STREAM, "seq": 1, "index": 1, "old": 52.0}],
    }
    assert await totals(client) == [5.1, 5.2, 5.3]
    grown = await client.get(
        f"/api/v1/stations/{STATION}/readings/water", params={"every": "1h", "fn": "increase"}
    )
    assert [one["water_volume_m3_total"] for one in grown.json()["items"]] == [pytest.approx(0.2)]
    assert (await client.get(PATH)).json() == {"items": [item], "next": None}
    assert (await client.get(f"{PATH}/{item['id']}")).json() == item
    [deed] = house.state.audit.newest()
    assert (deed.action, deed.by, deed.target) == ("reading.correct", "li", STATION)


async def test_the_list_of_readings_says_what_names_them(client: httpx.AsyncClient) -> None:
    raw = f"/api/v1/stations/{STATION}/readings/water"
    items = (await client.get(raw, params={"identity": "true"})).json()["items"]
    assert [(item["stream"], item["seq"], item["index"]) for item in items] == [
        (STREAM, 1, n) for n in range(3)
    ]
    assert "seq" not in (await client.get(raw)).json()["items"][0]
    hours = (await client.get(raw, params={"identity": "true", "every": "1h"})).json()["items"]
    assert "seq" not in hours[0]
    assert (await correct(client, **NAMED)).status_code == 201
    assert await totals(client) == [5.1, 5.2, 5.3]


async def test_a_stretch_goes_and_one_of_it_comes_back(client: httpx.AsyncClient) -> None:
    made = await correct(client, **RANGE, remove=True)
    assert (made.status_code, made.json()["count"]) == (201, 2)
    assert await totals(client) == [5.3]
    again = await correct(client)
    assert again.json()["readings"][0]["old"] is None
    assert await totals(client) == [5.2, 5.3]
    [second, first] = (await client.get(PATH)).json()["items"]
    assert len(first["readings"]) == 1
    whole = (await client.get(f"{PATH}/{first['id']}")).json()
    assert [one["old"] for one in whole["readings"]] == [5.1, 52.0]
    assert second["count"] == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"station_id": "nowhere"}, "station_id"),
        ({"field": "no_such_field"}, "field"),
        ({"field": "event"}, "field"),
        ({"field": "voltage_v"}, "field"),
        ({"domain": "fire"}, "domain"),
        ({"ts": "2026-11-22T07:58:01Z"}, "ts"),
        ({"ts": "2026-11-22T08:00:00.001Z"}, "ts"),
        ({"ts": "yesterday"}, "ts"),
        ({"ts": None}, "ts"),
        ({"device": None}, "device"),
        ({"device": "other"}, "ts"),
        ({"field": "water_flow_l_per_min"}, "ts"),
        ({**NAMED, "index": 9}, "seq"),
        ({**NAMED, "seq": None}, "seq"),
        ({**NAMED, "index": None}, "seq"),
        ({"value": "5.2"}, "value"),
        ({"value": True}, "value"),
        ({"value": -1}, "value"),
        ({"value": None}, "value"),
        ({"remove": True}, "value"),
        ({**RANGE, "value": 5.0}, "remove"),
        ({**RANGE, "remove": True, "end": None}, "end"),
        ({**RANGE, "remove": True, "end": "2026-11-22T08:01:00Z"}, "end"),
        ({**RANGE, "remove": True, "start": "2026-11-22T06:00:00Z", "end": "2026-11-22T07:00:00Z"}, "start"),
        ({**RANGE, "remove": True, "device": None}, "device"),
        ({**RANGE, "remove": True, "index": 1}, "start"),
        ({"reason": None}, "reason"),
        ({"reason": ""}, "reason"),
        ({"by": None}, "by"),
        ({"colour": "blue"}, "colour"),
    ],
)
async def test_it_names_the_field_at_fault_and_changes_nothing(
    house: House, client: httpx.AsyncClient, changed: dict[str, Any], field: str
) -> None:
    answer = await correct(client, **changed)
    assert (answer.status_code, [fault["field"] for fault in answer.json()["errors"]]) == (422, [field])
    assert await totals(client) == [5.1, 52.0, 5.3]
    assert house.state.corrections.page(10) == []


async def test_it_asks_which_of_two_readings_is_meant(house: House, client: httpx.AsyncClient) -> None:
    row = {"device": "main", "ts": NOW - 2 * MINUTE, "water_volume_m3_total": 6.0}
    house.write(STATION, "water", [row])
    answer = await correct(client)
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert fault["field"] == "ts"
    assert f"({STREAM}, 1, 1), ({STREAM}, 2, 0)" in fault["detail"]


async def test_operators_correct_what_is_their_business_in_their_own_name(guarded: httpx.AsyncClient) -> None:
    assert (await correct(guarded, by=None)).status_code == 401
    assert (await correct(guarded, who="viewer", by=None)).status_code == 403
    assert (await correct(guarded, who="north", by=None)).status_code == 422
    made = await correct(guarded, who="operator", by="boss")
    assert (made.status_code, made.json()["by"]) == (201, "operator-desk")
    for who, seen in (("viewer", 1), ("north", 0)):
        listed = await guarded.get(PATH, headers=bearer(who))
        assert len(listed.json()["items"]) == seen
    hidden = await guarded.get(f"{PATH}/{made.json()['id']}", headers=bearer("north"))
    assert hidden.status_code == 404


async def test_the_list_goes_by_station_and_time_and_page_by_page(
    house: House, client: httpx.AsyncClient
) -> None:
    for value in (5.2, 5.21, 5.22):
        await correct(client, value=value)
        house.now += MINUTE

    async def listed(**query: object) -> dict[str, Any]:
        answer: dict[str, Any] = (await client.get(PATH, params=query)).json()  # type: ignore[arg-type]
        return answer

    first = await listed(limit=2)
    rest = await listed(limit=2, cursor=first["next"])
    assert [one["value"] for one in first["items"] + rest["items"]] == [5.22, 5.21, 5.2]
    assert rest["next"] is None
    assert [one["value"] for one in (await listed(since="2026-11-22T08:02:00Z"))["items"]] == [5.22]
    assert (await listed(station_id="north-1"))["items"] == []
    assert (await client.get(f"{PATH}/01K0Q0A1B2C3D4E5F6G7H8J9KM")).status_code == 404
