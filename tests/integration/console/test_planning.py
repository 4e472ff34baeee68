"""Work that is planned and people who stand in, on pages."""

import re
from pathlib import Path

import httpx
import pytest

from tests.integration.api_support import NOW, House, open_house
from tests.integration.console.browser import basic, browser_of, page, submit

HOUR = 3_600_000
WHO = {"by": "li"}
WORK = {
    "station_id": "louxing-07", "device": "", "region": "", "start": "2026-11-22T22:00", "minutes": "480",
    "rrule": "FREQ=WEEKLY", "reason": "new <floor>", "by": "li",
}  # fmt: skip
STAND_IN = {
    "person": "zhao", "layer": "nights", "region": "", "start": "2026-11-22T20:00", "end": "2026-11-23T09:00",
    "reason": "wedding", "by": "li",
}  # fmt: skip


def ends(html: str) -> list[str]:
    return re.findall(r'action="([^"]+/end[^"]*)"', html)


# -- maintenance ------------------------------------------------------


async def test_work_is_planned_shown_and_taken_out_on_the_page(
    house: House, client: httpx.AsyncClient
) -> None:
    assert "There are no maintenance windows" in await page(client, "/maintenance?lang=en")
    done = await submit(client, "/maintenance?lang=en", WORK)
    assert (done.status_code, done.headers["location"]) == (303, "/maintenance?lang=en")
    html = await page(client, "/maintenance?lang=en")
    for words in (
        "to come",
        "2026-11-22 22:00 – 2026-11-23 06:00",
        "every week on that day",
        "new <floor> (li)",
    ):
        assert words in html
    assert "&lt;floor&gt;" in (await client.get("/maintenance")).text
    assert "每周同一天" in await page(client, "/maintenance?lang=zh")
    house.now += 7 * HOUR
    assert "in force" in await page(client, "/maintenance?lang=en")
    [window] = house.state.maintenance.all()
    assert window.covers("louxing-07", "louxing", "main", house.now, "Asia/Shanghai")
    [end] = ends(await page(client, "/maintenance?lang=en"))
    assert (await submit(client, end, WHO)).status_code == 303
    assert house.state.maintenance.all() == []
    assert (await submit(client, end, WHO)).status_code == 404


async def test_a_window_that_is_over_stays_on_the_page_without_a_button(
    house: House, client: httpx.AsyncClient
) -> None:
    await submit(client, "/maintenance", WORK | {"rrule": ""})
    house.now += 48 * HOUR
    html = await page(client, "/maintenance?lang=en")
    assert "<b>ended</b>" in html
    assert ends(html) == []


@pytest.mark.parametrize(
    ("changed", "words", "status"),
    [
        ({"station_id": ""}, "Give a station or a region", 422),
        ({"station_id": "", "region": "louxing", "device": "tap"}, "Which station is the device of", 422),
        ({"station_id": "nowhere-1"}, "There is no such station", 422),
        ({"station_id": "A B"}, "station_id: A B?", 422),
        ({"start": "tomorrow"}, "Give a date and a time", 422),
        ({"start": "2026-11-20T22:00", "rrule": ""}, "That time is over", 422),
        ({"rrule": "FREQ=HOURLY"}, "It cannot repeat like that", 422),
        ({"minutes": "7"}, "Choose one", 422),
        ({"reason": ""}, "Say why", 422),
        ({"by": ""}, "Say who you are", 422),
    ],
)
async def test_the_form_of_a_window_says_what_is_wrong_in_it(
    house: House, client: httpx.AsyncClient, changed: dict[str, str], words: str, status: int
) -> None:
    refused = await submit(client, "/maintenance?lang=en", WORK | changed)
    assert (refused.status_code, words in refused.text) == (status, True), refused.text
    assert house.state.maintenance.all() == []


@pytest.mark.parametrize(("token", "status"), [("look", 403), ("act", 303), ("north", 422)])
async def test_work_is_planned_by_whom_the_api_lets_plan_it(
    house: House, guarded: httpx.AsyncClient, token: str, status: int
) -> None:
    html = await page(guarded, "/maintenance?lang=en", **basic(token))
    assert ("New window" in html) == (token != "look")
    done = await submit(guarded, "/maintenance?lang=en", WORK, **basic(token))
    assert done.status_code == status
    assert [window.by for window in house.state.maintenance.all()] == (["act"] if status == 303 else [])
    for one in house.state.maintenance.all():
        assert ends(await page(guarded, "/maintenance", **basic("look"))) == []
        end = f"/maintenance/{one.id}/end"
        assert (await submit(guarded, end, WHO, **basic("look"))).status_code == 403
        assert (await submit(guarded, end, WHO, **basic("north"))).status_code == 404


# -- overrides --------------------------------------------------------


async def test_somebody_stands_in_is_shown_and_stands_down_on_the_page(
    house: House, client: httpx.AsyncClient
) -> None:
    assert "/on-call/overrides?lang=en" in await page(client, "/on-call?lang=en")
    html = await page(client, "/on-call/overrides?lang=en")
    assert "There are no overrides" in html
    assert '<option value="zhao">Zhao</option>' in html
    done = await submit(client, "/on-call/overrides?lang=en", STAND_IN)
    assert (done.status_code, done.headers["location"]) == (303, "/on-call/overrides?lang=en")
    html = await page(client, "/on-call/overrides?lang=en")
    for words in ("<b>Zhao</b>", "nights", "2026-11-22 20:00 – 2026-11-23 09:00", "wedding (li)"):
        assert words in html
    house.now += 5 * HOUR
    assert "Zhao (override)" in await page(client, "/on-call?lang=en")
    [end] = ends(html)
    assert (await submit(client, end, WHO)).status_code == 303
    assert "李 (nights)" in await page(client, "/on-call?lang=en")
    assert (await submit(client, end, WHO)).status_code == 404


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"person": "nobody"}, "Choose one"),
        ({"layer": "days"}, "Choose one"),
        ({"start": ""}, "Give a date and a time"),
        ({"end": "2026-11-22T19:00"}, "The end must be after"),
        ({"region": "A B"}, "region: A B?"),
        ({"by": ""}, "Say who you are"),
    ],
)
async def test_the_form_of_an_override_says_what_is_wrong_in_it(
    house: House, client: httpx.AsyncClient, changed: dict[str, str], words: str
) -> None:
    refused = await submit(client, "/on-call/overrides?lang=en", STAND_IN | changed)
    assert (refused.status_code, words in refused.text) == (422, True), refused.text
    assert list(house.state.rota_overrides.unended(NOW)) == []


@pytest.mark.parametrize(
    ("token", "region", "status"),
    [("look", "", 403), ("act", "", 303), ("north", "", 403), ("north", "north", 303)],
)
async def test_a_stand_in_is_put_by_whom_the_api_lets_put_one(
    house: House, guarded: httpx.AsyncClient, token: str, region: str, status: int
) -> None:
    done = await submit(guarded, "/on-call/overrides", STAND_IN | {"region": region}, **basic(token))
    assert done.status_code == status
    stood = list(house.state.rota_overrides.unended(NOW))
    assert [one.by for one in stood] == ([token] if status == 303 else [])
    for one in stood:
        end = f"/on-call/overrides/{one.id}/end"
        assert (await submit(guarded, end, WHO, **basic("look"))).status_code == 403
        allowed = 303 if region else 404
        assert (await submit(guarded, end, WHO, **basic("north"))).status_code == allowed


async def test_nobody_stands_in_where_nobody_is_on_call(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with open_house(tmp_path / "other") as house:
        async with browser_of(house) as client:
            html = await page(client, "/on-call/overrides?lang=en")
            assert "The settings have no on_call" in html
            assert "Plan it" not in html
            refused = await submit(client, "/on-call/overrides?lang=en", STAND_IN)
            assert (refused.status_code, "no on_call" in refused.text) == (422, True)
