from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.state.retention import RetentionReport
from tests.integration.api_support import NOW, House, open_house

DAY = 86_400_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        house.hear("louxing-07")
        yield house


async def test_it_shows_how_far_back_each_class_reaches(house: House, client: httpx.AsyncClient) -> None:
    granted = {"device": "door", "ts": NOW - 9 * DAY, "event": "granted"}
    house.write("louxing-07", "access", [granted], events=True)
    house.write(
        "louxing-07", "water", [{"device": "main", "ts": NOW - 90 * DAY, "water_flow_l_per_min": 1.0}]
    )
    answer = (await client.get("/api/v1/retention")).json()
    classes = {one["data_class"]: one for one in answer["classes"]}
    assert classes["access"] == {"data_class": "access", "days": 30, "oldest": "2026-11-13T08:00:00.000Z"}
    assert classes["readings"]["oldest"] == "2026-08-24T08:00:00.000Z"
    assert (classes["audit"]["days"], classes["audit"]["oldest"]) == (400, None)
    assert answer["items"] == []


async def test_its_pages_hold_every_report_once(house: House, client: httpx.AsyncClient) -> None:
    written = [
        RetentionReport(NOW + n, "access", n, n * 262_144, NOW - 29 * DAY, [f"access_events_2026102{n}"])
        for n in range(5)
    ]
    house.state.retention.report(written)
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get("/api/v1/retention", params={"limit": 2, **cursor})).json()
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert [one["rows"] for one in seen] == [4, 3, 2, 1, 0]
    assert seen[0]["tables"] == ["access_events_20261024"]
    assert seen[0]["upto"] == "2026-10-24T08:00:00.000Z"
