"""The gateway itself: what comes in, what it could not take, stores and mirror, messages, its machine."""

from dashboards.influxql import BUCKET, GATEWAY, call, fields, select
from dashboards.limits import Limit, above
from dashboards.model import Board, Figure, Panel, Query, Row, Step, Text, Word
from dashboards.parts import chart, column, counted
from dashboards.texts import name, shared
from dashboards.views import bars, lines, stat
from wire.influx import ALERT_MESSAGES, QUARANTINE
from wire.influx import GATEWAY as OWN

MINUTE_S = 60
BY_CHANNEL = "\"channel\" != ''"
HERE = (GATEWAY,)
UP = {"1": Word(shared().words["up"], "green"), "0": Word(shared().words["down"], "red")}
LAG = (Step(None, "green"), Step(60, "yellow"), Step(900, "red"))
"""A minute behind is a restart; a quarter of an hour is an InfluxDB that does not take points."""


def _rate(field: str) -> Query:
    """Counters begin at zero when the gateway starts; a fall is a start, and no rate."""
    newest = call(OWN, "last", field)
    return Query(
        select(f"non_negative_derivative({newest}, 1s)", OWN, HERE, (BUCKET,), "fill(null)"), name(field)
    )


def _level(field: str) -> Query:
    return Query(select(call(OWN, "max", field), OWN, HERE, (BUCKET,), "fill(null)"), name(field))


def _panel(panel: str, queries: tuple[Query, ...], figure: Figure, *, limits: bool = False) -> Panel:
    return Panel(
        panel, lines(MINUTE_S, fill=5, limits=limits), 8, 8, queries=queries, figure=figure, least_s=MINUTE_S
    )


def _now() -> tuple[Panel, ...]:
    names = ("stations_known", "store_up", "broker_up", "mirror_lag_s", "quarantined_total", "dropped_total")
    latest = select(fields(OWN, *names), OWN, HERE, (), "ORDER BY time DESC LIMIT 1")
    columns = (
        counted("stations_known"),
        column("store_up", words=UP),
        column("broker_up", words=UP),
        column("mirror_lag_s", Figure("s", steps=LAG)),
        counted(
            "quarantined_total", Figure("none", decimals=0, steps=(Step(None, "green"), Step(1, "orange")))
        ),
        counted("dropped_total", Figure("none", decimals=0, steps=(Step(None, "green"), Step(1, "red")))),
    )
    return (
        Panel(
            "now",
            stat(),
            24,
            4,
            queries=(Query(latest, table=True),),
            columns=columns,
            span="10m",
        ),
    )


def _ingest() -> tuple[Panel, ...]:
    by_reason = Query(
        select(call(QUARANTINE, "max", "entries_total"), QUARANTINE, HERE, (BUCKET, "reason"), "fill(none)"),
        Text("$tag_reason", "$tag_reason"),
    )
    return (
        _panel(
            "frames",
            (_rate("frames_total"), _rate("duplicates_total"), _rate("acks_total")),
            Figure("cps", low=0),
        ),
        _panel("points", (_rate("points_total"),), Figure("cps", low=0)),
        _panel("quarantine", (_level("quarantined_total"), by_reason), Figure("none", low=0, decimals=0)),
    )


def _stores() -> tuple[Panel, ...]:
    return (
        _panel("commits", (_rate("commit_seconds_total"),), Figure("percentunit", low=0, high=1)),
        _panel("inbox", (_level("inbox_bytes"),), Figure("bytes", low=0)),
        _panel("lag", (_level("mirror_lag_s"),), Figure("s", low=0, steps=LAG), limits=True),
        _panel(
            "mirrored", (_rate("mirror_points_total"), _rate("mirror_refused_total")), Figure("cps", low=0)
        ),
        _panel(
            "ignored", (_level("dropped_total"), _level("ignored_total")), Figure("none", low=0, decimals=0)
        ),
        _panel(
            "messages",
            (_level("messages_sent_total"), _level("messages_failed_total")),
            Figure("none", low=0, decimals=0),
        ),
    )


def _channels() -> Panel:
    count = call(ALERT_MESSAGES, "sum", "count")
    return Panel(
        "channels",
        bars(stacked=True),
        24,
        7,
        queries=(
            Query(
                select(
                    count, ALERT_MESSAGES, ("\"channel\" != ''",), (BUCKET, "channel", "change"), "fill(none)"
                ),
                Text("$tag_channel $tag_change", "$tag_channel $tag_change"),
            ),
        ),
        least_s=3600,
    )


def _machine() -> tuple[Panel, ...]:
    disk = above(Limit("AG-04", "high", "orange"), Limit("AG-04", "higher", "red"))
    return (
        chart("processor", "agent", "cpu_pct", where=HERE),
        chart("memory", "agent", "mem_used_pct", where=HERE),
        chart("disk", "agent", "disk_used_pct", where=HERE, steps=disk),
    )


BOARD = Board(
    "gateway",
    (
        Row("now", _now()),
        Row("ingest", _ingest()),
        Row("stores", (*_stores(), _channels())),
        Row("machine", _machine()),
    ),
    since="now-6h",
)
