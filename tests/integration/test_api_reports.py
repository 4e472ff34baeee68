"""Reports over HTTP: figures, formats, publications, and what is not shown to everybody."""

import csv
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from gateway.api.report_files import XLSX
from gateway.domain.registry import Registry, StationSpec
from gateway.state.corrections import CorrectedReading, Correction, Identity
from gateway.timeseries.rollups import Rollups
from tests.integration.api_support import NOW, House, client_for, open_house
from tests.integration.api_tokens import bearer, guarded_settings
from tests.unit.gateway_reports.lived import DAY, HOUR, counting, granted, guarded

STATION, SILENT, EVIL, NEVER = "louxing-07", "louxing-08", "louxing-09", "louxing-10"
OCTOBER = 1_790_784_000_000
"""2026-10-01T00:00+08:00."""
PER_DAY = [0] * 8 + [2, 3, 1, 4, 2, 2, 1, 3, 2, 2, 1, 1] + [0] * 4
TARIFF = {"flat": 0.6, "peak": 1.0, "valley": 0.3, "water": 4.0, "peak_hours": [9], "valley_hours": [0, 1]}
REGISTRY = Registry(
    [
        StationSpec.model_validate(
            {
                "station_id": STATION,
                "region": "louxing",
                "name": {"zh": "娄底站", "en": "Loudi"},
                "profile": "urban_kiosk",
                "tariff": TARIFF,
            }
        ),
        StationSpec(station_id=SILENT, region="louxing"),
        StationSpec(station_id=NEVER, region="nowhere-yet"),
    ]
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, REGISTRY) as house:
        for station_id in (STATION, SILENT):
            house.now = OCTOBER - DAY
            house.hear(station_id)
        house.now = NOW
        yield house


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with client_for(house) as client:
        yield client


def lives(house: House, days: int = 3, per_day: Sequence[int] = PER_DAY, start: int = OCTOBER) -> None:
    """Let people come to one station."""
    house.write(STATION, "occupancy", counting(start, list(per_day) * days))
    house.write(STATION, "access", guarded(start, 24 * days))
    house.write(STATION, "access", granted(start, list(per_day) * days, occupation="courier"), events=True)
    roll(house)


def roll(house: House) -> None:
    """Bring the roll-ups up to date."""
    rollups = Rollups(house.store)
    while rollups.step(house.now, house.store.next_frame - 1):
        pass


async def ask(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:  # noqa: ANN401
    answer = await client.get(f"/api/v1/reports/{path}", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def row_of(body: Mapping[str, Any], **wanted: object) -> dict[str, Any]:
    """Return the one row that says so."""
    (row,) = [row for row in body["items"] if all(row[key] == value for key, value in wanted.items())]
    return dict(row)


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


async def test_a_region_publishes_what_is_its_own(house: House, tmp_path: Path) -> None:
    async with client_for(house, guarded_settings(tmp_path)) as client:
        for name, status in (("viewer", 403), ("north", 403), ("operator", 201)):
            answer = await client.post(
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
    house: House, tmp_path: Path
) -> None:
    lives(house)
    query = {"period": "2026-10-02", "station_id": STATION}
    answers = {}
    async with client_for(house, guarded_settings(tmp_path)) as client:
        for name, public in (("viewer", {}), ("admin", {}), ("operator", {"public": "true"})):
            answer = await client.get("/api/v1/reports/visits", params=query | public, headers=bearer(name))
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


async def test_it_tells_energy_and_water_by_tariff_and_for_each_visit(
    house: House, client: httpx.AsyncClient
) -> None:
    lives(house, days=1)
    minutes = [OCTOBER + n * 60_000 for n in range(24 * 60)]
    energy = [
        {"device": "main.l1", "ts": ts, "energy_import_kwh_total": 100 + n * 0.01}
        for n, ts in enumerate(minutes)
    ]
    water = [
        {"device": "main", "ts": ts, "water_volume_m3_total": 7 + n / 1_000} for n, ts in enumerate(minutes)
    ]
    house.write(STATION, "power", energy)
    house.write(STATION, "water", water)
    roll(house)
    row = row_of(await ask(client, "resources", period="2026-10-01", station_id=STATION))
    assert row["energy_kwh"] == pytest.approx(14.39, abs=0.001)
    assert row["energy_peak_kwh"] == pytest.approx(0.6, abs=0.001)
    assert row["energy_valley_kwh"] == pytest.approx(1.19, abs=0.001)
    assert row["water_m3"] == pytest.approx(1.439)
    spent = 0.6 * 1.0 + 1.19 * 0.3 + 12.6 * 0.6
    assert row["energy_cost"] == pytest.approx(spent, abs=0.01)
    assert row["water_cost"] == pytest.approx(1.439 * 4, abs=0.01)
    assert row["kwh_per_visit"] == pytest.approx(14.39 / row["visits"], abs=0.001)
    assert row["completeness"] == pytest.approx(1.0, abs=0.01)


async def test_it_tells_how_long_a_station_could_be_used(house: House, client: httpx.AsyncClient) -> None:
    beats = [
        {"device": "front-door", "ts": OCTOBER + n * 60_000, "controller_online": not 60 <= n < 120}
        for n in range(24 * 60)
    ]
    house.write(STATION, "access", beats)
    roll(house)
    row = row_of(await ask(client, "availability", period="2026-10-01", station_id=STATION), device=None)
    assert (row["scheduled_min"], row["unusable_min"], row["unheard_min"]) == (1_440, 60, 0)
    assert row["availability"] == pytest.approx(1_380 / 1_440, abs=0.001)


async def test_it_tells_what_was_used_and_how_often(house: House, client: httpx.AsyncClient) -> None:
    ts = [OCTOBER + n * 60_000 for n in range(600)]
    cycles = [
        {"device": "washer-1", "ts": at, "appliance_cycles_total": 40 + n // 100} for n, at in enumerate(ts)
    ]
    house.write(STATION, "facility", cycles)
    showers = [{"device": "shower-1", "ts": at, "cubicle_occupied": n % 200 < 20} for n, at in enumerate(ts)]
    house.write(STATION, "occupancy", showers)
    roll(house)
    body = await ask(client, "facilities", period="2026-10-01", station_id=STATION)
    assert row_of(body, device="washer-1", measure="cycles")["amount"] == 5
    assert row_of(body, device="shower-1", measure="showers")["amount"] == 3


async def test_it_tells_how_soon_alerts_were_taken_and_how_many_were_false(
    house: House, client: httpx.AsyncClient
) -> None:
    house.now = OCTOBER + HOUR
    alert = house.opens("WA-02")
    house.now += 120_000
    house.life.acknowledge(alert, "li", "", house.now)
    house.now = NOW
    body = await ask(client, "alerts", period="2026-10", region="louxing")
    row = row_of(body, severity="P2", rule="WA-02")
    assert (row["alerts"], row["acknowledged"], row["ack_median_s"]) == (1, 1, 120)
    assert row["false_share"] is None


async def test_it_tells_how_full_a_station_is_hour_by_weekday(
    house: House, client: httpx.AsyncClient
) -> None:
    people = [
        {"device": "lounge", "ts": OCTOBER + n * 60_000, "zone_people_count": 3 if 600 <= n < 660 else 0}
        for n in range(24 * 60)
    ]
    house.write(STATION, "occupancy", people)
    lives(house, days=1)
    body = await ask(client, "utilisation", period="2026-10-01", station_id=STATION)
    row = row_of(body, weekday="thu", hour=10)
    assert (row["mean_inside"], row["capacity"], row["share_of_capacity"]) == (3.0, 6, 0.5)
    assert row_of(body, weekday="all")["night_share"] == 0.0
