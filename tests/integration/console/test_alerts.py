"""The pages about alerts, and what their forms do."""

import re
from html import unescape
from pathlib import Path

import httpx
import pytest

from gateway.api.settings import HttpSettings
from gateway.console.alert_texts import ALERT_TEXTS
from gateway.console.correction_texts import CORRECTION_TEXTS
from gateway.console.duty_texts import DUTY_TEXTS
from gateway.console.texts import TEXTS
from gateway.notify.links import Link
from gateway.state.alert_rows import AlertState, Verdict
from tests.integration.api_support import NOW, House, open_house
from tests.integration.console.browser import ORIGIN, basic, browser_of, page, state_of, submit

HOUR = 3_600_000


def severities(html: str) -> list[str]:
    return re.findall(r'<b class="P\d">(P\d)</b></td>', html)


# -- pages ------------------------------------------------------------


async def test_it_shows_the_open_alerts_worst_first(house: House, client: httpx.AsyncClient) -> None:
    assert "No alert is open" in await page(client, "/alerts?lang=en")
    house.opens("WA-07", "P3")
    house.opens("WA-02", "P1")
    over = house.opens("WA-02", "P1", device="old")
    house.life.resolve(over, "li", "", Verdict.FALSE, house.now)
    assert severities(await page(client, "/alerts?lang=en")) == ["P1", "P3"]
    assert len(severities(await page(client, "/alerts?all=1"))) == 3
    html = await page(client, "/alerts?lang=zh")
    assert "规则 WA-02" in html
    assert "28 L/min，限值 25 L/min" in html


async def test_it_turns_the_pages_of_all_alerts(
    house: House, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.console.alerts.ALERTS_A_PAGE", 2)
    for n in range(5):
        house.opens("WA-02", "P1", device=f"d-{n}")
    assert "Only the worst 2 are listed" in await page(client, "/alerts?lang=en")
    seen: set[str] = set()
    path: str | None = "/alerts?lang=en&all=1"
    while path is not None:
        html = await page(client, path)
        found = set(re.findall(r'href="/alerts/([0-9A-Z]{26})', html))
        assert not found & seen
        seen |= found
        following = re.search(r'<a href="([^"]+)" rel="next">', html)
        path = following[1] if following else None
    assert len(seen) == 5


async def test_it_shows_one_alert_with_what_to_do_first(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1", learned={"night_flow": 0.4}, incomplete=True)
    raw = (await client.get(f"/alerts/{ident}?lang=en")).text
    assert "Close the &lt;main valve&gt;" in raw
    assert "Gangqiao &lt;07&gt;" in raw
    html = unescape(raw)
    for words in (
        "28 L/min, limit 25 L/min",
        "night_flow 0.4",
        "incomplete data",
        "opened",
        "2026-11-22 16:00",
    ):
        assert words in html
    assert "There is no such alert" in await page(client, "/alerts/x?lang=en", 404)


async def test_a_form_is_not_wiped_by_a_refresh(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    for path in (f"/alerts/{ident}", "/silences", "/maintenance", "/on-call/overrides"):
        assert 'http-equiv="refresh"' not in await page(client, path)


async def test_it_shows_a_rule_with_its_numbers(client: httpx.AsyncClient) -> None:
    html = await page(client, "/rules/WA-02?lang=en")
    assert "25 L/min" in html
    assert "trucker home 60" in html
    assert "There is no such rule" in await page(client, "/rules/XX-99?lang=en", 404)


async def test_an_alert_of_the_gateway_leads_to_the_gateway(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1", station_id="_gateway")
    html = await page(client, f"/alerts/{ident}?lang=en")
    assert 'href="/stations/_gateway?lang=en"' in html
    html = await page(client, "/stations/_gateway?lang=en")
    assert "<h1>Gateway" in html
    assert "/corrections" not in html


async def test_the_fleet_page_counts_open_alerts(house: House, client: httpx.AsyncClient) -> None:
    house.opens("WA-02", "P1")
    await house.watch.look()
    assert '<b class="P1">P1 1</b>' in await page(client, "/")


async def test_it_shows_who_is_on_call_and_what_is_wrong_ahead(
    house: House, client: httpx.AsyncClient
) -> None:
    html = await page(client, "/on-call?lang=en")
    assert "李 (nights) → Zhao (fallback)" in html
    assert "only the fallback, Zhao" in html
    assert "Zhao: on duty from 2026-11-22 16:00" in html
    house.working.add("mail")
    assert "Everybody has a working channel" in await page(client, "/on-call?lang=en")


async def test_it_says_so_when_nobody_is_on_call(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with open_house(tmp_path / "other") as house:
        async with browser_of(house) as client:
            assert "The settings have no on_call" in await page(client, "/on-call?lang=en")


async def test_its_pages_need_no_script(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    token = house.links.token(Link(ident, "li", NOW + HOUR))
    planned = ("/silences?rule=WA-02", "/maintenance", "/on-call", "/on-call/overrides")
    paths = ("/alerts", f"/alerts/{ident}", "/rules/WA-02", f"/a/{token}", *planned)
    for path in paths:
        html = await page(client, path)
        assert "<script" not in html
        assert "style=" not in html
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)


# -- forms ------------------------------------------------------------


async def test_somebody_acknowledges_on_the_page(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    action = re.search(r'action="([^"]+/acknowledge[^"]*)"', await page(client, f"/alerts/{ident}?lang=en"))
    assert action
    done = await submit(client, action[1], {"by": "李", "comment": "on my way"})
    assert (done.status_code, done.headers["location"]) == (303, f"/alerts/{ident}?lang=en")
    html = await page(client, done.headers["location"])
    assert "李: on my way" in html
    assert "/acknowledge" not in html
    assert state_of(house, ident) is AlertState.ACKNOWLEDGED


async def test_somebody_snoozes_and_resolves_on_the_page(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    await submit(client, f"/alerts/{ident}/snooze", {"by": "li", "minutes": "60"})
    row = house.state.alerts.get(ident)
    assert row is not None
    assert row.snoozed_until == NOW + HOUR
    await submit(
        client, f"/alerts/{ident}/resolve", {"by": "li", "verdict": "false", "comment": "test valve"}
    )
    assert state_of(house, ident) is AlertState.RESOLVED
    assert "false" in await page(client, f"/alerts/{ident}?lang=en")
    over = await submit(client, f"/alerts/{ident}/acknowledge?lang=en", {"by": "li"})
    assert over.status_code == 409
    assert "This alert is closed" in over.text


@pytest.mark.parametrize(
    ("deed", "fields", "words"),
    [
        ("acknowledge", {"by": " "}, "Say who you are"),
        ("acknowledge", {"by": "x" * 65}, "Say who you are"),
        ("acknowledge", {"by": "li", "comment": "x" * 501}, "at most 500"),
        ("snooze", {"by": "li", "minutes": "1e9"}, "Choose one"),
        ("resolve", {"by": "li", "verdict": "maybe"}, "Choose one"),
        ("resolve", {"by": "li"}, "Choose one"),
    ],
)
async def test_a_form_says_what_is_wrong_in_it(
    house: House, client: httpx.AsyncClient, deed: str, fields: dict[str, str], words: str
) -> None:
    ident = house.opens("WA-02", "P1")
    refused = await submit(client, f"/alerts/{ident}/{deed}?lang=en", fields)
    assert refused.status_code == 422
    assert words in refused.text
    assert state_of(house, ident) is AlertState.FIRING


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example.com", "http://127.0.0.1:9999", "file://127.0.0.1:8000"]
)
async def test_a_form_of_another_page_changes_nothing(
    house: House, client: httpx.AsyncClient, origin: str | None
) -> None:
    ident = house.opens("WA-02", "P1")
    headers = {} if origin is None else {"Origin": origin}
    for path in (f"/alerts/{ident}/acknowledge", "/silences", "/maintenance", "/on-call/overrides"):
        refused = await client.post(path, data={"by": "li"}, headers=headers)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (403, "Origin")
    foreign = await client.post(
        f"/alerts/{ident}/acknowledge", data={"by": "li"}, headers={"Host": "evil.example.com"} | ORIGIN
    )
    assert (foreign.status_code, foreign.json()["errors"][0]["field"]) == (403, "Host")
    assert state_of(house, ident) is AlertState.FIRING


async def test_a_form_may_come_through_a_proxy_by_its_public_name(house: House) -> None:
    ident = house.opens("WA-02", "P1")
    settings = HttpSettings.model_validate({"public_url": "https://yizhan.example.org"})
    async with browser_of(house, settings) as client:
        headers = {"Origin": "https://yizhan.example.org"}
        done = await client.post(f"/alerts/{ident}/acknowledge", data={"by": "li"}, headers=headers)
    assert done.status_code == 303


async def test_a_page_lets_a_browser_say_where_its_form_comes_from(client: httpx.AsyncClient) -> None:
    # with no-referrer a browser sends Origin: null
    assert (await client.get("/silences")).headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(("token", "status"), [("look", 403), ("act", 303), ("north", 404)])
async def test_a_page_lets_act_whom_the_api_lets_act(
    house: House, guarded: httpx.AsyncClient, token: str, status: int
) -> None:
    ident = house.opens("WA-02", "P1")
    seen = await guarded.get(f"/alerts/{ident}?lang=en", headers=basic(token))
    assert ("need the role operator" in seen.text) == (token == "look")
    done = await submit(guarded, f"/alerts/{ident}/acknowledge", {"by": "boss"}, **basic(token))
    assert done.status_code == status
    row = house.state.alerts.get(ident)
    assert row is not None
    assert row.by == ("act" if status == 303 else None)


def test_no_text_stands_in_two_tables() -> None:
    tables = (ALERT_TEXTS, CORRECTION_TEXTS, DUTY_TEXTS)
    assert sum(map(len, tables)) == len(set().union(*tables))
    for table in tables:
        for key, text in table.items():
            assert TEXTS[key] == text, key
