"""What each kind of report tells."""

import httpx
import pytest

from gateway.state.alert_rows import Verdict
from tests.integration.api_support import NOW, House
from tests.integration.reports.desk import OCTOBER, STATION, ask, lives, roll, row_of
from tests.unit.gateway_reports.lived import HOUR


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


async def test_it_tells_how_soon_closed_alerts_were_over_and_what_share_was_false(
    house: House, client: httpx.AsyncClient
) -> None:
    house.now = OCTOBER + HOUR
    closed = [(60, 600, Verdict.REAL), (180, 1_200, Verdict.FALSE), (90, 4_200, Verdict.REAL)]
    for taken_s, over_s, verdict in closed:
        opened = house.now
        alert = house.opens("WA-02")
        house.life.acknowledge(alert, "li", "", opened + taken_s * 1_000)
        house.life.resolve(alert, "li", "hose", verdict, opened + over_s * 1_000)
        house.now = opened + 2 * HOUR
    house.now = NOW
    body = await ask(client, "alerts", period="2026-10", region="louxing")
    row = row_of(body, severity="P2", rule="WA-02")
    assert (row["alerts"], row["acknowledged"], row["resolved"]) == (3, 3, 3)
    assert (row["ack_median_s"], row["ack_longest_s"]) == (90, 180)
    assert row["resolve_median_s"] == 1_200
    assert (row["judged"], row["false"]) == (3, 1)
    assert row["false_share"] == pytest.approx(1 / 3, abs=0.001)


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
