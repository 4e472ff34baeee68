"""What is published stays; what is not for everybody is hidden."""

from io import BytesIO

import httpx
import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from gateway.state.corrections import CorrectedReading, Correction, Identity
from tests.integration.api_support import House
from tests.integration.api_tokens import bearer
from tests.integration.reports.desk import OCTOBER, PER_DAY, STATION, ask, lives, row_of
from tests.unit.gateway_reports.lived import DAY, HOUR, granted


async def publish(client: httpx.AsyncClient, kind: str = "visits", **body: str) -> httpx.Response:
    said = {"period": "2026-10", "region": "louxing", "by": "li", **body}
    return await client.post(f"/api/v1/reports/{kind}/publish", json=said)


async def test_a_published_month_stays_as_it_was_and_a_new_version_tells_what_changed(
    house: House, client: httpx.AsyncClient
) -> None:
    lives(house, days=2)
    first = await publish(client)
    assert (first.status_code, first.json()["version"]) == (201, 1)
    assert (await publish(client)).status_code == 409
    before = await ask(client, "visits", period="2026-10")
    lives(house, days=1, start=OCTOBER + 5 * DAY, per_day=[9] * 24)
    assert (await ask(client, "visits", period="2026-10"))["items"] == before["items"]
    now = await ask(client, "visits", period="2026-10", version=0)
    assert now["items"] != before["items"]
    second = (await publish(client, by="zhao")).json()
    assert (second["version"], second["by"]) == (2, "zhao")
    (changed,) = [
        one
        for one in second["differences"]
        if one["column"] == "visits" and one["row"].get("station_id") == STATION
        and one["row"]["start"] == "2026-10-06"
    ]  # fmt: skip
    assert (changed["old"], changed["reason"]) == (
        row_of(before, station_id=STATION, start="2026-10-06")["visits"],
        "late_data",
    )
    assert changed["new"] == row_of(now, station_id=STATION, start="2026-10-06")["visits"]
    assert (await ask(client, "visits", period="2026-10"))["items"] == now["items"]
    old = await ask(client, "visits", period="2026-10", version=1, region="louxing")
    assert old["items"] == before["items"]
    versions = await ask(client, "visits/versions", period="2026-10", region="louxing")
    assert [(one["version"], one["by"]) for one in versions["items"]] == [(2, "zhao"), (1, "li")]
    book = (await client.get("/api/v1/reports/visits.xlsx?period=2026-10&lang=en")).content
    assert openpyxl.load_workbook(BytesIO(book)).sheetnames == ["Report", "About", "Changes"]


async def test_it_says_of_a_figure_that_changed_whether_somebody_corrected_readings(
    house: House, client: httpx.AsyncClient
) -> None:
    lives(house, days=1)
    await publish(client)
    house.now += HOUR
    reading = CorrectedReading(Identity("01K0PZ6Q9V3W8S4D2N7X5C1BFA", 1, None, 0), OCTOBER + HOUR, 7)
    made = Correction(
        n=0, id="01K", at=house.now, by="li", reason="a class of 30 was counted", station_id=STATION,
        domain="occupancy", device="front-door", field="people_in_total", removed=True, value=None, count=1,
        readings=[reading],
    )  # fmt: skip
    house.state.corrections.decide(made)
    lives(house, days=1, start=OCTOBER + 5 * DAY, per_day=[9] * 24)
    differences = (await publish(client)).json()["differences"]
    reasons = {one["row"]["station_id"]: one["reason"] for one in differences}
    assert reasons == {None: "correction", STATION: "correction"}


async def test_nobody_changes_what_is_published_not_even_in_the_file(
    house: House, client: httpx.AsyncClient
) -> None:
    await publish(client)
    with pytest.raises(IntegrityError, match="never changed"), house.state.begin() as connection:
        connection.execute(text("UPDATE publications SET by = 'somebody'"))


async def test_a_region_publishes_what_is_its_own(house: House, guarded: httpx.AsyncClient) -> None:
    for name, status in (("viewer", 403), ("north", 403), ("operator", 201)):
        answer = await guarded.post(
            "/api/v1/reports/visits/publish",
            json={"period": "2026-10", "region": "louxing"},
            headers=bearer(name),
        )
        assert answer.status_code == status, name
    assert answer.json()["by"] == "operator-desk"
    assert house.state.audit.newest(1)[0].action == "report.publish"


async def test_a_month_that_is_not_over_is_not_published(client: httpx.AsyncClient) -> None:
    answer = await publish(client, period="2026-11")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "period")


async def test_small_hours_are_hidden_from_viewers_and_from_everybody_when_asked(
    house: House, guarded: httpx.AsyncClient
) -> None:
    lives(house)
    query = {"period": "2026-10-02", "station_id": STATION}
    answers = {}
    for name, public in (("viewer", {}), ("admin", {}), ("operator", {"public": "true"})):
        answer = await guarded.get("/api/v1/reports/visits", params=query | public, headers=bearer(name))
        answers[name] = [row for row in answer.json()["items"] if row["level"] == "hour"]
    assert all(row["visits"] is not None for row in answers["admin"])
    assert answers["viewer"] == answers["operator"]
    for open_row, row in zip(answers["admin"], answers["viewer"], strict=True):
        assert row["visits"] is not None or (row["low"], row["note"]) == (None, "suppressed")
        assert open_row["visits"] >= 3 or row["visits"] is None


async def test_it_tells_who_was_let_in_only_where_they_are_many(
    house: House, client: httpx.AsyncClient
) -> None:
    lives(house)
    house.write(STATION, "access", granted(OCTOBER, [4], occupation="truck"), events=True)
    house.write(STATION, "access", granted(OCTOBER, [7], occupation="sanitation"), events=True)
    body = await ask(client, "access", period="2026-10", station_id=STATION)
    told = {row["value"]: row["entries"] for row in body["items"] if row["by"] == "occupation"}
    assert told == {"courier": 3 * sum(PER_DAY), "sanitation": None, "truck": None}
