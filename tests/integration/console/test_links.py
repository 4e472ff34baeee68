"""The page behind the link of a message."""

import httpx

from gateway.notify.links import Link
from gateway.state.alert_rows import AlertState, Entry, Verdict
from tests.integration.api_support import NOW, House
from tests.integration.console.browser import page, state_of

HOUR = 3_600_000


async def test_opening_a_link_changes_nothing_and_its_button_acknowledges_once(
    house: House, client: httpx.AsyncClient
) -> None:
    ident = house.opens("WA-02", "P1")
    path = f"/a/{house.links.token(Link(ident, 'li', NOW + HOUR))}"
    before = house.state.alerts.timeline(ident)
    for _ in range(3):
        html = await page(client, f"{path}?lang=en")
    assert (await client.head(path)).status_code in {200, 405}
    assert "Acknowledge: 李 takes it" in html
    assert "Close the <main valve>" in html
    assert house.state.alerts.timeline(ident) == before
    house.now += 60_000
    done = await client.post(f"{path}?lang=en")
    assert done.status_code == 200
    assert "Acknowledged, thank you." in done.text
    row = house.state.alerts.get(ident)
    assert row is not None
    assert (row.state, row.by) == (AlertState.ACKNOWLEDGED, "li")


async def test_a_second_tap_says_who_did_it(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    first, second = (
        f"/a/{house.links.token(Link(ident, who, NOW + HOUR))}?lang=en" for who in ("li", "zhao")
    )
    await client.post(first, data={})
    for path in (first, second):
        again = await client.post(path, data={"x": "y"})
        assert "李 acknowledged this at 2026-11-22 16:00:00" in again.text
        assert "<button>" not in await page(client, path)
    row = house.state.alerts.get(ident)
    assert row is not None
    assert row.by == "li"
    kinds = [entry.kind for entry in house.state.alerts.timeline(ident)]
    assert kinds.count(Entry.ACKNOWLEDGED) == 1


async def test_a_link_of_an_alert_that_is_over_says_so(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    path = f"/a/{house.links.token(Link(ident, 'li', NOW + HOUR))}?lang=en"
    house.life.resolve(ident, "zhao", "", Verdict.TEST, NOW)
    assert "This alert is closed" in (await client.post(path, data={})).text
    assert state_of(house, ident) is AlertState.RESOLVED


async def test_a_link_that_does_not_hold_says_what_to_do(house: House, client: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    token = house.links.token(Link(ident, "li", NOW + HOUR))
    forged = ("b" if token[0] != "b" else "c") + token[1:]
    gone = house.links.token(Link("01K0PZ6Q9V3W8S4D2N7X5C1BFA", "li", NOW + HOUR))
    for bad in (forged, token[:-2], "x", gone):
        assert "This link is damaged" in await page(client, f"/a/{bad}?lang=en", 404)
        assert (await client.post(f"/a/{bad}", data={})).status_code == 404
    house.now += HOUR
    assert "This link has expired" in await page(client, f"/a/{token}?lang=en", 410)
    assert (await client.post(f"/a/{token}", data={})).status_code == 410
    assert state_of(house, ident) is AlertState.FIRING


async def test_a_link_works_without_a_login(house: House, guarded: httpx.AsyncClient) -> None:
    ident = house.opens("WA-02", "P1")
    path = f"/a/{house.links.token(Link(ident, 'li', NOW + HOUR))}"
    assert (await guarded.get("/alerts")).status_code == 401
    await page(guarded, path)
    assert (await guarded.post(path, data={})).status_code == 200
    assert state_of(house, ident) is AlertState.ACKNOWLEDGED
