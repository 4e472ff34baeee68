"""(l) The fleet dashboard's questions to InfluxDB, with every 24-hour station of the country in it."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

import duckdb

from benchmarks.bench import COUNTRY, Bench, Row
from benchmarks.influx import Server, influxd
from dashboards.asking import Chosen, asked
from dashboards.boards.fleet import BOARD
from dashboards.model import Panel
from gateway.timeseries.mirror.lines import line
from gateway.timeseries.mirror.portion import text_of
from gateway.timeseries.mirror.positions import BEGINNING
from gateway.timeseries.mirror.region_days import RegionDays
from gateway.timeseries.mirror.regions import Described, lines_of
from gateway.timeseries.mirror.server import Influx
from gateway.timeseries.mirror.settings import InfluxSettings
from wire.influx import (
    ALERT_TRANSITIONS,
    POLICIES,
    REGION_TOTALS,
    STATIONS,
    VISITS,
    Measurement,
    Policy,
    Tier,
    rollup,
)

PART = "l"
TITLE = "the fleet dashboard's queries in InfluxDB 1.6.7"
END_MS = 1_795_334_400_000
MINUTE_MS, DAY_MS = 60_000, 86_400_000
DAYS, MINUTES = 30, 60
REGION_OF = 121
"""Stations of a region."""
ALERT_EVERY = 3
"""Every third station opens an alert a day."""
AT_ONCE = 50_000
REPEATS = 3


def run(bench: Bench) -> Iterator[Row]:
    """Ask what Grafana asks when somebody opens the dashboard, and when they unfold its last row."""
    stations = bench.stations(COUNTRY)
    with influxd(bench) as server:
        port = server.port
        _fill(port, stations)
        yield Row(
            PART, f"{stations:,} stations: the mirror sums up days once an hour", _summed_up(server), "s"
        )
        for whose, region, aim in (("all regions", None, "≤ 2"), ("one region", ("r001",), "")):
            chosen = Chosen(END_MS - DAY_MS, END_MS, {"region": region})
            for row in BOARD.rows:
                when = "unfolded" if row.folded else "opened"
                name = f"{stations:,} stations, {whose}: what is asked when it is {when}"
                yield Row(PART, name, _asked(port, row.panels, chosen), "s", aim)


def _asked(port: int, panels: Sequence[Panel], chosen: Chosen) -> float:
    """Return the seconds of all questions of panels one after the other, the median of runs."""
    statements = [
        asked(query.influxql, chosen.of(panel), panel.least_s) for panel in panels for query in panel.queries
    ]
    runs = sorted(_seconds(port, statements) for _ in range(REPEATS))
    return runs[len(runs) // 2]


def _seconds(port: int, statements: list[str]) -> float:
    began = time.perf_counter()
    for statement in statements:
        said = json.loads(
            _request(port, "/query", urlencode({"q": statement, "db": "yizhan", "epoch": "ms"}))
        )
        if not said["results"][0].get("series"):
            raise RuntimeError(f"no rows: {statement}: {said}")
    return time.perf_counter() - began


def _summed_up(server: Server) -> float:
    """Return the seconds in which the mirror has the days of all regions summed up, and writes them."""
    settings = InfluxSettings.model_validate({"url": server.url, "timeout_s": 120.0})
    with Influx(settings) as client:
        days, began = RegionDays(client, lambda: END_MS), time.perf_counter()
        while (portion := days.read(duckdb.connect, BEGINNING)) is not None:
            for policy, lines in portion.lines.items():
                client.write(policy, text_of(lines))
        return time.perf_counter() - began


# -- what is in it ---------------------------------------------------------------------------------------


def _fill(port: int, stations: int) -> None:
    _request(port, "/query", urlencode({"q": 'CREATE DATABASE "yizhan"'}))
    for policy in POLICIES:
        default = " DEFAULT" if policy is POLICIES[0] else ""
        made = (
            f'CREATE RETENTION POLICY "{policy.name}" ON "yizhan" DURATION INF REPLICATION 1'
            f" SHARD DURATION {policy.shard_days}d{default}"
        )
        _request(port, "/query", urlencode({"q": made}))
    minutes = [END_MS - minute * MINUTE_MS for minute in range(MINUTES)]
    days = [END_MS - END_MS % DAY_MS - day * DAY_MS for day in range(DAYS)]
    for measurement, times, fields, device in (
        (STATIONS, minutes, _station(), None),
        (VISITS["1d"], days, {"visits": 24.0, "low": 22.0, "high": 26.0, "completeness": 0.99}, None),
        (rollup("power", Tier.DAY), days, {"energy_import_kwh_total_increase": 19.4}, "main.l1"),
        (rollup("water", Tier.DAY), days, {"water_volume_m3_total_increase": 0.41}, "main"),
        (ALERT_TRANSITIONS, days, {"alert_id": "01K0", "change": "opened", "state": "firing"}, None),
    ):
        some = range(0, stations, ALERT_EVERY) if measurement is ALERT_TRANSITIONS else range(stations)
        waiting: list[str] = []
        for number in some:
            before = _without_time(measurement, number, fields, device)
            waiting += [f"{before} {at}000000\n" for at in times]
            if len(waiting) >= AT_ONCE:
                _write(port, measurement.policy, waiting)
                waiting = []
        _write(port, measurement.policy, waiting)
    said = [
        Described(f"r{number // REGION_OF:03}", f"s-{number:05}", _station()) for number in range(stations)
    ]
    for at in minutes:
        _write(port, REGION_TOTALS.policy, list(lines_of(said, at)))


def _without_time(
    measurement: Measurement, number: int, fields: Mapping[str, object], device: str | None
) -> str:
    tags = {
        "region": f"r{number // REGION_OF:03}",
        "station": f"s-{number:05}",
        "device": device,
        "rule": "WA-03",
        "severity": f"P{number % 4 + 1}",
    }
    said = line(measurement, {name: tags[name] for name in measurement.tags}, fields, 0)
    if said is None:
        raise RuntimeError(f"{measurement.name} says nothing")
    return said.removesuffix(" 0\n")


def _station() -> Mapping[str, object]:
    text = {
        "state": "online",
        "name_zh": "模拟驿站",
        "name_en": "Simulated station",
        "profile": "urban_kiosk",
    }
    small = ("open_p1", "open_p2", "open_p3", "open_p4", "people_inside", "frames_missing", "outbox_age_s")
    numbers = {
        "lat": 27.7,
        "lon": 112.0,
        "last_seen_age_s": 12.0,
        "energy_today_kwh": 7.5,
        "water_today_l": 80.0,
    }
    return {**text, **numbers, **dict.fromkeys(small, 0), "capacity": 20, "visits_today": 11}


def _write(port: int, policy: Policy, lines: list[str]) -> None:
    if lines:
        _request(port, f"/write?db=yizhan&rp={policy.name}&precision=n", "".join(lines))


def _request(port: int, path: str, body: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    form = {"Content-Type": "application/x-www-form-urlencoded"} if path == "/query" else {}
    connection.request("POST", path, body.encode(), form)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        raise RuntimeError(f"influxd: {answer.status} {said[:300]!r}")
    return said
