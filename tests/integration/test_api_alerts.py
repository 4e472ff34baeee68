from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.alerting.detection.lane import Pending
from gateway.domain.alerts import Key
from gateway.domain.registry import Name, Registry, StationSpec
from tests.integration.api_support import NOW, House, open_house
from tests.integration.api_tokens import bearer

REGISTRY = Registry(
    [StationSpec(station_id="louxing-07", region="louxing", name=Name(zh="港桥惠工驿站", en="Gangqiao"))]
)
MINUTE = 60_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, REGISTRY) as house:
        house.hear("louxing-07", "louxing")
        house.hear("north-1", "north")
        yield house


async def listed(client: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/alerts", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def do(client: httpx.AsyncClient, alert_id: str, deed: str, **body: object) -> httpx.Response:
    return await client.post(f"/api/v1/alerts/{alert_id}/{deed}", json=body)


# -- lists ------------------------------------------------------------


async def test_it_lists_an_alert_as_the_contract_says(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    [item] = await listed(client)
    contract = {
        "alert_id": ident,
        "rule": "WA-02",
        "station_id": "louxing-07",
        "device": "main",
        "severity": "P1",
        "state": "firing",
        "opened": "2026-11-22T08:00:00.000Z",
        "changed": "2026-11-22T08:00:00.000Z",
        "value": 28.0,
        "limit": 25.0,
        "by": None,
        "retrospective": False,
        "verdict": None,
    }
    assert {name: item[name] for name in contract} == contract
    assert item["name"] == {"zh": "规则 WA-02", "en": "Rule WA-02"}
    assert item["station"] == {"zh": "港桥惠工驿站", "en": "Gangqiao"}


async def test_it_filters(house: House, client: httpx.AsyncClient) -> None:
    house.opens("WA-02", "P1")
    house.now += MINUTE
    other = house.opens("WA-07", "P3", station_id="north-1")
    taken = house.opens("WA-07", "P3")
    house.life.acknowledge(taken, "li", "", house.now)
    assert [item["rule"] for item in await listed(client)] == ["WA-07", "WA-07", "WA-02"]
    assert {item["alert_id"] for item in await listed(client, severity="P3")} == {other, taken}
    assert [item["alert_id"] for item in await listed(client, state="acknowledged")] == [taken]
    assert [item["alert_id"] for item in await listed(client, station_id="north-1")] == [other]
    assert len(await listed(client, rule="WA-02")) == 1
    assert len(await listed(client, since="2026-11-22T08:01:00Z")) == 2
    assert await listed(client, state="resolved") == []


async def test_its_pages_hold_every_alert_once(house: House, client: httpx.AsyncClient) -> None:
    idents = []
    for n in range(5):
        house.now += 1
        idents.append(house.opens("WA-02", "P1", device=f"tap-{n}"))
    house.pending = [Pending(Key("WA-07", "louxing-07", "x"), NOW + 3, "P3", 1.0, 2.0)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        body = (await client.get("/api/v1/alerts", params=query)).json()
        seen += [item["alert_id"] for item in body["items"]]
        cursor = body["next"]
        if cursor is None:
            break
    assert sorted(seen, reverse=True) == seen
    assert set(idents) < set(seen)
    assert len(seen) == 6


async def test_it_lists_what_is_pending_and_lets_nobody_act_on_it(
    house: House, client: httpx.AsyncClient
) -> None:
    house.opens("WA-02", "P1")
    house.pending = [Pending(Key("WA-07", "louxing-07", "main"), NOW - MINUTE, "P3", 1.5, 1.0)]
    [item] = await listed(client, state="pending")
    assert (item["rule"], item["state"], item["opened"]) == ("WA-07", "pending", "2026-11-22T07:59:00.000Z")
    assert len(await listed(client)) == 2
    assert len(await listed(client, severity="P1")) == 1
    alone = await client.get(f"/api/v1/alerts/{item['alert_id']}")
    assert (alone.status_code, alone.json()["timeline"]) == (200, [])
    refused = await do(client, item["alert_id"], "acknowledge", by="li")
    assert refused.status_code == 409


async def test_one_alone_adds_its_timeline_and_what_to_do_first(
    house: House, client: httpx.AsyncClient
) -> None:
    ident = house.opens("WA-02", "P1", learned={"night_flow": 0.4})
    answer = (await client.get(f"/api/v1/alerts/{ident}")).json()
    assert answer["first_action"]["en"] == "Close the <main valve>"
    assert answer["learned"] == {"night_flow": 0.4}
    assert answer["timeline"][0]["kind"] == "opened"
    assert answer["timeline"][0]["detail"]["at"] == answer["timeline"][0]["at"] == "2026-11-22T08:00:00.000Z"
    missing = await client.get("/api/v1/alerts/01K0PZ6Q9V3W8S4D2N7X5C1BFA")
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (404, "alert_id")


async def test_it_passes_over_no_filter(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/alerts?state=firing&state=resolved")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "state")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "open"}, "state"),
        ({"severity": "P5"}, "severity"),
        ({"since": "yesterday"}, "since"),
        ({"station_id": "A B"}, "station_id"),
        ({"limit": 0}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"stat": "firing"}, "stat"),
    ],
)
async def test_it_names_the_filter_that_is_wrong(
    client: httpx.AsyncClient, query: dict[str, Any], field: str
) -> None:
    answer = await client.get("/api/v1/alerts", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


# -- people ------------------------------------------------------------


async def test_somebody_acknowledges_by_name(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    house.now += MINUTE
    answer = (await do(client, ident, "acknowledge", by="li", comment="on my way")).json()
    assert (answer["state"], answer["by"], answer["comment"]) == ("acknowledged", "li", "on my way")
    last = answer["timeline"][-1]
    assert (last["kind"], last["by"], last["at"]) == ("acknowledged", "li", "2026-11-22T08:01:00.000Z")
    assert [deed.action for deed in house.state.audit.newest()] == ["alert.acknowledge"]


async def test_somebody_snoozes_until_a_time(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    answer = await do(client, ident, "snooze", by="li", until="2026-11-22T17:00:00+08:00")
    assert answer.json()["snoozed_until"] == "2026-11-22T09:00:00.000Z"
    assert answer.json()["timeline"][-1]["detail"] == {"comment": "", "until": "2026-11-22T09:00:00.000Z"}
    for until in ("2026-11-22T07:00:00Z", "2027-11-22T07:00:00Z"):
        refused = await do(client, ident, "snooze", by="li", until=until)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "until")


async def test_somebody_resolves_with_a_verdict(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    answer = await do(client, ident, "resolve", by="li", comment="hose burst", verdict="real")
    body = answer.json()
    assert (body["state"], body["verdict"], body["by"]) == ("resolved", "real", "li")
    late = await do(client, ident, "acknowledge", by="wang")
    assert late.status_code == 409
    assert "resolved" in late.json()["detail"]


@pytest.mark.parametrize(
    ("deed", "body", "field"),
    [
        ("acknowledge", {}, "by"),
        ("acknowledge", {"by": ""}, "by"),
        ("acknowledge", {"by": "li", "commment": "x"}, "commment"),
        ("acknowledge", {"by": "li", "comment": "x" * 501}, "comment"),
        ("snooze", {"by": "li"}, "until"),
        ("snooze", {"by": "li", "until": "soon"}, "until"),
        ("resolve", {"by": "li"}, "verdict"),
        ("resolve", {"by": "li", "verdict": "maybe"}, "verdict"),
    ],
)
async def test_it_names_the_field_that_is_wrong(
    house: House, client: httpx.AsyncClient, deed: str, body: dict[str, Any], field: str
) -> None:
    ident = house.opens("WA-02", "P1")
    answer = await do(client, ident, deed, **body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert [item["state"] for item in await listed(client)] == ["firing"]


async def test_reading_an_alert_changes_nothing(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    before = house.state.alerts.get(ident), house.state.alerts.timeline(ident)
    for path in (f"alerts/{ident}/acknowledge", f"alerts/{ident}/resolve"):
        assert (await client.get(f"/api/v1/{path}")).status_code == 405
    await client.get(f"/api/v1/alerts/{ident}")
    assert (house.state.alerts.get(ident), house.state.alerts.timeline(ident)) == before


# -- roles and regions ------------------------------------------------------------


@pytest.mark.parametrize(("name", "status"), [("viewer", 403), ("operator", 200), ("north", 404)])
@pytest.mark.parametrize(
    ("deed", "body"),
    [
        ("acknowledge", {}),
        ("snooze", {"until": "2026-11-22T09:00:00Z"}),
        ("resolve", {"verdict": "test"}),
    ],
)
async def test_only_an_operator_of_the_region_acts(
    house: House, guarded: httpx.AsyncClient, deed: str, body: dict[str, Any], name: str, status: int
) -> None:
    ident = house.opens("WA-02", "P1")
    path = f"/api/v1/alerts/{ident}/{deed}"
    answer = await guarded.post(path, json=body, headers=bearer(name))
    assert answer.status_code == status
    row = house.state.alerts.get(ident)
    assert row is not None
    assert row.by == ("operator-desk" if status == 200 else None)


async def test_a_region_s_desk_sees_only_its_alerts(house: House, guarded: httpx.AsyncClient) -> None:
    foreign = house.opens("WA-02", "P1")
    own = house.opens("WA-02", "P1", station_id="north-1")
    platform = house.opens("WA-02", "P1", station_id="_gateway")
    house.pending = [Pending(Key("WA-07", "louxing-07", "x"), NOW, "P3", 1.0, 2.0)]
    answer = await guarded.get("/api/v1/alerts", headers=bearer("north"))
    assert [item["alert_id"] for item in answer.json()["items"]] == [own]
    for ident, status in ((foreign, 404), (own, 200), (platform, 404)):
        seen = await guarded.get(f"/api/v1/alerts/{ident}", headers=bearer("north"))
        assert seen.status_code == status


async def test_who_acknowledged_comes_from_the_token(house: House, guarded: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    path = f"/api/v1/alerts/{ident}/acknowledge"
    for claimed in ({}, {"by": "boss"}):
        done = await guarded.post(path, json=claimed, headers=bearer("operator"))
        assert (done.status_code, done.json()["by"]) == (200, "operator-desk")


# -- counts and events ------------------------------------------------------------


async def test_a_station_shows_how_many_alerts_are_open(house: House, client: httpx.AsyncClient) -> None:
    async def counted(station_id: str) -> dict[str, int]:
        await house.watch.look()
        alone = (await client.get(f"/api/v1/stations/{station_id}")).json()
        counts: dict[str, int] = alone["open_alerts"]
        return counts

    ident = house.opens("WA-02", "P1")
    house.opens("WA-07", "P3")
    assert await counted("louxing-07") == {"P1": 1, "P2": 0, "P3": 1, "P4": 0}
    house.opens("EN-01", "P1", station_id="_gateway")
    assert (await counted("_gateway"))["P1"] == 1
    assert 'yizhan_alerts_open{severity="P1"} 2.0' in (await client.get("/metrics")).text
    await do(client, ident, "acknowledge", by="li")
    assert (await counted("louxing-07"))["P1"] == 1
    await do(client, ident, "resolve", by="li", verdict="real")
    assert (await counted("louxing-07"))["P1"] == 0
