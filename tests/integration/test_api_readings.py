from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.domain.registry import Registry, StationSpec
from tests.integration.api_support import NOW, House, open_house

MINUTE = 60_000
HOUR = 60 * MINUTE
STATION = "louxing-07"
BERLIN = "berlin-01"
REGISTRY = Registry([StationSpec(station_id=BERLIN, region="sim", tz="Europe/Berlin")])


Query = Any
"""Whatever stands in an address."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, REGISTRY) as house:
        house.hear(STATION)
        house.hear(BERLIN)
        yield house


async def read(
    client: httpx.AsyncClient, domain: str, station_id: str = STATION, **query: Query
) -> dict[str, Any]:
    answer = await client.get(
        f"/api/v1/stations/{station_id}/readings/{domain}",
        params=query,
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def items(client: httpx.AsyncClient, domain: str, **query: Query) -> list[dict[str, Any]]:
    page = await read(client, domain, **query)
    return list(page["items"])


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


def water(house: House, start: int, values: list[float], step: int = MINUTE, **more: object) -> None:
    rows = [
        {"device": "main", "ts": start + n * step, "water_volume_m3_total": value, **more}
        for n, value in enumerate(values)
    ]
    house.write(STATION, "water", rows)


# -- raw -------------------------------------------------------------------------------------------------


async def test_raw_readings_come_as_they_were_taken(house: House, client: httpx.AsyncClient) -> None:
    row = {
        "device": "main",
        "ts": NOW - MINUTE,
        "water_flow_l_per_min": 1.5,
        "water_volume_m3_total": 5.2,
    }
    house.write(STATION, "water", [row])
    assert await items(client, "water") == [
        {
            "ts": iso(NOW - MINUTE),
            "device": "main",
            "water_flow_l_per_min": 1.5,
            "water_volume_m3_total": 5.2,
            "suspect": [],
            "quality": "good",
        }
    ]


async def test_raw_readings_show_what_is_suspect_and_why(house: House, client: httpx.AsyncClient) -> None:
    row = {"device": "main", "ts": NOW - 1, "water_flow_l_per_min": 900.0}
    house.write(STATION, "water", [{**row, "suspect": ["water_flow_l_per_min"], "quality": "substituted"}])
    (item,) = await items(client, "water")
    assert (item["suspect"], item["quality"]) == (["water_flow_l_per_min"], "substituted")


async def test_raw_readings_hold_samples_and_events_in_order(house: House, client: httpx.AsyncClient) -> None:
    granted = {"device": "door", "ts": NOW - 3_000, "event": "granted", "credential_kind": "qr"}
    house.write(STATION, "access", [granted], events=True)
    house.write(STATION, "access", [{"device": "door", "ts": NOW - 2_000, "door_state": "open"}])
    house.write(STATION, "access", [{**granted, "ts": NOW - 1_000}], events=True)
    found = await items(client, "access")
    assert [item.get("event", item.get("door_state")) for item in found] == ["granted", "open", "granted"]
    assert [item["device"] for item in await items(client, "access", fields="event")] == ["door"] * 2


async def test_two_readings_of_one_millisecond_both_survive(house: House, client: httpx.AsyncClient) -> None:
    rows = [{"device": "main", "ts": NOW - 1, "water_flow_l_per_min": flow} for flow in (1.0, 2.0)]
    house.write(STATION, "water", rows)
    first = await read(client, "water", limit=1)
    second = await read(client, "water", limit=1, cursor=first["next"])
    assert [page["items"][0]["water_flow_l_per_min"] for page in (first, second)] == [1.0, 2.0]
    assert second["next"] is None


async def test_raw_pages_hold_every_reading_once(house: House, client: httpx.AsyncClient) -> None:
    for n in range(7):
        water(house, NOW - HOUR + n, [float(k) for k in range(5)], step=1)
    everything = await items(client, "water", limit=1_000)
    seen: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await read(client, "water", limit=4, **cursor)
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(everything) == 35
    assert seen == everything


async def test_the_start_is_inside_and_the_end_is_not(house: House, client: httpx.AsyncClient) -> None:
    water(house, NOW - 3 * MINUTE, [1.0, 2.0, 3.0])
    found = await items(client, "water", start=iso(NOW - 3 * MINUTE), end=iso(NOW - MINUTE))
    assert [item["water_volume_m3_total"] for item in found] == [1.0, 2.0]


async def test_a_time_may_have_any_offset(house: House, client: httpx.AsyncClient) -> None:
    water(house, NOW, [1.0])
    query = {"start": "2026-11-22T16:00:00+08:00", "end": "2026-11-22T16:00:01+08:00"}
    assert len(await items(client, "water", **query)) == 1
    path = f"/api/v1/stations/{STATION}/readings/water"
    unescaped = await client.get(f"{path}?start=2026-11-22T16:00:00+08:00&end=2026-11-22T16:00:01+08:00")
    assert len(unescaped.json()["items"]) == 1


async def test_without_a_span_it_answers_the_last_day(house: House, client: httpx.AsyncClient) -> None:
    water(house, NOW - 24 * HOUR - 1, [1.0, 2.0], step=2)
    assert [item["water_volume_m3_total"] for item in await items(client, "water")] == [2.0]


async def test_it_answers_only_the_devices_asked_for(house: House, client: httpx.AsyncClient) -> None:
    rows = [{"device": name, "ts": NOW - 1, "air_temp_celsius": 20.0} for name in ("a", "b", "c")]
    house.write(STATION, "environment", rows)
    found = await items(client, "environment", device="a,c")
    assert [item["device"] for item in found] == ["a", "c"]
    assert await items(client, "environment", device="z") == []


async def test_it_answers_only_readings_with_the_fields_asked_for(
    house: House, client: httpx.AsyncClient
) -> None:
    house.write(
        STATION,
        "environment",
        [
            {"device": "a", "ts": NOW - 3, "air_temp_celsius": 20.0, "co2_ppm": 600},
            {"device": "a", "ts": NOW - 2, "co2_ppm": 610},
        ],
    )
    (item,) = await items(client, "environment", fields="air_temp_celsius")
    assert item == {
        "ts": iso(NOW - 3),
        "device": "a",
        "air_temp_celsius": 20.0,
        "suspect": [],
        "quality": "good",
    }


async def test_it_never_mixes_stations(house: House, client: httpx.AsyncClient) -> None:
    house.write(BERLIN, "water", [{"device": "main", "ts": NOW - 1, "water_flow_l_per_min": 1.0}])
    assert await items(client, "water") == []


# -- buckets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fn", "expected"), [(None, 2.0), ("mean", 2.0), ("min", 1.0), ("max", 4.0), ("last", 1.0)]
)
async def test_a_bucket_is_what_its_values_come_to(
    house: House, client: httpx.AsyncClient, fn: str | None, expected: float
) -> None:
    start = NOW - HOUR
    rows = [
        {"device": "main", "ts": start + n * 1_000, "water_flow_l_per_min": flow}
        for n, flow in enumerate((4.0, 1.0, 1.0))
    ]
    house.write(STATION, "water", rows)
    query = {} if fn is None else {"fn": fn}
    (item,) = await items(client, "water", every="1m", **query)
    assert item["ts"] == iso(start)
    assert item["water_flow_l_per_min"] == expected


@pytest.mark.parametrize(
    ("every", "starts"),
    [
        ("1m", ["07:44", "07:59"]),
        ("15m", ["07:30", "07:45"]),
        ("1h", ["07:00"]),
        ("1d", ["16:00"]),
    ],
)
async def test_a_bucket_carries_its_start(
    house: House, client: httpx.AsyncClient, every: str, starts: list[str]
) -> None:
    water(house, NOW - 15 * MINUTE - 1, [1.0, 2.0], step=15 * MINUTE)
    found = await items(client, "water", every=every)
    assert [item["ts"][11:16] for item in found] == starts


async def test_a_gap_is_a_gap(house: House, client: httpx.AsyncClient) -> None:
    water(house, NOW - HOUR, [1.0, 2.0], step=30 * MINUTE)
    assert len(await items(client, "water", every="1m")) == 2


async def test_a_bucket_leaves_out_what_is_suspect_or_stale(house: House, client: httpx.AsyncClient) -> None:
    flow = "water_flow_l_per_min"
    rows = [
        {"device": "main", "ts": NOW - 4_000, flow: 2.0},
        {"device": "main", "ts": NOW - 3_000, flow: 900.0, "suspect": [flow]},
        {"device": "main", "ts": NOW - 2_000, flow: 50.0, "quality": "stale"},
        {"device": "main", "ts": NOW - 1_000, flow: 4.0, "quality": "substituted"},
    ]
    house.write(STATION, "water", rows)
    (item,) = await items(client, "water", every="1h", fn="max")
    assert (item[flow], item["suspect"], item["quality"]) == (4.0, [flow], "stale")


async def test_states_have_a_last_value_and_no_mean(house: House, client: httpx.AsyncClient) -> None:
    rows = [
        {"device": "door", "ts": NOW - n, "door_state": state, "door_open_s": n}
        for n, state in ((3, "open"), (1, "closed"))
    ]
    house.write(STATION, "access", rows)
    (last,) = await items(client, "access", every="1h", fn="last")
    (mean,) = await items(client, "access", every="1h")
    assert (last["door_state"], last["door_open_s"]) == ("closed", 1)
    assert "door_state" not in mean
    assert mean["door_open_s"] == 2.0


async def test_a_reading_with_an_event_counts_in_its_bucket(house: House, client: httpx.AsyncClient) -> None:
    beat = {"device": "agent", "ts": NOW - 1, "event": "heartbeat", "outbox_depth_count": 4}
    house.write(STATION, "agent", [beat], events=True)
    (item,) = await items(client, "agent", every="1h", fields="outbox_depth_count")
    assert item["outbox_depth_count"] == 4


async def test_bucket_pages_hold_every_bucket_once(house: House, client: httpx.AsyncClient) -> None:
    rows = [
        {"device": device, "ts": NOW - HOUR + n * MINUTE, "water_volume_m3_total": float(n)}
        for n in range(10)
        for device in ("cold", "hot")
    ]
    house.write(STATION, "water", rows)
    for fn in ("mean", "increase"):
        everything = await items(client, "water", every="1m", fn=fn)
        seen: list[dict[str, Any]] = []
        cursor: dict[str, Any] = {}
        while True:
            page = await read(client, "water", every="1m", fn=fn, limit=3, **cursor)
            seen += page["items"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert len(everything) == 20
        assert seen == everything


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
async def test_a_day_is_the_station_s_own_where_clocks_change(
    house: House, client: httpx.AsyncClient, day: str, hours: int
) -> None:
    summer = "+01:00" if day < "2026-06" else "+02:00"
    midnight = ms(f"{day}T00:00:00{summer}")
    rows = [
        {"device": "main", "ts": midnight + n * HOUR, "water_volume_m3_total": 5.0 + n} for n in range(26)
    ]
    house.write(BERLIN, "water", rows)
    query: dict[str, Any] = {"start": iso(midnight), "end": iso(midnight + 48 * HOUR), "every": "1d"}
    page = await read(client, "water", BERLIN, fn="last", **query)
    assert [item["water_volume_m3_total"] for item in page["items"]] == [5.0 + hours - 1, 30.0]
    assert page["items"][1]["ts"] == iso(midnight + hours * HOUR)
    grown = await read(client, "water", BERLIN, fn="increase", **query)
    assert [item["water_volume_m3_total"] for item in grown["items"]] == [hours - 1, 26 - hours]


async def test_another_time_zone_may_cut_the_days(house: House, client: httpx.AsyncClient) -> None:
    water(house, NOW, [1.0])
    span = {"start": iso(NOW), "end": iso(NOW + 1)}
    (item,) = await items(client, "water", every="1d", tz="UTC", **span)
    assert item["ts"] == "2026-11-22T00:00:00.000Z"


# -- increase ----------------------------------------------------------------------------------------------


async def increase(client: httpx.AsyncClient, **query: Query) -> float:
    found = await items(client, "water", every="1d", fn="increase", **query)
    return float(sum(item["water_volume_m3_total"] for item in found))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([512.30, 512.31, 512.33], 0.03),
        ([512.30, 0.0, 512.33], 0.03),
        ([512.30, 512.31, 0.01, 0.02], 0.03),
        ([999_999.98, 999_999.99, 0.01, 0.02], 0.04),
        ([512.30, 512.31, 0.0], 0.01),
    ],
)
async def test_increase_survives_what_meters_do(
    house: House, client: httpx.AsyncClient, values: list[float], expected: float
) -> None:
    water(house, NOW - HOUR, values)
    assert await increase(client) == pytest.approx(expected)


async def test_increase_survives_a_meter_swap(house: House, client: httpx.AsyncClient) -> None:
    water(house, NOW - HOUR, [512.30, 512.331])
    water(house, NOW - HOUR + 2 * MINUTE, [1_204.5], epoch=1)
    water(house, NOW - HOUR + 3 * MINUTE, [1_204.6])
    assert await increase(client) == pytest.approx(0.131)


async def test_increase_leaves_out_suspect_values(house: House, client: httpx.AsyncClient) -> None:
    water(house, NOW - HOUR, [512.30])
    water(house, NOW - HOUR + MINUTE, [6_553.5], suspect=["water_volume_m3_total"])
    water(house, NOW - HOUR + 2 * MINUTE, [512.33])
    assert await increase(client) == pytest.approx(0.03)


async def test_increase_is_the_same_however_it_is_cut(house: House, client: httpx.AsyncClient) -> None:
    water(house, NOW - 5 * HOUR, [100.0 + n * 0.01 for n in range(300)])
    whole = await increase(client)
    parts = 0.0
    for hour in range(5, 0, -1):
        span = {"start": iso(NOW - hour * HOUR), "end": iso(NOW - (hour - 1) * HOUR)}
        parts += await increase(client, **span)
    buckets = await items(client, "water", every="15m", fn="increase", limit=1_000)
    assert whole == pytest.approx(2.99)
    assert parts == pytest.approx(whole)
    assert sum(item["water_volume_m3_total"] for item in buckets) == pytest.approx(whole)


async def test_increase_is_the_same_over_many_spans(house: House, client: httpx.AsyncClient) -> None:
    water(house, NOW - 90 * 24 * HOUR, [float(n) / 10 for n in range(90 * 4)], step=6 * HOUR)
    start = iso(NOW - 100 * 24 * HOUR)
    everything = await items(client, "water", every="1d", fn="increase", start=start, limit=1_000)
    seen: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await read(client, "water", every="1d", fn="increase", start=start, limit=7, **cursor)
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == everything
    assert sum(item["water_volume_m3_total"] for item in everything) == pytest.approx(35.9)


async def test_increase_counts_people_as_whole_numbers(house: House, client: httpx.AsyncClient) -> None:
    rows = [
        {"device": "door", "ts": NOW - HOUR + n * MINUTE, "people_in_total": total}
        for n, total in enumerate((65_533, 65_535, 1, 3))
    ]
    house.write(STATION, "occupancy", rows)
    (item,) = await items(client, "occupancy", every="1d", fn="increase")
    assert item["people_in_total"] == 6
    assert isinstance(item["people_in_total"], int)


async def test_increase_reaches_back_over_a_long_silence(house: House, client: httpx.AsyncClient) -> None:
    water(house, NOW - 72 * HOUR, [100.0])
    water(house, NOW - HOUR, [100.5])
    assert await increase(client) == pytest.approx(0.5)


# -- wrong questions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"start": "2026-11-22"}, "start"),
        ({"start": "2026-11-22T06:00:00"}, "start"),
        ({"end": "1795334400000"}, "end"),
        ({"end": "9999-01-01T00:00:00Z"}, "end"),
        ({"start": "2026-11-22T06:00:00Z", "end": "2026-11-22T06:00:00Z"}, "end"),
        ({"start": "2000-01-01T00:00:00Z"}, "start"),
        ({"every": "2m"}, "every"),
        ({"fn": "mean"}, "fn"),
        ({"every": "1m", "fn": "median"}, "fn"),
        ({"fields": "colour"}, "fields"),
        ({"every": "1m", "fields": "valve_state"}, "fields"),
        ({"every": "1m", "fn": "increase", "fields": "water_flow_l_per_min"}, "fields"),
        ({"tz": "Mars/Base"}, "tz"),
        ({"limit": 1_001}, "limit"),
        ({"cursor": "!"}, "cursor"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_it_names_the_parameter_that_is_wrong(
    client: httpx.AsyncClient, query: dict[str, str], field: str
) -> None:
    answer = await client.get(f"/api/v1/stations/{STATION}/readings/water", params=query)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]


async def test_it_says_when_a_domain_has_nothing_to_count(client: httpx.AsyncClient) -> None:
    path = f"/api/v1/stations/{STATION}/readings/environment"
    answer = await client.get(path, params={"every": "1d", "fn": "increase"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "fn"


async def test_it_knows_no_other_domain(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/api/v1/stations/{STATION}/readings/faces")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "domain"


@pytest.mark.parametrize("every", ["raw", "1h"])
async def test_a_name_from_outside_never_reaches_the_store_as_sql(
    house: House, client: httpx.AsyncClient, every: str
) -> None:
    water(house, NOW - MINUTE, [1.0])
    evil = "x') OR ('1'='1"
    assert await items(client, "water", device=evil, every=every) == []
    page = await read(client, "water", limit=1)
    assert page["next"] is None


async def test_it_answers_503_while_the_store_is_closed(house: House, client: httpx.AsyncClient) -> None:
    house.store.close()
    answer = await client.get(f"/api/v1/stations/{STATION}/readings/water")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["errors"][0]["field"] == "store"
