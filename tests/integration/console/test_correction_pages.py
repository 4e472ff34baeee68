"""The pages around corrections: readings to choose from, and what was corrected."""

import re
from urllib.parse import urlencode

import httpx
import pytest

from tests.integration.api_support import House
from tests.integration.console.browser import page, submit
from tests.integration.console.meter import SPAN, STATION, WHO, hidden, links, preview, say


@pytest.fixture(autouse=True)
def meter(house: House) -> None:
    say(house)


async def test_what_was_corrected_stands_in_the_list_with_what_stood_there(
    client: httpx.AsyncClient,
) -> None:
    await submit(client, f"{STATION}/corrections", await preview(client) | WHO)
    answer = await client.get(f"{STATION}/corrections?lang=en")
    assert "read off the &lt;dial&gt;" in answer.text
    cells = re.findall(r'<td data-label="([^"]+)">(.*?)</td>', answer.text)
    assert cells[0] == ("Corrected at", "2026-11-22 16:00:00 +0800")
    assert cells[1][1].endswith("<br>2026-11-22 15:58:00 +0800")
    assert [text for _, text in cells[2:4]] == ["52 m³", "<b>5.2 m³</b>"]
    assert cells[5] == ("By", "li")
    assert cells[6][1].startswith("yes · <a")
    html = await page(client, f"{STATION}/corrections?lang=zh")
    assert "旧值" in html
    assert "已执行" in html
    assert "<em>substituted</em>" in await page(client, f"{STATION}/readings?lang=en&{SPAN}")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"point": "fire:main"}, "Choose one of the list"),
        ({"point": "water:A B"}, "Choose one of the list"),
        ({"start": "yesterday"}, "Give a date and a time"),
        ({"start": "0001-01-01T00:00"}, "Give a date and a time"),
        ({"end": "2026-11-22T15:00"}, "The end must be after the beginning"),
        ({"start": "2026-01-01T00:00"}, "at most 31 days"),
        ({"point": "water:other"}, "There are no readings in that time"),
    ],
)
async def test_it_says_why_no_readings_are_listed(
    client: httpx.AsyncClient, asked: dict[str, str], words: str
) -> None:
    query = {"point": "water:main", "start": "2026-11-22T15:00", "end": "2026-11-22T16:00"} | asked
    assert words in await page(client, f"{STATION}/readings?lang=en&{urlencode(query)}")


async def test_its_pages_hold_every_reading_once(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.console.readings.READINGS_A_PAGE", 2)
    html = await page(client, f"{STATION}/readings?lang=en&{SPAN}")
    [following] = re.findall(r'<a href="([^"]+)" rel="next">', html)
    rest = await page(client, following)
    assert re.findall(r">(5[\d.]*) m³<", html + rest) == ["5.1", "52", "5.3"]
    assert 'rel="next"' not in rest


async def test_its_list_of_corrections_goes_on_page_by_page(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.console.corrections.CORRECTIONS_A_PAGE", 1)
    address = (await links(client))["52 m³"]
    for value in ("5.2", "5.25"):
        html = await page(client, f"{address}&value={value}")
        await submit(client, f"{STATION}/corrections", hidden(html) | WHO)
    html = await page(client, f"{STATION}/corrections?lang=en")
    [following] = re.findall(r'<a href="([^"]+)" rel="next">', html)
    assert "<b>5.25 m³</b>" in html
    assert "<b>5.2 m³</b>" in await page(client, following)


async def test_a_correction_that_waits_for_the_disk_says_so(house: House, client: httpx.AsyncClient) -> None:
    await submit(client, f"{STATION}/corrections", await preview(client) | WHO)
    with house.store.cursor() as cursor:
        cursor.execute("DELETE FROM carried_out")
    assert "waiting for the store" in await page(client, f"{STATION}/corrections?lang=en")


async def test_it_says_so_while_the_store_cannot_be_read(house: House, client: httpx.AsyncClient) -> None:
    house.store.close()
    for path in ("/corrections?lang=en", f"/readings?lang=en&{SPAN}"):
        html = await page(client, f"{STATION}{path}", 503)
        assert "cannot be read right now" in html


async def test_its_pages_need_no_script_and_keep_what_was_asked_in_the_other_language(
    client: httpx.AsyncClient,
) -> None:
    address = (await links(client))["52 m³"]
    for path in (f"{STATION}/corrections", f"{STATION}/readings?lang=en&{SPAN}", f"{address}&value=5.2"):
        html = await page(client, path)
        assert "<script" not in html
        assert "style=" not in html
        assert 'http-equiv="refresh"' not in html
    [other] = re.findall(r'<a href="([^"]+)" hreflang="zh"', html)
    assert "52 m³ → <b>5.2 m³</b>" in await page(client, f"{STATION}/corrections/new{other}")


async def test_a_stretch_that_was_taken_away_is_one_line_of_the_list(client: httpx.AsyncClient) -> None:
    stretch = {
        "station_id": "louxing-07", "domain": "water", "device": "main", "field": "water_volume_m3_total",
        "start": "2026-11-22T07:57:00Z", "end": "2026-11-22T07:59:00Z", "remove": True, **WHO,
    }  # fmt: skip
    assert (await client.post("/api/v1/readings/corrections", json=stretch)).status_code == 201
    html = await page(client, f"{STATION}/corrections?lang=en")
    for words in ("2 from 2026-11-22 15:57:00", "5.1 m³ and others", "<b>taken away</b>"):
        assert words in html
    assert "Correct it again" not in html
