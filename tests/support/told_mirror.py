"""What a running gateway says of stations, visits and itself, as one plain story in line protocol.

What is known to have happened to stations is told as it was; alerts of weeks before are part of the story.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb

from catalogue.loading import load
from gateway.timeseries.mirror.lines import line
from gateway.timeseries.mirror.portion import text_of
from gateway.timeseries.mirror.positions import BEGINNING
from gateway.timeseries.mirror.region_days import RegionDays
from gateway.timeseries.mirror.regions import Described, lines_of
from gateway.timeseries.mirror.server import Influx as Client
from gateway.timeseries.mirror.settings import InfluxSettings
from simulators.towns import Site
from tests.support.influx import Influx
from tests.support.lived_mirror import DAY_MS, HOUR_MS, Lived, write
from tests.support.troubled import Happened
from wire.influx import (
    ALERT_MESSAGES,
    ALERT_TRANSITIONS,
    GATEWAY,
    NS_A_MS,
    OWN_STATION,
    QUARANTINE,
    REGION_TOTALS,
    STATIONS,
    VISITS,
    Measurement,
    readings,
)

MINUTE_MS = 60_000
OWN = {"region": OWN_STATION, "station": OWN_STATION}
STORY = (("WA-03", "P3"), ("OC-03", "P1"), ("PW-04", "P3"), ("AG-01", "P2"), ("EN-04", "P4"), ("AC-01", "P2"))
"""Rules that speak, in turn, once a day at every third station."""


def tell(influx: Influx, lived: Lived, happened: Happened | None = None, *, database: str = "yizhan") -> None:
    """Fill the server with what only a running gateway knows; without ``happened`` nothing is wrong."""
    for measurement, lines in _said(lived, happened):
        write(influx, measurement.policy, "".join(lines).encode(), database)
    _sum_up_days(influx, lived, database)


def _sum_up_days(influx: Influx, lived: Lived, database: str) -> None:
    """Have days of regions summed up, as the mirror does once what they are made of is there."""
    settings = InfluxSettings.model_validate({"url": influx.bare_url, "bucket": database})
    with Client(settings) as client:
        days = RegionDays(client, lambda: lived.end_ms)
        while (portion := days.read(duckdb.connect, BEGINNING)) is not None:
            for policy, lines in portion.lines.items():
                write(influx, policy, text_of(lines), database)


def _said(lived: Lived, happened: Happened | None) -> Iterator[tuple[Measurement, list[str]]]:
    yield from _stations(lived, happened or Happened(lived.end_ms))
    for number, site in enumerate(lived.sites):
        for period in VISITS:
            yield VISITS[period], list(_visits(lived, site, period))
        if happened is not None and number % 3 == 0:
            yield ALERT_TRANSITIONS, list(_alerts(replace(lived, end_ms=happened.since_ms), site, number))
            yield ALERT_MESSAGES, list(_messages(lived, site))
    yield GATEWAY, list(_gateway(lived))
    yield readings("agent"), list(_machine(lived))
    if happened is not None:
        yield QUARANTINE, list(_quarantine(lived))


def _line(
    measurement: Measurement, tags: Mapping[str, str | None], fields: Mapping[str, object], ms: int
) -> str:
    said = line(measurement, tags, fields, ms * NS_A_MS)
    assert said is not None
    return said


def _tags(site: Site) -> dict[str, str | None]:
    return {"region": site.region, "station": site.station_id}


def _minutes(lived: Lived, every_ms: int = 5 * MINUTE_MS) -> Iterator[int]:
    """Yield moments of the time, every minute of the last hour."""
    yield from range(lived.start_ms, lived.end_ms - HOUR_MS, every_ms)
    yield from range(lived.end_ms - HOUR_MS, lived.end_ms + 1, MINUTE_MS)


def _local(ms: int, site: Site) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(site.tz))


def _busy(local: datetime) -> float:
    """Return how busy an hour of the day is, 0 to 1: a morning and an evening peak."""
    hour = local.hour + local.minute / 60
    return math.exp(-(((hour - 8) / 2.5) ** 2)) + 0.8 * math.exp(-(((hour - 18) / 3) ** 2))


def _stations(lived: Lived, happened: Happened) -> Iterator[tuple[Measurement, list[str]]]:
    """Yield stations, and of the last hour their regions as a gateway makes them."""
    lately: defaultdict[int, list[Described]] = defaultdict(list)
    for site in lived.sites:
        told = dict(_station(lived, site, happened))
        yield STATIONS, [_line(STATIONS, one.tags, one.fields, ms) for ms, one in told.items()]
        for ms in range(lived.end_ms - HOUR_MS, lived.end_ms + 1, MINUTE_MS):
            lately[ms].append(told[ms])
    yield REGION_TOTALS, [said for ms, there in lately.items() for said in lines_of(there, ms)]


def _station(lived: Lived, site: Site, happened: Happened) -> Iterator[tuple[int, Described]]:
    for ms in _minutes(lived):
        local = _local(ms, site)
        share = (local.hour * 60 + local.minute) / 1440
        age_s = 12.0 + happened.silent_ms(site.station_id, ms) / 1000
        still_open = happened.open_at(site.station_id, ms)
        waiting = 0 if age_s < 90 else int(age_s / 10)
        fields = {
            "state": "online" if age_s < 90 else "late" if age_s < 180 else "offline",
            "name_zh": site.zh,
            "name_en": site.en,
            "profile": site.archetype,
            "lat": site.lat,
            "lon": site.lon,
            "last_seen_age_s": age_s,
            "energy_today_kwh": round(site.visits_per_day * 0.4 * share + 6 * share, 2),
            "water_today_l": round(site.visits_per_day * 9 * share, 1),
            "outbox_used_pct": 2.0,
            "disk_used_pct": 31.0,
            "capacity": site.capacity,
            "people_inside": round(_busy(local) * site.visits_per_day / 16),
            **{f"open_p{level}": still_open[f"P{level}"] for level in (1, 2, 3, 4)},
            "visits_today": round(site.visits_per_day * share),
            "outbox_depth_count": waiting,
            "outbox_age_s": waiting,
            "frames_received": (ms - lived.start_ms) // 10_000,
            "frames_late": 4,
            "frames_missing": waiting,
            "frames_gone": 0,
            "frames_quarantined": 0,
            "agent_version": "0.1.0",
        }
        yield ms, Described(site.region, site.station_id, fields)


def _visits(lived: Lived, site: Site, period: str) -> Iterator[str]:
    """Visits by hour or day of the time, or of the months before it."""
    if period == "1mo":
        starts = [lived.end_ms - months * 30 * DAY_MS for months in range(1, 8)]
    else:
        step = HOUR_MS if period == "1h" else DAY_MS
        midnight = lived.start_ms - (lived.start_ms + 8 * HOUR_MS) % DAY_MS
        starts = list(range(midnight, lived.end_ms, step))
    whole = {"1h": 1 / 9, "1d": 1.0, "1mo": 30.0}[period] * site.visits_per_day
    for ms in starts:
        weekend = 0.6 if _local(ms, site).weekday() >= 5 else 1.0
        visits = whole * weekend * (_busy(_local(ms, site)) if period == "1h" else 1)
        fields = {
            "visits": float(round(visits)),
            "low": float(round(visits * 0.94)),
            "high": float(round(visits * 1.07)),
            "completeness": 0.97 if site.station_id.endswith("4") else 0.998,
            "method": "grants" if site.station_id.endswith("7") else "counters",
        }
        yield _line(VISITS[period], _tags(site), fields, ms)


def _alerts(lived: Lived, site: Site, number: int) -> Iterator[str]:
    rules = load().rules
    for day, start in enumerate(range(lived.start_ms, lived.end_ms - HOUR_MS, DAY_MS)):
        rule, severity = STORY[(number + day) % len(STORY)]
        at = start + ((number * 7 + day * 5) % 20) * HOUR_MS // 2
        about = {
            "alert_id": f"01K0PZ6Q9V3W8S4D2N{number:04}{day:04}",
            "value": 12.5,
            "limit": 10.0,
            "name_zh": rules[rule].name.zh,
            "name_en": rules[rule].name.en,
            "runbook": f"docs/reference/rules/{rule}.md",
        }
        tags = {**_tags(site), "device": "front-door", "rule": rule, "severity": severity}
        verdict = "false" if (number + day) % 5 == 0 else "real"
        steps: list[tuple[int, dict[str, object]]] = [
            (0, {"change": "opened", "state": "firing"}),
            (3, {"change": "acknowledged", "state": "acknowledged", "ack_s": 180.0 + 30 * number}),
            (40, {"change": "resolved", "state": "resolved", "resolve_s": 2400.0, "verdict": verdict}),
        ]
        for minutes, step in steps:
            yield _line(ALERT_TRANSITIONS, tags, {**about, **step}, at + minutes * MINUTE_MS)


def _messages(lived: Lived, site: Site) -> Iterator[str]:
    for at in range(lived.start_ms, lived.end_ms, 6 * HOUR_MS):
        tags = {**_tags(site), "rule": "WA-03", "severity": "P3"}
        sent = {**tags, "change": "sent", "channel": "wecom"}
        kept = {**tags, "change": "suppressed", "reason": "mains_outage"}
        yield _line(ALERT_MESSAGES, sent, {"count": 1, "alert_id": "a"}, at)
        failed = {**tags, "change": "not_sent", "channel": "sms", "reason": "timeout"}
        yield _line(ALERT_MESSAGES, failed, {"count": 1, "alert_id": "c"}, at + 2 * MINUTE_MS)
        yield _line(ALERT_MESSAGES, {**tags, "change": "escalated"}, {"count": 1, "alert_id": "a"}, at)
        yield _line(ALERT_MESSAGES, kept, {"count": 1, "alert_id": "b"}, at + MINUTE_MS)


def _gateway(lived: Lived) -> Iterator[str]:
    for ms in _minutes(lived):
        seconds = (ms - lived.start_ms) // 1000
        yield _line(
            GATEWAY,
            OWN,
            {
                "frames_total": seconds * 37 // 10,
                "points_total": seconds * 110,
                "duplicates_total": seconds // 300,
                "acks_total": seconds * 18,
                "quarantined_total": seconds // 90_000,
                "dropped_total": 0,
                "ignored_total": 0,
                "messages_sent_total": seconds // 3600,
                "messages_failed_total": seconds // 200_000,
                "inbox_bytes": 2_048 + seconds % 500,
                "store_up": 1,
                "broker_up": 1,
                "stations_known": len(lived.sites),
                "mirror_lag_frames": 3,
                "mirror_points_total": seconds * 110,
                "mirror_refused_total": 0,
                "commit_seconds_total": seconds * 0.04,
                "mirror_lag_s": 1.5 + seconds % 7,
            },
            ms,
        )


def _machine(lived: Lived) -> Iterator[str]:
    tags = {**OWN, "device": "agent"}
    for ms in _minutes(lived):
        fields = {"cpu_pct": 12.0 + ms // MINUTE_MS % 9, "mem_used_pct": 41.0, "disk_used_pct": 37.5}
        yield _line(readings("agent"), tags, fields, ms)


def _quarantine(lived: Lived) -> Iterator[str]:
    for ms in _minutes(lived):
        count = (ms - lived.start_ms) // 90_000_000
        yield _line(QUARANTINE, {**OWN, "reason": "bad_ts"}, {"entries_total": count}, ms)
