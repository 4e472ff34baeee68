"""One station: the people in it, its door, water, power, air, things to use, and its box."""

from dashboards.boards.alerts import STATE_TOLD
from dashboards.boards.equipment import GOOD_OR_BAD, MINUTE_S, box, of_station, things
from dashboards.boards.fleet import AGE, NOW, OPEN, STATE_WORDS
from dashboards.boards.supply import air, power, water
from dashboards.influxql import BUCKET, call, fields, select
from dashboards.model import Annotation, Board, Figure, Panel, Query, Row, Text, Variable
from dashboards.parts import (
    ALERT_WORDS,
    HERE,
    ONE_STATION,
    REGIONS,
    RUNBOOK,
    SEVERITY_WORDS,
    bands,
    column,
    counted,
    event_words,
)
from dashboards.texts import name
from dashboards.views import bars, lines, stat, table
from wire.influx import ALERT_TRANSITIONS, STATIONS, Tier, event_count, events, readings, rollup
from wire.measures import EVENTS

QUARTER_S = 900
_DEVICES = ", ".join(
    readings(domain).source for domain in ("access", "water", "power", "environment", "facility")
)
DEVICES = Variable(
    "device", f'SHOW TAG VALUES FROM {_DEVICES} WITH KEY = "device" WHERE {" AND ".join(HERE)}'
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
            stat(),
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
            queries=of_station("people_inside", "capacity"),
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
                Query(
                    select(said, ALERT_TRANSITIONS, (*HERE, STATE_TOLD), (), "ORDER BY time DESC LIMIT 200"),
                    table=True,
                ),
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
        Row("water", water()),
        Row("power", power()),
        Row("air", air()),
        Row("things", things()),
        Row("alerts", _alerts()),
        Row("box", box()),
    ),
    variables=(REGIONS, ONE_STATION, DEVICES),
    annotations=(OPENED,),
)
