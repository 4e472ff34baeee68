"""Correcting a reading on pages: chosen, seen before it is done, and refused with the reason."""

import re
from dataclasses import replace
from html import unescape

import httpx
import pyarrow as pa
import pytest

from gateway.batch.batch import FRAME_SCHEMA
from tests.integration.api_support import NOW, House, batch_of
from tests.integration.console.browser import basic, page, submit
from tests.integration.console.meter import SPAN, STATION, WHO, hidden, links, preview, say, totals


@pytest.fixture(autouse=True)
def meter(house: House) -> None:
    say(house)


async def test_somebody_corrects_a_reading_that_the_pages_have_shown(
    house: House, client: httpx.AsyncClient
) -> None:
    html = await page(client, f"{STATION}?lang=en")
    assert f'href="{STATION}/corrections?lang=en"' in html
    assert f'href="{STATION}/readings?lang=en&point=water:main"' in html
    assert "No reading of this station was corrected" in await page(client, f"{STATION}/corrections?lang=en")
    assert list(await links(client)) == ["5.1 m³", "52 m³", "5.3 m³"]
    address = (await links(client))["52 m³"]
    assert "2026-11-22 15:58:00" in await page(client, address)
    html = await page(client, f"{address}&value=5.2")
    assert "52 m³ → <b>5.2 m³</b>" in html
    assert totals(house) == [5.1, 52.0, 5.3]
    done = await submit(client, f"{STATION}/corrections?lang=en", hidden(html) | WHO)
    assert (done.status_code, done.headers["location"]) == (303, f"{STATION}/corrections?lang=en")
    assert totals(house) == [5.1, 5.2, 5.3]
    [deed] = house.state.audit.newest()
    assert (deed.action, deed.by, deed.target) == ("reading.correct", "li", "louxing-07")


async def test_a_value_is_taken_away_and_given_back(house: House, client: httpx.AsyncClient) -> None:
    address = (await links(client))["52 m³"]
    html = await page(client, f"{address}&value=&remove=1")
    assert "52 m³ → <b>taken away</b>" in html
    await submit(client, f"{STATION}/corrections", hidden(html) | WHO)
    assert totals(house) == [5.1, None, 5.3]
    listed = await page(client, f"{STATION}/corrections?lang=en")
    [again] = re.findall(r'<a href="([^"]+)">Correct it again', listed)
    html = await page(client, again)
    assert "This value was corrected before." in html
    await submit(client, f"{STATION}/corrections", hidden(await page(client, f"{again}&value=5.2")) | WHO)
    assert totals(house) == [5.1, 5.2, 5.3]


@pytest.mark.parametrize(
    ("asked", "zh", "en"),
    [
        ("value=-1", "新值应为 0 – 999999.999 m³", "The new value must be 0 – 999999.999 m³"),
        ("value=much", "必须是数字", "must be a number"),
        ("value=nan", "必须是数字", "must be a number"),
        ("value=52", "没有更正", "what it says already"),
        ("value=1&remove=1", "不能两者都选", "not both"),
    ],
)
async def test_it_says_in_both_languages_why_a_value_cannot_be(
    client: httpx.AsyncClient, asked: str, zh: str, en: str
) -> None:
    address = (await links(client))["52 m³"]
    for lang, words in (("zh", zh), ("en", en)):
        html = await page(client, f"{address.replace('lang=en', f'lang={lang}')}&{asked}")
        assert words in html
        assert '<form method="post"' not in html


@pytest.mark.parametrize(
    ("changed", "status", "zh", "en"),
    [
        ({"reason": " "}, 422, "请写明理由", "Say why"),
        ({"by": ""}, 422, "请填写你的姓名", "Say who you are"),
        ({"value": "-1"}, 422, "新值应为", "The new value must be"),
        ({"value": ""}, 422, "请填写新值", "Give a new value"),
        ({"seq": "9"}, 404, "没有这条读数", "There is no such reading"),
        ({"ts": "2026-11-22T07:57:30Z"}, 404, "没有这条读数", "There is no such reading"),
        ({"field": "no_such_field"}, 404, "没有这条读数", "There is no such reading"),
        ({"domain": "fire"}, 404, "没有这条读数", "There is no such reading"),
        ({"seq": str(2**80)}, 404, "没有这条读数", "There is no such reading"),
        ({"old": "51.0"}, 409, "别人刚刚更正过：现在是 52 m³", "it says 52 m³ now"),
    ],
)
async def test_it_says_in_both_languages_why_nothing_was_corrected(
    house: House, client: httpx.AsyncClient, changed: dict[str, str], status: int, zh: str, en: str
) -> None:
    fields = await preview(client) | WHO | changed
    for lang, words in (("zh", zh), ("en", en)):
        refused = await submit(client, f"{STATION}/corrections?lang={lang}", fields)
        assert (refused.status_code, words in refused.text) == (status, True), refused.text
    assert totals(house) == [5.1, 52.0, 5.3]
    assert house.state.corrections.page(9) == []


async def test_what_was_refused_leads_back_to_what_was_asked(client: httpx.AsyncClient) -> None:
    refused = await submit(client, f"{STATION}/corrections?lang=en", await preview(client) | WHO | {"by": ""})
    [back] = re.findall(r'<a href="([^"]+)">Back</a>', unescape(refused.text))
    assert "52 m³ → <b>5.2 m³</b>" in await page(client, back)


async def test_a_form_sent_twice_corrects_once(house: House, client: httpx.AsyncClient) -> None:
    fields = await preview(client) | WHO
    await submit(client, f"{STATION}/corrections", fields)
    again = await submit(client, f"{STATION}/corrections?lang=en", fields)
    assert (again.status_code, "Somebody has corrected it since" in again.text) == (409, True)
    assert len(house.state.corrections.page(9)) == 1


@pytest.mark.parametrize(("token", "status"), [("look", 403), ("act", 303), ("north", 404)])
async def test_a_reading_is_corrected_by_whom_the_api_lets_correct_it(
    house: House, guarded: httpx.AsyncClient, token: str, status: int
) -> None:
    address = (await links(guarded, **basic("act")))["52 m³"]
    await page(guarded, address, 200 if status == 303 else status, **basic(token))
    fields = await preview(guarded, **basic("act"))
    done = await submit(guarded, f"{STATION}/corrections", fields | WHO, **basic(token))
    assert done.status_code == status
    made = [one.by for one in house.state.corrections.page(9)]
    assert made == (["act"] if status == 303 else [])
    if token == "north":
        await page(guarded, f"{STATION}/readings?{SPAN}", 404, **basic(token))
        await page(guarded, f"{STATION}/corrections", 404, **basic(token))
    if token == "look":
        assert await links(guarded, **basic(token)) == {}
        assert "52 m³" in await page(guarded, f"{STATION}/readings?lang=en&{SPAN}", **basic(token))
        assert "Correct" not in (await page(guarded, f"{STATION}/corrections?lang=zh", **basic(token)))


def hear_without_outbox(house: House, total: float) -> None:
    """Take in a reading whose frame has neither stream nor number."""
    row = {"device": "main", "ts": NOW - 30_000, "water_volume_m3_total": total}
    batch = batch_of(house.store, "louxing-07", "water", [row], events=False)
    source = house.store.sources.number("louxing", "louxing-07", None)
    frame = batch.frames.to_pylist()[0] | {"source": source, "seq": None, "digest": f"{total:032}".encode()}
    house.store.consume([replace(batch, frames=pa.Table.from_pylist([frame], FRAME_SCHEMA))])
    house.store.next_frame += 1


async def test_a_reading_of_hardware_without_an_outbox_is_named_by_its_time(
    house: House, client: httpx.AsyncClient
) -> None:
    hear_without_outbox(house, 53.0)
    address = (await links(client))["53 m³"]
    assert "stream" not in address
    fields = hidden(await page(client, f"{address}&value=5.35"))
    await submit(client, f"{STATION}/corrections", fields | WHO)
    assert totals(house) == [5.1, 52.0, 5.3, 5.35]
    hear_without_outbox(house, 54.0)
    assert "Several readings of that time fit" in await page(client, address, 409)
