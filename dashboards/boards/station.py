"""One station: the people in it, its door, water, power, air, things to use, and its box."""

from collections.abc import Mapping

from dashboards.boards.fleet import AGE, NOW, OPEN, STATE_WORDS
from dashboards.influxql import BUCKET, CIRCUITS, DEVICE, MAIN, call, fields, select
from dashboards.limits import Limit, above, below, within
from dashboards.model import Annotation, Board, Colour, Figure, Panel, Query, Row, Text, Variable
from dashboards.parts import (
    ALERT_WORDS,
    HERE,
    ONE_STATION,
    PER_DEVICE,
    REGIONS,
    RUNBOOK,
    SEVERITY_WORDS,
    bands,
    chart,
    column,
    counted,
    event_words,
    measure,
    per_device,
)
from dashboards.texts import name
from dashboards.units import figure_of
from dashboards.views import bars, gauges, lines, stat, table
from wire.influx import ALERT_TRANSITIONS, STATIONS, Tier, event_count, events, readings, rollup
from wire.measures import EVENTS

MINUTE_S = 60
QUARTER_S = 900
CHOSEN = (*HERE, DEVICE)
GOOD_OR_BAD: Mapping[str, Colour] = {
    "closed": "green",
    "open": "blue",
    "locked": "green",
    "unlocked": "blue",
    "fault": "red",
    "running": "blue",
    "standby": "green",
    "ready": "green",
    "removed": "red",
    "self_test_failed": "red",
    "battery_low": "orange",
    "pads_expired": "orange",
    "free": "green",
    "in_use": "blue",
    "overdue": "orange",
    "cool": "blue",
    "heat": "orange",
    "normal": "green",
    "alarm": "red",
    "maintenance": "purple",
    "planned_off": "purple",
    "commissioning": "purple",
}
_DEVICES = ", ".join(
    readings(domain).source for domain in ("access", "water", "power", "environment", "facility")
)
DEVICES = Variable(
    "device", f'SHOW TAG VALUES FROM {_DEVICES} WITH KEY = "device" WHERE {" AND ".join(HERE)}'
)


def _of_station(*names: str) -> tuple[Query, ...]:
    return tuple(
        Query(select(call(STATIONS, "last", one), STATIONS, HERE, (BUCKET,), "fill(null)"), name(one))
        for one in names
    )


def _now() -> tuple[Panel, ...]:
    shown = ("last_seen_age_s", "open_p1", "open_p2", "open_p3", "open_p4", "people_inside", "capacity")
    names = ("state", *shown, "visits_today")
    latest = Query(
        select(fields(STATIONS, *names), STATIONS, HERE, (), "ORDER BY time DESC LIMIT 1"), table=True
    )
    figures = (
        column("last_seen_age_s", AGE),
        *(
            counted(f"open_p{level[1]}", Figure("none", decimals=0, steps=steps))
            for level, steps in OPEN.items()
        ),
        counted("people_inside"),
        counted("capacity"),
        counted("visits_today"),
    )
    return (
        Panel(
            "now",
            stat("lastNotNull", f"/^({'|'.join(names)})$/"),
            24,
            4,
            queries=(latest,),
            columns=(column("state", words=STATE_WORDS), *figures),
            span=NOW,
        ),
    )


def _people() -> tuple[Panel, ...]:
    door = rollup("access", Tier.QUARTER)
    counted_events = ("granted", "denied", "door_forced", "door_held", "exit_button")
    told = {kind: EVENTS["access"][kind] for kind in counted_events}
    return (
        Panel(
            "people",
            lines(MINUTE_S, fill=10),
            12,
            8,
            queries=_of_station("people_inside", "capacity"),
            figure=Figure("none", low=0, decimals=0),
            least_s=MINUTE_S,
        ),
        Panel(
            "door_events",
            bars(stacked=True),
            12,
            8,
            queries=tuple(
                Query(
                    select(call(door, "sum", event_count(kind)), door, HERE, (BUCKET,), "fill(none)"),
                    Text(one.zh, one.en),
                )
                for kind, one in told.items()
            ),
            least_s=QUARTER_S,
        ),
        bands("door", "access", "door_state", "lock_state", colours=GOOD_OR_BAD, size=(12, 7)),
        _passages(),
    )


def _passages() -> Panel:
    source = events("access")
    names = ("device", "event", "reason", "direction", "credential_kind")
    return Panel(
        "passages",
        table("Time"),
        12,
        7,
        queries=(
            Query(
                select(fields(source, *names), source, HERE, (), "ORDER BY time DESC LIMIT 200"), table=True
            ),
        ),
        columns=(
            column("Time", Figure("dateTimeAsIso")),
            *(column(one, words=event_words("access", one)) for one in names),
        ),
    )


def _water() -> tuple[Panel, ...]:
    flow = above(Limit("WA-03", "trickle", "yellow"), Limit("WA-02", "burst", "red"))
    pressure = within(
        (Limit("WA-06", "gone", "red"), Limit("WA-07", "low", "orange")), (Limit("WA-07", "high", "orange"),)
    )
    frost = below(Limit("WA-12", "colder", "red"), Limit("WA-12", "cold", "orange"))
    return (
        chart("flow", "water", "water_flow_l_per_min", function="max", steps=flow),
        chart("pressure", "water", "water_pressure_kpa", function="min", steps=pressure),
        chart("water_temperature", "water", "water_temp_celsius", steps=frost),
    )


def _power() -> tuple[Panel, ...]:
    volts = within(
        (Limit("PW-04", "lowest", "red"), Limit("PW-04", "low", "orange")),
        (Limit("PW-05", "high", "orange"), Limit("PW-05", "highest", "red")),
    )
    leakage = above(Limit("PW-09", "main", "orange"), Limit("PW-09", "main_fire", "red"))
    heat = above(Limit("PW-08", "hot", "orange"), Limit("PW-08", "hottest", "red"))
    active = measure("power", "power_active_w").heartbeat_s
    return (
        chart(
            "phases",
            "power",
            "power_active_w",
            where=(*HERE, MAIN),
            view=lines(active, fill=20, stacked=True),
        ),
        chart(
            "circuits",
            "power",
            "power_active_w",
            where=(*HERE, CIRCUITS, DEVICE),
            view=lines(active, fill=10),
        ),
        chart("voltage", "power", "voltage_v", where=(*HERE, DEVICE), steps=volts),
        chart("current", "power", "current_a", where=(*HERE, DEVICE)),
        chart("leakage", "power", "residual_current_ma", function="max", steps=leakage),
        chart("terminals", "power", "terminal_temp_celsius", function="max", steps=heat),
    )


def _air() -> tuple[Panel, ...]:
    co2 = above(Limit("EN-04", "hour_mean", "yellow"), Limit("EN-04", "stale", "red"))
    dust = above(Limit("EN-10", "high", "orange"))
    outdoor = measure("environment", "outdoor_temp_celsius")
    temperature = (
        per_device("environment", "air_temp_celsius"),
        per_device("environment", outdoor.name, legend=Text(outdoor.zh, outdoor.en)),
    )
    return (
        Panel(
            "temperature",
            lines(outdoor.heartbeat_s),
            8,
            8,
            queries=temperature,
            figure=figure_of(outdoor),
            least_s=MINUTE_S,
        ),
        chart("co2", "environment", "co2_ppm", steps=co2),
        chart("humidity", "environment", "humidity_pct", steps=above(Limit("EN-08", "high", "orange"))),
        chart("dust", "environment", "pm2_5_ug_per_m3", steps=dust),
        chart("light", "environment", "illuminance_lux"),
        chart("noise", "environment", "noise_db"),
    )


def _things() -> tuple[Panel, ...]:
    names = ["station_mode", "appliance_state", "hvac_mode", "locker_cell_state", "aed_status"]
    supplies = measure("facility", "consumable_level_pct")
    return (
        bands("things", "facility", *names, colours={**GOOD_OR_BAD, "open": "green"}, size=(24, 10)),
        Panel(
            "supplies",
            gauges(),
            12,
            7,
            queries=(
                Query(
                    select(
                        call(readings("facility"), "last", supplies.name),
                        readings("facility"),
                        HERE,
                        ("device",),
                    ),
                    PER_DEVICE,
                ),
            ),
            figure=figure_of(supplies, below(Limit("FA-07", "low", "orange"))),
            span="24h",
        ),
        chart(
            "fridge",
            "facility",
            "fridge_temp_celsius",
            steps=above(Limit("EN-11", "warm", "orange"), Limit("EN-11", "spoilt", "red")),
            size=(12, 7),
        ),
    )


def _box() -> tuple[Panel, ...]:
    disk = above(Limit("AG-04", "high", "orange"), Limit("AG-04", "higher", "red"))
    heat = above(Limit("AG-15", "hot", "red"))
    link = within((Limit("AG-08", "lte", "orange"),), ())
    ages = above(Limit("AG-05", "least", "orange"))
    waiting = above(Limit("AG-09", "clear", "yellow"), Limit("AG-09", "old", "red"))
    return (
        chart("disk", "agent", "disk_used_pct", steps=disk),
        chart("box_heat", "agent", "soc_temp_celsius", steps=heat),
        chart("link", "agent", "link_rssi_dbm", steps=link),
        Panel(
            "waiting",
            lines(MINUTE_S, limits=True),
            8,
            8,
            queries=_of_station("outbox_age_s"),
            figure=Figure("s", low=0, steps=waiting),
            least_s=MINUTE_S,
        ),
        chart("silent", "agent", "device_last_ok_age_s", function="max", steps=ages),
        Panel(
            "frames",
            lines(MINUTE_S),
            8,
            8,
            queries=_of_station("frames_missing", "frames_late", "frames_gone", "frames_quarantined"),
            figure=Figure("none", low=0, decimals=0),
            least_s=MINUTE_S,
        ),
    )


def _alerts() -> tuple[Panel, ...]:
    names = ("rule", "severity", "state", "device", "name_zh", "value", "limit", "runbook")
    said = fields(ALERT_TRANSITIONS, *names)
    return (
        Panel(
            "alerts",
            table("Time"),
            24,
            8,
            queries=(
                Query(select(said, ALERT_TRANSITIONS, HERE, (), "ORDER BY time DESC LIMIT 200"), table=True),
            ),
            columns=(
                column("Time", Figure("dateTimeAsIso"), width=170),
                column("severity", words=SEVERITY_WORDS, cell="coloured", width=80),
                column("rule", link=RUNBOOK, width=90),
                column("name_zh"),
                column("state", words=ALERT_WORDS, cell="coloured", width=120),
                column("device"),
                column("value"),
                column("limit"),
                column("runbook", hidden=True),
            ),
            span="30d",
        ),
    )


OPENED = Annotation(
    "opened",
    select('"name_zh", "rule", "severity", "device"', ALERT_TRANSITIONS, (*HERE, "\"change\" = 'opened'")),
    name("alerts"),
    "rule,severity,device",
)

BOARD = Board(
    "station",
    (
        Row("now", _now()),
        Row("people", _people()),
        Row("water", _water()),
        Row("power", _power()),
        Row("air", _air()),
        Row("things", _things()),
        Row("alerts", _alerts()),
        Row("box", _box()),
    ),
    variables=(REGIONS, ONE_STATION, DEVICES),
    annotations=(OPENED,),
)
