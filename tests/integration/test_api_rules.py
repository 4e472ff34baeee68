from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from catalogue.catalogue import Catalogue, Override
from catalogue.loading import load
from gateway.alerting.own_rules import RULE_FAILED
from gateway.api.settings import HttpSettings, TokenAuth
from gateway.domain.registry import Registry, StationSpec
from tests.integration.api_support import RULES, House, client_for, open_house

REGISTRY = Registry(
    [
        StationSpec(station_id="louxing-07", region="louxing", profile="urban_kiosk"),
        StationSpec(station_id="depot-1", region="louxing", profile="trucker_home"),
    ]
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, REGISTRY) as house:
        changed = {"WA-02": {"burst": Override(profiles={"urban_kiosk": 12}, stations={"depot-1": 80})}}
        house.catalogue = Catalogue(RULES, {}, changed, {"WA-21": "flat rate"})
        yield house


async def test_it_lists_rules_with_their_numbers_per_profile_and_station(client: httpx.AsyncClient) -> None:
    items = (await client.get("/api/v1/rules")).json()["items"]
    assert {"EN-01", "WA-02", "WA-07"} < {item["id"] for item in items}
    rule = next(item for item in items if item["id"] == "WA-02")
    assert rule["name"] == {"zh": "规则 WA-02", "en": "Rule WA-02"}
    assert rule["first_action"]["en"] == "Close the <main valve>"
    assert rule["parameters"]["burst"] == {
        "value": 25.0,
        "unit": "L/min",
        "source": "own",
        "profiles": {"urban_kiosk": 12.0, "trucker_home": 60.0},
        "stations": {"depot-1": 80.0},
    }


async def test_a_desk_sees_the_numbers_of_its_own_stations_only(house: House, tmp_path: Path) -> None:
    house.hear("depot-1", "louxing")
    lines = [
        f"- {{name: {region}, role: viewer, regions: [{region}], "
        f"sha256: {sha256(region.encode()).hexdigest()}}}"
        for region in ("louxing", "north")
    ]
    (tmp_path / "tokens.yaml").write_text("\n".join(lines))
    settings = HttpSettings(auth=TokenAuth(tokens=tmp_path / "tokens.yaml"))
    async with client_for(house, settings) as client:
        for region, shown in (("louxing", {"depot-1": 80.0}), ("north", {})):
            answer = await client.get("/api/v1/rules/WA-02", headers={"Authorization": f"Bearer {region}"})
            assert answer.json()["parameters"]["burst"]["stations"] == shown


async def test_one_alone_adds_why_it_is_there(client: httpx.AsyncClient) -> None:
    rule = (await client.get("/api/v1/rules/WA-02")).json()
    assert rule["reason"] == {"zh": "漏水", "en": "A leak"}
    assert rule["definition"]["levels"][0]["if"]["above"] == {"param": "burst"}
    assert rule["levels"] == [{"severity": "P1", "for_s": 0.0}]


@pytest.mark.parametrize(("rule", "words"), [("XX-99", "there is no"), ("WA-21", "switched off: flat rate")])
async def test_it_says_which_rule_there_is_not(client: httpx.AsyncClient, rule: str, words: str) -> None:
    answer = await client.get(f"/api/v1/rules/{rule}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (404, "rule_id")
    assert words in answer.json()["detail"]


async def test_its_pages_hold_every_rule_of_the_catalogue(house: House, client: httpx.AsyncClient) -> None:
    house.catalogue = load()
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 40} | ({"cursor": cursor} if cursor else {})
        body = (await client.get("/api/v1/rules", params=query)).json()
        seen += [item["id"] for item in body["items"]]
        cursor = body["next"]
        if cursor is None:
            break
    assert seen == sorted(house.rules.rules())
    assert set(house.catalogue.rules) | {RULE_FAILED.id} <= set(seen)
    for rule in seen:
        alone = await client.get(f"/api/v1/rules/{rule}")
        assert alone.status_code == 200
