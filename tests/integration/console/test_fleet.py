"""The page of the fleet, the page of a station, and who is let in."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.console.texts import TEXTS, choose_language
from gateway.domain.fleet import Device
from gateway.domain.registry import Name, Registry, StationSpec
from tests.integration.api_support import NOW, House, open_house
from tests.integration.console.browser import basic, markup

REGISTRY = Registry(
    [
        StationSpec(
            station_id="louxing-07",
            region="louxing",
            name=Name(zh="港桥惠工驿站", en="Gangqiao <station>"),
            profile="urban_standard",
        )
    ]
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, REGISTRY) as house:
        yield house


def stations(html: str) -> list[str]:
    return re.findall(r'href="/stations/([^?"]+)', html)


async def test_it_says_what_to_do_before_a_station_is_heard(client: httpx.AsyncClient) -> None:
    html = await markup(client, "/?lang=en")
    assert "No station heard yet" in html
    assert "yizhan simulate station" in html
    assert "还没有收到" in await markup(client, "/?lang=zh")


async def test_it_shows_the_fleet_worst_first(house: House, client: httpx.AsyncClient) -> None:
    house.hear("fine")
    house.fleet.heard("late", "louxing", NOW - 100_000, fresh=True)
    house.fleet.heard("gone", "louxing", NOW - 400_000, fresh=True)
    html = await markup(client, "/?lang=en")
    assert stations(html) == ["gone", "late", "fine"]
    assert "6 min ago" in html
    assert stations(await markup(client, "/?state=late")) == ["late"]


async def test_it_refreshes_by_itself(client: httpx.AsyncClient) -> None:
    assert '<meta http-equiv="refresh" content="10">' in await markup(client, "/")


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, "", "zh"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "fr,en;q=0.5,zh-CN;q=0.8", "zh"),
        (None, "fr;q=x", "zh"),
        ("en", "zh-CN", "en"),
        ("fr", "en", "en"),
    ],
)
async def test_it_speaks_the_reader_s_language(
    client: httpx.AsyncClient, asked: str | None, accepted: str, language: str
) -> None:
    assert choose_language(asked, accepted) == language
    path = "/" if asked is None else f"/?lang={asked}"
    html = await markup(client, path, **{"Accept-Language": accepted})
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in html


async def test_it_shows_a_station_with_its_devices(house: House, client: httpx.AsyncClient) -> None:
    house.fleet.birth("louxing-07", "louxing", 1, NOW, retained=False, devices=[Device("tap", "water")])
    house.fleet.station("louxing-07").occupancy.observe(
        "door", NOW, {"people_in_total": 5, "people_out_total": 2}
    )
    hot = {"device": "lounge", "ts": NOW - 5_000, "air_temp_celsius": 70.0, "smoke_alarm": "normal"}
    house.write("louxing-07", "environment", [{**hot, "suspect": ["air_temp_celsius"]}])
    html = await markup(client, "/stations/louxing-07?lang=en")
    assert "3 of 20" in html
    assert "<b>70 °C</b> <em>outside its plausible range</em>" in html
    assert "never" in html
    chinese = await markup(client, "/stations/louxing-07?lang=zh")
    assert "港桥惠工驿站" in chinese
    assert "室温" in chinese


async def test_a_name_is_text_and_never_markup(house: House, client: httpx.AsyncClient) -> None:
    house.hear("louxing-07")
    html = await markup(client, "/?lang=en")
    assert "Gangqiao &lt;station&gt;" in html
    assert "<station>" not in html


async def test_it_says_which_station_there_is_not(client: httpx.AsyncClient) -> None:
    html = await markup(client, "/stations/<b>x?lang=en", 404)
    assert "There is no such station" in html
    assert "<b>x" not in html


async def test_its_pages_hold_every_station_once(
    house: House, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.console.pages.STATIONS_A_PAGE", 4)
    for n in range(10):
        house.hear(f"s-{n}")
    seen: list[str] = []
    path: str | None = "/?lang=en"
    while path is not None:
        html = await markup(client, path)
        seen += stations(html)
        following = re.search(r'<a href="([^"]+)" rel="next">', html)
        path = following[1].replace("&amp;", "&") if following else None
    assert seen == [f"s-{n}" for n in range(10)]


async def test_it_needs_no_script_and_nothing_from_elsewhere(house: House, client: httpx.AsyncClient) -> None:
    house.hear("louxing-07")
    for path in ("/", "/stations/louxing-07"):
        html = await markup(client, path)
        assert "<script" not in html
        assert "style=" not in html
        assert not re.search(r'(?:src|href)="(?:https?:)?//', html)
    assert (await client.get("/console.css")).headers["content-type"].startswith("text/css")


async def test_a_browser_signs_in_with_a_token_as_password(house: House, guarded: httpx.AsyncClient) -> None:
    house.hear("n", "north")
    house.hear("s", "south")
    for wrong in ({}, {"Authorization": "Basic !"}, {"Authorization": "Bearer x"}):
        refused = await guarded.get("/", headers=wrong)
        assert (refused.status_code, refused.headers["www-authenticate"][:5]) == (401, "Basic")
    assert stations(await markup(guarded, "/", **basic("north"))) == ["n"]
    await markup(guarded, "/stations/s", 404, **basic("north"))


def test_every_text_is_there_in_both_languages() -> None:
    for key, (zh, en) in TEXTS.items():
        assert zh, key
        assert en, key
        assert re.findall(r"{\w+}", zh) == re.findall(r"{\w+}", en), key
