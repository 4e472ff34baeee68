from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.api.application import create_api
from gateway.domain.local_time import DAY_MS
from gateway.domain.registry import Registry
from gateway.queries import history
from tests.integration.api_support import NOW, TWO_PEOPLE, House, client_of, open_house

TIME = {"start": "2026-11-22T07:00:00Z", "end": "2026-11-22T09:00:00Z"}
OWN = """\
rules:
  TS-01:
    name: {zh: 试, en: Test}
    kind: threshold
    subject: water.water_flow_l_per_min
    with: {}
    levels: [{if: {value: true, above: 30}, severity: P2}]
    first_action: {zh: 看, en: Look}
    reason: {zh: 试, en: Test}
    source: own
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, on_call=TWO_PEOPLE) as house:
        house.hear("louxing-07", "louxing")
        flows = [
            {"device": "main", "ts": NOW, "water_flow_l_per_min": 40.0},
            {"device": "tap", "ts": NOW, "water_flow_l_per_min": 1.0},
        ]
        house.write("louxing-07", "water", flows)
        yield house


async def backtest(client: httpx.AsyncClient, **body: Any) -> httpx.Response:  # noqa: ANN401 - keys of a body
    return await client.post("/api/v1/rules/backtest", json=TIME | body, timeout=60)


async def test_it_lists_what_would_have_fired_beside_what_did(
    house: House, client: httpx.AsyncClient
) -> None:
    house.opens("WA-02", "P1")
    missed = house.opens("WA-07", "P3", device="other")
    house.now += 3_600_000
    answer = await backtest(client)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    would = {item["rule"]: item for item in body["would"]}
    assert would.keys() == {"WA-02", "WA-07", "EN-01"}
    item = would["WA-02"]
    assert (item["device"], item["severity"], item["value"], item["limit"]) == ("main", "P1", 40.0, 25.0)
    assert (item["was_live"], would["EN-01"]["was_live"]) == (True, False)
    assert item["told"] == "li"
    assert [alert["alert_id"] for alert in body["missed"]] == [missed]
    assert (body["complete"], body["frames"], body["failed"]) == (True, 1, {})


async def test_it_changes_nothing(house: House, client: httpx.AsyncClient) -> None:
    await backtest(client)
    assert house.state.alerts.page(10) == []
    assert house.state.alerts.watermark("engine") == house.life.watermark()


async def test_it_tells_nothing_of_what_is_to_come(house: House, client: httpx.AsyncClient) -> None:
    house.now += 60_000
    body = (await backtest(client, end="2026-11-23T09:00:00Z", rules={"own.yaml": OWN})).json()
    assert (body["judged_until"], body["complete"]) == ("2026-11-22T08:01:00.000Z", True)
    assert "TS-01" in {item["rule"] for item in body["would"]}
    assert [item for item in body["would"] if item["received"] > body["judged_until"]] == []


def test_nor_does_the_command_line_where_no_gateway_runs(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        house.write("louxing-07", "water", [{"device": "main", "ts": NOW, "water_flow_l_per_min": 40.0}])
    (tmp_path / "timeseries.duckdb").rename(tmp_path / "store.duckdb")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(OWN)
    span = (NOW - 60_000, NOW + DAY_MS)
    lines = list(history.judge(tmp_path, Registry(), tmp_path / "rules", span, NOW + 60_000))
    assert any("TS-01" in line for line in lines)
    assert [line for line in lines[:-1] if line >= "2026-11-22T08:01"] == []


async def test_it_judges_by_the_rules_it_is_given(house: House, client: httpx.AsyncClient) -> None:
    house.now += 3_600_000
    answer = await backtest(client, rules={"own.yaml": OWN})
    assert answer.status_code == 200, answer.text
    assert "TS-01" in {item["rule"] for item in answer.json()["would"]}


async def test_it_names_the_line_of_a_rule_that_is_wrong(client: httpx.AsyncClient) -> None:
    answer = await backtest(client, rules={"own.yaml": OWN.replace("above: 30", "abov: 30")})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "rules")
    assert answer.json()["detail"].startswith("own.yaml:7: ")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"end": TIME["start"]}, "end"),
        ({"end": "2027-11-22T09:00:00Z"}, "end"),
        ({"start": "then"}, "start"),
        ({"start": "2026-11-22T08:00:00Z"}, "start"),
        ({"rules": {"../evil.yaml": ""}}, "rules"),
        ({"rules": {"own.txt": ""}}, "rules"),
    ],
)
async def test_it_names_the_field_that_is_wrong(
    client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await backtest(client, **body)
    assert (answer.status_code, answer.json()["errors"][0]["field"].partition(".")[0]) == (422, field)


async def test_it_takes_many_rules_but_not_any_number(client: httpx.AsyncClient) -> None:
    comment = "#" * 100_000
    assert (await backtest(client, rules={"big.yaml": comment})).status_code == 200
    assert (await backtest(client, rules={"big.yaml": comment * 11})).status_code == 413


async def test_one_backtest_is_done_at_a_time(house: House) -> None:
    services = house.services()
    async with client_of(create_api(services)) as client, services.judging:
        refused = await backtest(client)
    assert refused.status_code == 409
