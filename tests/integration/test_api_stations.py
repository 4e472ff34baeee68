from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.domain.fleet import Device
from gateway.domain.registry import DeviceSpec, Name, Registry, StationSpec
from tests.integration.api_support import NOW, House, open_house

REGISTRY = Registry(
    [
        StationSpec(
            station_id="louxing-07",
            region="louxing",
            name=Name(zh="港桥惠工驿站", en="Gangqiao"),
            profile="urban_standard",
            lat=27.7,
            lon=111.9,
            devices={"kitchen": DeviceSpec(role="microwave")},
        )
    ]
)
STATES = {"online": 0, "late": 120_000, "offline": 600_000}


Query = Any
"""Whatever stands in an address."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, REGISTRY) as house:
        yield house


def hear(house: House, station_id: str, age_ms: int, region: str = "louxing") -> None:
    house.fleet.heard(station_id, region, NOW - age_ms, fresh=True)


async def get(client: httpx.AsyncClient, path: str, status: int = 200, **query: Query) -> dict[str, Any]:
    answer = await client.get(f"/api/v1{path}", params=query)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ids(client: httpx.AsyncClient, **query: Query) -> list[str]:
    page = await get(client, "/stations", **query)
    return [item["station_id"] for item in page["items"]]


async def test_it_lists_what_the_contract_says(house: House, client: httpx.AsyncClient) -> None:
    hear(house, "louxing-07", 0)
    fields = {"people_in_total": 1_042, "people_out_total": 1_039}
    house.fleet.station("louxing-07").occupancy.observe("front-door", NOW, fields)
    assert await get(client, "/stations") == {
        "items": [
            {
                "station_id": "louxing-07",
                "region": "louxing",
                "name": {"zh": "港桥惠工驿站", "en": "Gangqiao"},
                "state": "online",
                "last_seen": "2026-11-22T08:00:00.000Z",
                "people_inside_count": 3,
                "capacity": 20,
                "delivery": "acknowledged",
                "open_alerts": {"P1": 0, "P2": 0, "P3": 0, "P4": 0},
            }
        ],
        "next": None,
    }


async def test_it_lists_nothing_before_a_station_is_heard(client: httpx.AsyncClient) -> None:
    assert await get(client, "/stations") == {"items": [], "next": None}


async def test_it_lists_the_worst_first(house: House, client: httpx.AsyncClient) -> None:
    hear(house, "fine-b", 0)
    hear(house, "fine-a", 1)
    hear(house, "late", 120_000)
    hear(house, "gone-long", 900_000)
    hear(house, "gone-just-now", 200_000)
    house.fleet.expect("never", "louxing", "UTC")
    assert await ids(client) == ["gone-long", "gone-just-now", "late", "never", "fine-a", "fine-b"]


async def test_a_station_that_pages_people_comes_before_one_that_is_silent(
    house: House, client: httpx.AsyncClient
) -> None:
    for name, age_ms in (("gone", 900_000), ("burst", 0), ("dusty", 0), ("fire", 0)):
        hear(house, name, age_ms)
    house.fleet_list.count_alerts({"burst": {"P2": 1}, "dusty": {"P4": 3}, "fire": {"P1": 1, "P2": 1}})
    assert await ids(client) == ["fire", "burst", "gone", "dusty"]


@pytest.mark.parametrize("state", STATES)
async def test_it_lists_one_state(house: House, client: httpx.AsyncClient, state: str) -> None:
    for name, age_ms in STATES.items():
        hear(house, name, age_ms)
    assert await ids(client, state=state) == [state]


async def test_it_lists_one_region(house: House, client: httpx.AsyncClient) -> None:
    hear(house, "a", 0, "north")
    hear(house, "b", 0, "south")
    assert await ids(client, region="south") == ["b"]
    assert await ids(client, region="west") == []


async def test_its_pages_hold_every_station_once(house: House, client: httpx.AsyncClient) -> None:
    for n in range(25):
        hear(house, f"s-{n:02d}", n * 20_000)
    seen: list[str] = []
    page = await get(client, "/stations", limit=10)
    while True:
        seen += [item["station_id"] for item in page["items"]]
        if page["next"] is None:
            break
        page = await get(client, "/stations", limit=10, cursor=page["next"])
    assert sorted(seen) == [f"s-{n:02d}" for n in range(25)]
    assert seen == await ids(client, limit=1_000)


async def test_a_page_that_is_just_full_is_the_last(house: House, client: httpx.AsyncClient) -> None:
    hear(house, "a", 0)
    hear(house, "b", 0)
    assert (await get(client, "/stations", limit=2))["next"] is None
    assert (await get(client, "/stations", limit=1))["next"] is not None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1_001}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"state": "broken"}, "state"),
        ({"region": "NORTH!"}, "region"),
        ({"cursor": "zzz"}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"sate": "online"}, "sate"),
    ],
)
async def test_it_names_the_parameter_that_is_wrong(
    client: httpx.AsyncClient, query: dict[str, object], field: str
) -> None:
    problem = await get(client, "/stations", 422, **query)
    assert problem["status"] == 422
    assert [error["field"] for error in problem["errors"]] == [field]


async def test_it_describes_a_station_with_its_devices(house: House, client: httpx.AsyncClient) -> None:
    devices = [Device("front-door", "access", "door"), Device("kitchen", "facility", "kiosk")]
    house.fleet.birth("louxing-07", "louxing", 1, NOW, retained=False, devices=devices)
    house.completeness = {"received": 7, "missing": 1}
    row = {"device": "front-door", "ts": NOW - 4_000, "door_state": "open", "suspect": ["door_state"]}
    house.write("louxing-07", "access", [row])
    station = await get(client, "/stations/louxing-07")
    assert (station["profile"], station["lat"], station["lon"]) == ("urban_standard", 27.7, 111.9)
    assert station["devices"] == [
        {
            "device": "front-door",
            "domain": "access",
            "facility": "door",
            "ts": "2026-11-22T07:59:56.000Z",
            "age_s": 4.0,
            "reading": {"door_state": "open"},
            "suspect": ["door_state"],
        },
        {
            "device": "kitchen",
            "domain": "facility",
            "facility": "microwave",
            "ts": None,
            "age_s": None,
            "reading": {},
            "suspect": [],
        },
    ]
    assert station["completeness"] == {
        "received": 7,
        "duplicate": 0,
        "late": 0,
        "missing": 1,
        "gone": 0,
        "quarantined": 0,
    }


async def test_it_says_who_gets_no_acknowledgement(house: House, client: httpx.AsyncClient) -> None:
    house.fleet.heard("a", "louxing", NOW, fresh=True, best_effort=True)
    assert (await get(client, "/stations/a"))["delivery"] == "best_effort"


async def test_the_gateway_itself_is_a_station_outside_the_list(
    house: House, client: httpx.AsyncClient
) -> None:
    house.write("_gateway", "agent", [{"device": "agent", "ts": NOW, "uptime_s": 5}])
    own = await get(client, "/stations/_gateway")
    assert own["state"] == "online"
    assert own["devices"][0]["reading"] == {"uptime_s": 5}
    assert await ids(client) == []


@pytest.mark.parametrize("station_id", ["nobody", "..", "%00", "x" * 300])
async def test_it_knows_no_station_it_never_heard(client: httpx.AsyncClient, station_id: str) -> None:
    answer = await client.get(f"/api/v1/stations/{station_id}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
