"""Silences on pages: seen first, then made."""

import re
from html import unescape

import httpx
import pytest

from tests.integration.api_support import House
from tests.integration.console.browser import page, submit

HOUR = 3_600_000


async def test_somebody_silences_what_the_page_has_shown(house: House, client: httpx.AsyncClient) -> None:
    house.opens("WA-02", "P1")
    html = await page(client, "/silences?lang=en&station_id=louxing-07&rule=WA-02&region=&severity=")
    assert "It would hide 1 open alerts" in html
    assert house.state.silences.page(9) == []
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
    hidden.pop("lang")
    done = await submit(
        client, "/silences?lang=en", hidden | {"by": "li", "reason": "paint", "minutes": "240"}
    )
    assert done.status_code == 303
    [silence] = house.state.silences.page(9)
    assert (silence.match.station_id, silence.match.rule, silence.end - silence.start) == (
        "louxing-07", "WA-02", 4 * HOUR
    )  # fmt: skip
    html = await page(client, "/silences?lang=en")
    assert "paint (li)" in html
    house.now += HOUR
    await submit(client, f"/silences/{silence.id}/end", {"by": "li"})
    assert not house.state.silences.unended(house.now)


async def test_what_a_silence_would_hide_is_shown_in_the_other_language_too(
    house: House, client: httpx.AsyncClient
) -> None:
    house.opens("WA-02", "P1")
    html = await page(client, "/silences?lang=en&rule=WA-02")
    [other] = re.findall(r'<a href="([^"]+)" hreflang="zh"', html)
    assert "会静默 1 条" in await page(client, f"/silences{unescape(other)}")


async def test_it_says_when_a_silence_matches_nothing(client: httpx.AsyncClient) -> None:
    assert "It matches no alert now" in await page(client, "/silences?lang=en&severity=P4")
    assert "there is no rule 'XX-1'" in await page(client, "/silences?lang=en&rule=XX-1")
    assert "station_id: A B?" in await page(client, "/silences?lang=en&station_id=A+B")
    assert "没有这座驿站" in await page(client, "/silences?lang=zh&station_id=nowhere-1")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rule": "WA-02", "by": "li", "minutes": "60"}, "Say why"),
        ({"rule": "WA-02", "by": "li", "reason": "x"}, "Choose one"),
        ({"by": "li", "reason": "x", "minutes": "60"}, "at least one of"),
        ({"rule": "WA-02", "reason": "x", "minutes": "60"}, "Say who you are"),
    ],
)
async def test_a_silence_s_form_says_what_is_wrong_in_it(
    house: House, client: httpx.AsyncClient, fields: dict[str, str], words: str
) -> None:
    refused = await submit(client, "/silences?lang=en", fields)
    assert refused.status_code == 422
    assert words in refused.text
    assert house.state.silences.page(9) == []
