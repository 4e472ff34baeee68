"""All stations: who is worst off, where they are, and how the month went."""

from dashboards.influxql import DAY, REGION, ZONE, call, select
from dashboards.model import Board, Column, Figure, Panel, Query, Row, Step, Text, Word
from dashboards.parts import (
    REGIONS,
    SEVERITIES,
    band,
    banded_sum,
    by_severity,
    column,
    counted,
    newest,
    station_link,
)
from dashboards.texts import name, shared
from dashboards.views import bars, places, stat, table
from wire.influx import ALERT_TRANSITIONS, REGION_DAYS, REGION_TOTALS, WORST

NOW = "10m"
"""Regions and stations are written once a minute, silent ones too; what is older is not known."""
MONTH = "30d"
_LOCAL = f"fill(none) tz('{ZONE}')"

STATE_WORDS = {
    "online": Word(shared().words["online"], "green"),
    "late": Word(shared().words["late"], "yellow"),
    "offline": Word(shared().words["offline"], "red"),
    "unknown": Word(shared().words["unknown"], "grey"),
}
AGE = Figure("s", steps=(Step(None, "green"), Step(90, "yellow"), Step(180, "red")))
"""Late after 90 s, offline after 180 s (contract, section 5)."""
OPEN = {level: (Step(None, "green"), Step(1, colour)) for level, colour in SEVERITIES.items()}

_STATES = tuple(STATE_WORDS)
_OPEN = tuple(f"open_p{level[1]}" for level in SEVERITIES)
_SUMS = ("people_inside", "visits_today", "energy_today_kwh", "water_today_l")
TOTALS = newest(REGION_TOTALS, (REGION,), ("region",), "stations", *_STATES, *_OPEN, *_SUMS)
"""A row a region; all figures of the present share this one answer."""
LISTED = newest(
    WORST,
    (REGION,),
    ("region", "place"),
    *("station", "name_zh", "state", "last_seen_age_s", *_OPEN),
    *("people_inside", "visits_today", "outbox_age_s", "lat", "lon"),
)
"""A row for each station that is listed; the map has the same."""

_OPEN_COLUMNS = tuple(
    counted(f"open_p{level[1]}", Figure("none", decimals=0, steps=steps), cell="filled", width=60)
    for level, steps in OPEN.items()
)
_STATE_COLUMNS = (
    Column("stations", name("stations")),
    *(
        Column(
            state, word.text, Figure("none", decimals=0, steps=(Step(None, "green"), Step(1, word.colour)))
        )
        for state, word in STATE_WORDS.items()
    ),
)
_TODAY = (
    counted("people_inside"),
    counted("visits_today"),
    column("energy_today_kwh", Figure("kwatth", decimals=1)),
    column("water_today_l", Figure("litre", decimals=0)),
)


def _now() -> tuple[Panel, ...]:
    return (
        Panel(
            "open",
            stat("sum"),
            8,
            4,
            queries=(TOTALS,),
            columns=_OPEN_COLUMNS,
            span=NOW,
        ),
        Panel("today", stat("sum"), 8, 4, of="open", columns=_TODAY, span=NOW),
        Panel(
            "states",
            stat("sum"),
            8,
            4,
            of="open",
            columns=_STATE_COLUMNS,
            span=NOW,
        ),
        Panel(
            "worst",
            table("open_p1", "open_p2", "open_p3", "last_seen_age_s"),
            15,
            14,
            queries=(LISTED,),
            columns=_worst_columns(),
            span=NOW,
        ),
        Panel(
            "map",
            places("last_seen_age_s"),
            9,
            14,
            of="worst",
            columns=(column("last_seen_age_s", AGE), column("state", words=STATE_WORDS), *_OPEN_COLUMNS),
            figure=AGE,
            span=NOW,
        ),
    )


def _worst_columns() -> tuple[Column, ...]:
    return (
        column("station", link=station_link(), width=110),
        column("name_zh", width=180),
        column("state", words=STATE_WORDS, cell="coloured", width=70),
        *_OPEN_COLUMNS,
        column("last_seen_age_s", AGE, cell="coloured", width=90),
        counted("people_inside", width=70),
        counted("visits_today", width=70),
        column("outbox_age_s", Figure("s"), width=90),
        column("region", width=90),
    )


def _course() -> tuple[Panel, ...]:
    return (
        _visits_a_day(),
        _alerts_a_day(),
        _used_a_day("energy", "energy_kwh", "kwatth"),
        _used_a_day("water", "water_m3", "m3"),
    )


def _visits_a_day() -> Panel:
    return Panel(
        "visits",
        bars(),
        12,
        8,
        queries=(banded_sum(REGION_DAYS, (REGION,), DAY, _LOCAL),),
        columns=band(),
        figure=Figure("none", low=0, decimals=0),
        span=MONTH,
    )


def _alerts_a_day() -> Panel:
    opened = select(
        call(ALERT_TRANSITIONS, "count", "alert_id"),
        ALERT_TRANSITIONS,
        (REGION, "\"change\" = 'opened'"),
        (DAY, "severity"),
        _LOCAL,
    )
    return Panel(
        "alerts",
        bars(stacked=True),
        12,
        8,
        queries=(Query(opened, Text("$tag_severity", "$tag_severity")),),
        columns=by_severity(),
        span=MONTH,
    )


def _used_a_day(what: str, field: str, unit: str) -> Panel:
    """What the main meters of all stations counted."""
    used = select(call(REGION_DAYS, "sum", field), REGION_DAYS, (REGION,), (DAY,), _LOCAL)
    return Panel(
        what, bars(), 12, 8, queries=(Query(used, name(what)),), figure=Figure(unit, low=0), span=MONTH
    )


BOARD = Board("fleet", (Row("now", _now()), Row("course", _course(), folded=True)), variables=(REGIONS,))
