"""Reports over HTTP: what is asked, in which format, and what is wrong with a question."""

import csv
from io import BytesIO, StringIO
from pathlib import Path

import httpx
import openpyxl
import pytest

from gateway.api.report_files import XLSX
from gateway.domain.registry import Registry, StationSpec
from tests.integration.api_support import House, client_for, open_house
from tests.integration.reports.desk import (
    EVIL,
    NEVER,
    SILENT,
    STATION,
    ask,
    lives,
    row_of,
)


async def test_it_tells_visits_with_method_band_and_completeness(
    house: House, client: httpx.AsyncClient
) -> None:
    lives(house)
    body = await ask(client, "visits", period="2026-10", lang="en")
    month = row_of(body, station_id=STATION, level="month")
    assert month["low"] <= month["visits"] <= month["high"]
    days = [row for row in body["items"] if row["station_id"] == STATION and row["level"] == "day"]
    assert len(days) == 31
    assert sum(row["visits"] for row in days) == month["visits"]
    assert days[0]["method"] == "counter"
    assert days[0]["completeness"] == pytest.approx(1.0, abs=0.01)
    assert (days[9]["method"], days[9]["note"]) == (None, "estimated")
    assert {column["label"] for column in body["columns"]} >= {"Person-visits", "Method", "Completeness"}


async def test_a_day_is_told_by_its_hours_and_a_year_by_its_months(
    house: House, client: httpx.AsyncClient
) -> None:
    lives(house)
    day = await ask(client, "visits", period="2026-10-02", station_id=STATION)
    hours = [row for row in day["items"] if row["level"] == "hour"]
    assert len(hours) == 24
    whole = row_of(day, level="day")
    assert sum(row["visits"] for row in hours) == whole["visits"]
    month = await ask(client, "visits", period="2026-10", station_id=STATION)
    assert row_of(month, level="day", start="2026-10-02")["visits"] == whole["visits"]
    year = await ask(client, "visits", period="2026", station_id=STATION)
    assert row_of(year, level="month", start="2026-10")["visits"] == row_of(month, level="month")["visits"]


async def test_a_station_without_data_says_so_instead_of_nought(
    house: House, client: httpx.AsyncClient
) -> None:
    lives(house)
    for kind in ("visits", "utilisation", "resources", "availability", "facilities", "access"):
        body = await ask(client, kind, period="2026-10", station_id=SILENT)
        assert {row["note"] for row in body["items"]} == {"no_data"}, kind
    written = (await client.get(f"/api/v1/reports/visits.csv?period=2026-10&station_id={SILENT}")).text
    assert "无数据" in written
    total = row_of(await ask(client, "visits", period="2026-10"), station_id=None, level="month")
    assert total["note"] == "partial"


async def test_a_station_that_was_never_heard_has_no_figure_at_all(
    house: House, client: httpx.AsyncClient
) -> None:
    house.fleet.expect(NEVER, "nowhere-yet", "Asia/Shanghai")
    body = await ask(client, "visits", period="2026-10", region="nowhere-yet")
    assert {(row["visits"], row["note"]) for row in body["items"]} == {(None, "no_data")}


async def test_it_writes_csv_that_excel_reads_in_chinese_and_that_reckons_nothing(
    house: House, client: httpx.AsyncClient
) -> None:
    lives(house)
    answer = await client.get("/api/v1/reports/visits.csv?period=2026-10")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["区域", "站点编号", "站点名称"]
    assert any("娄底站" in row and "客流计数" in row for row in rows)


async def test_a_name_that_is_a_formula_is_text_in_every_file(tmp_path: Path) -> None:
    name = {"zh": "=1+1", "en": "@SUM(A1)"}
    spec = StationSpec.model_validate({"station_id": EVIL, "region": "louxing", "name": name})
    with open_house(tmp_path, Registry([spec])) as house:
        house.hear(EVIL)
        async with client_for(house) as client:
            written = (await client.get("/api/v1/reports/facilities.csv?period=2026-11")).text
            assert "'=1+1" in written
            assert "'@SUM(A1)" in written
            answer = await client.get("/api/v1/reports/facilities.xlsx?period=2026-11")
            cells = openpyxl.load_workbook(BytesIO(answer.content))["报表"]
            assert {(cell.value, cell.data_type) for cell in cells[2]} >= {("=1+1", "s"), ("@SUM(A1)", "s")}


async def test_it_writes_a_workbook_with_headings_in_english_and_its_numbers_as_numbers(
    house: House, client: httpx.AsyncClient
) -> None:
    lives(house)
    query = {"period": "2026-10", "lang": "en", "station_id": STATION}
    answer = await client.get("/api/v1/reports/visits", params=query, headers={"Accept": XLSX})
    assert answer.headers["content-type"] == XLSX
    book = openpyxl.load_workbook(BytesIO(answer.content))
    assert book.sheetnames == ["Report", "About"]
    headings = [cell.value for cell in book["Report"][1]]
    month = dict(zip(headings, [cell.value for cell in book["Report"][2]], strict=True))
    told = row_of(await ask(client, "visits", **query), level="month")
    assert month["Person-visits"] == told["visits"]
    assert month["Level"] == "month"


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("rainfall?period=2026-10", 404, "kind"),
        ("visits.pdf?period=2026-10", 404, "kind"),
        ("visits", 422, "period"),
        ("visits?period=October", 422, "period"),
        ("visits?period=2026-13", 422, "period"),
        ("visits?period=2027-01", 422, "period"),
        ("visits?period=2026-10&station_id=nowhere", 404, "station_id"),
        ("visits?period=2026-10&region=nowhere", 404, "region"),
        ("visits?period=2026-10&version=1", 422, "version"),
        ("visits?period=2026-10&version=1&region=louxing", 404, "version"),
        ("visits?period=2026-10&lang=fr", 422, "lang"),
    ],
)
async def test_it_says_what_is_wrong_with_a_question(
    client: httpx.AsyncClient, path: str, status: int, field: str
) -> None:
    answer = await client.get(f"/api/v1/reports/{path}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field), answer.text


async def test_it_refuses_a_format_it_cannot_write(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/reports/visits?period=2026-10", headers={"Accept": "application/pdf"})
    assert answer.status_code == 406
