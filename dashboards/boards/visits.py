"""Person-visits: how many, when, in which months, and how complete the figures are."""

from dataclasses import replace

from dashboards.influxql import DAY, ZONE, call, fields, select
from dashboards.model import Board, Change, Column, Figure, Panel, Query, Row, Step, Text, Word
from dashboards.parts import (
    BAND,
    HERE,
    REGIONS,
    STATIONS_OF_REGION,
    band,
    banded_sum,
    column,
    counted,
    station_link,
)
from dashboards.texts import name, shared
from dashboards.views import bars, lines, stat, table
from wire.influx import REPORTS, VISITS

HOURS, DAYS, MONTHS = VISITS["1h"], VISITS["1d"], VISITS["1mo"]
WEEKS = "28d"
YEARS = "5y"
LOCAL = f"fill(none) tz('{ZONE}')"
SHARE = Figure("percentunit", 0, 1, 1, (Step(None, "red"), Step(0.95, "yellow"), Step(0.99, "green")))
"""A month that is less than 95 % complete is told with its band, never alone."""
WHOLE = Figure("none", low=0, decimals=0)
WEEKDAY = "weekday\\hour"
"""What Grafana calls the column of names of a matrix made from these two fields."""
DAYS_OF_WEEK = {str(day): Word(shared().words[f"day_{day}"]) for day in range(1, 8)}
MONTHLY = ("\"kind\" = 'visits'", "\"period\" = 'month'", "\"level\" = 'month'")
"""Of a published month its own row, none of its days."""
STANDS = '"withdrawn" !~ /\\bvisits\\b/'
"""Leaves out figures that a newer version tells no more: the mirror has them as 0."""
DASH = Text("—", "—")
"""No figure, as in the reports; never nought."""
HOUR_COLUMNS = tuple(f"{hour:02}" for hour in range(24))


def _total() -> tuple[Panel, ...]:
    figures = [call(DAYS, "sum", one, one) for one in BAND] + [
        call(DAYS, "mean", "completeness", "completeness")
    ]
    return (
        Panel(
            "total",
            stat(),
            24,
            4,
            queries=(Query(select(figures, DAYS, HERE), table=True),),
            columns=(counted("visits"), counted("low"), counted("high"), column("completeness", SHARE)),
        ),
        Panel(
            "days", bars(), 14, 9, queries=(banded_sum(DAYS, HERE, DAY, LOCAL),), figure=WHOLE, columns=band()
        ),
        Panel(
            "complete",
            lines(86_400, limits=True),
            10,
            9,
            queries=(
                Query(
                    select(call(DAYS, "mean", "completeness"), DAYS, HERE, (DAY,), LOCAL),
                    name("completeness"),
                ),
                Query(
                    select(call(DAYS, "min", "completeness"), DAYS, HERE, (DAY,), LOCAL),
                    name("worst_station"),
                ),
            ),
            figure=replace(SHARE, low=None, soft=(0.9, 1)),
        ),
    )


def _week() -> Panel:
    """Mean visits of every hour of the week, as a table of seven days by 24 hours.

    InfluxQL knows no weekday: Grafana takes it and the hour from the time, in the viewer's zone, as text of
    the form `weekday=1 hour=08`, and turns the pairs into fields.
    """
    hourly = select(call(HOURS, "sum", "visits", "visits"), HOURS, HERE, ("time(1h)",), "fill(none)")
    figure = Figure("none", decimals=1)
    return Panel(
        "week",
        table(f"+{WEEKDAY}"),
        24,
        9,
        queries=(Query(hourly, table=True),),
        changes=(
            Change(
                "formatTime",
                {"timeField": "Time", "outputFormat": "[weekday=]E[ hour=]HH", "useTimezone": True},
            ),
            Change("extractFields", {"source": "Time", "format": "kvp", "keepTime": False, "replace": False}),
            Change(
                "groupBy",
                {
                    "fields": {
                        "weekday": {"aggregations": [], "operation": "groupby"},
                        "hour": {"aggregations": [], "operation": "groupby"},
                        "visits": {"aggregations": ["mean"], "operation": "aggregate"},
                    }
                },
            ),
            Change(
                "groupingToMatrix",
                {"columnField": "hour", "rowField": "weekday", "valueField": "visits (mean)"},
            ),
        ),
        columns=(
            Column(WEEKDAY, name("weekday"), words=DAYS_OF_WEEK, width=90),
            *(Column(hour, Text(hour, hour), figure, cell="shaded", width=58) for hour in HOUR_COLUMNS),
        ),
        span=WEEKS,
    )


def _months() -> tuple[Panel, ...]:
    latest = fields(MONTHS, *BAND, "completeness", "method", "station")
    return (
        Panel(
            "months",
            bars(),
            12,
            10,
            queries=(banded_sum(MONTHS, HERE, DAY, LOCAL),),
            figure=WHOLE,
            columns=band(),
            span=YEARS,
        ),
        Panel(
            "stations",
            table("Time", "visits"),
            12,
            10,
            queries=(
                Query(
                    select(latest, MONTHS, HERE, (), "ORDER BY time DESC LIMIT 1000"),
                    table=True,
                ),
            ),
            columns=(
                column("Time", Figure("time:YYYY-MM"), width=90),
                column("station", link=station_link()),
                counted("visits"),
                counted("low"),
                counted("high"),
                column("completeness", SHARE, cell="coloured"),
                column("method"),
            ),
            span=YEARS,
        ),
        _published(),
    )


def _published() -> Panel:
    """What was published of whole months; the row of a region names no station, so none is a link."""
    said = fields(REPORTS, "region", "station", *BAND, "completeness", "version")
    asked = select(said, REPORTS, (*HERE, *MONTHLY, STANDS), (), "ORDER BY time DESC LIMIT 1000")
    return Panel(
        "published",
        table("Time", "visits"),
        24,
        10,
        queries=(Query(asked, table=True),),
        columns=(
            column("Time", Figure("time:YYYY-MM"), width=90),
            column("region"),
            column("station", none=name("whole_region")),
            *(counted(one, none=DASH) for one in BAND),
            column("completeness", SHARE, cell="coloured", none=DASH),
            counted("version", width=90),
        ),
        span=YEARS,
    )


BOARD = Board(
    "visits",
    (Row("total", _total()), Row("week", (_week(),)), Row("months", _months())),
    variables=(REGIONS, STATIONS_OF_REGION),
    since="now-30d/d",
    refresh="15m",
)
