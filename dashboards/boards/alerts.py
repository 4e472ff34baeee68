"""Alerts and who answers them: what is open, what came, how fast it was taken, and what was sent."""

from dashboards.boards.fleet import NOW, OPEN
from dashboards.influxql import BUCKET, DAY, ZONE, call, fields, select, within
from dashboards.model import Board, Change, Figure, Panel, Query, Row, Text
from dashboards.parts import (
    ALERT_WORDS,
    HERE,
    REGIONS,
    RUNBOOK,
    SEVERITY_WORDS,
    STATIONS_OF_REGION,
    VERDICT_WORDS,
    by_severity,
    column,
    counted,
    newest,
    station_link,
)
from dashboards.texts import name
from dashboards.views import bars, stat, table
from wire.influx import ALERT_MESSAGES, ALERT_TRANSITIONS, STATIONS

MONTH = "30d"
HOUR_S = 3_600
SECONDS = Figure("s", low=0)
BY_SEVERITY = Text("$tag_severity", "$tag_severity")
OPENED = "\"change\" = 'opened'"
FALSE = "\"verdict\" = 'false'"
STATE_TOLD = "\"state\" != ''"
"""Leaves out what changes an alert but not its state: a condition that clears while it waits for a person."""


def _now() -> tuple[Panel, ...]:
    columns = tuple(
        counted(f"open_p{level[1]}", Figure("none", decimals=0, steps=steps)) for level, steps in OPEN.items()
    )
    # Of stations, not of regions: somebody may have chosen one.
    standing = newest(STATIONS, HERE, ("region", "station"), *(column.name for column in columns))
    return (
        Panel("open", stat("sum"), 24, 4, queries=(standing,), columns=columns, span=NOW),
        _standing(),
    )


def _standing() -> Panel:
    """The last word on every alert of the month that is not its end.

    An alert's severity may change while it lasts, so it is no part of what is grouped.
    """
    names = ("alert_id", "state", "severity", "name_zh", "value", "limit", "runbook")
    inner = select(
        [
            call(ALERT_TRANSITIONS, "last", "state", "state"),
            *fields(ALERT_TRANSITIONS, *(one for one in names if one != "state")),
        ],
        ALERT_TRANSITIONS,
        HERE,
        ("region", "station", "device", "rule"),
    )
    said = fields(ALERT_TRANSITIONS, *names, "station", "device", "rule")
    outer = select(said, within(inner), ("\"state\" != 'resolved'",), (), "ORDER BY time DESC LIMIT 500")
    return Panel(
        "standing",
        table("+severity", "Time"),
        24,
        10,
        queries=(Query(outer, table=True),),
        columns=(
            column("Time", Figure("dateTimeAsIso"), width=170),
            column("severity", words=SEVERITY_WORDS, cell="coloured", width=80),
            column("station", link=station_link(), width=120),
            column("rule", link=RUNBOOK, width=90),
            column("name_zh"),
            column("device", width=110),
            column("state", words=ALERT_WORDS, cell="coloured", width=120),
            column("value"),
            column("limit"),
            column("runbook", hidden=True),
        ),
        span=MONTH,
    )


def _came() -> tuple[Panel, ...]:
    opened = Query(
        select(
            call(ALERT_TRANSITIONS, "count", "alert_id"),
            ALERT_TRANSITIONS,
            (*HERE, OPENED),
            (DAY, "severity"),
            f"fill(none) tz('{ZONE}')",
        ),
        BY_SEVERITY,
    )
    return (
        Panel("opened", bars(stacked=True), 12, 8, queries=(opened,), columns=by_severity(), span=MONTH),
        Panel(
            "taken", bars(), 12, 8, queries=(_took("ack_s"), _took("resolve_s")), figure=SECONDS, span=MONTH
        ),
        _rules(),
        _history(),
    )


def _took(field: str) -> Query:
    """Nine of ten were faster than this."""
    ninth = call(ALERT_TRANSITIONS, "percentile:90", field)
    return Query(select(ninth, ALERT_TRANSITIONS, HERE, (DAY,), f"fill(none) tz('{ZONE}')"), name(field))


def _rules() -> Panel:
    """How often each rule spoke, how fast it was answered, and how often people called it false."""

    def by_rule(what: str, where: tuple[str, ...] = ()) -> Query:
        return Query(select(what, ALERT_TRANSITIONS, (*HERE, *where), ("rule",)), table=True)

    queries = (
        by_rule(call(ALERT_TRANSITIONS, "count", "alert_id", "opened"), (OPENED,)),
        by_rule(call(ALERT_TRANSITIONS, "mean", "ack_s", "ack_s")),
        by_rule(call(ALERT_TRANSITIONS, "mean", "resolve_s", "resolve_s")),
        by_rule(call(ALERT_TRANSITIONS, "count", "verdict", "judged")),
        by_rule(call(ALERT_TRANSITIONS, "count", "verdict", "false"), (FALSE,)),
    )
    return Panel(
        "rules",
        table("opened"),
        12,
        12,
        queries=queries,
        changes=(Change("joinByField", {"byField": "rule", "mode": "outer"}),),
        columns=(
            column("rule", width=90),
            counted("opened"),
            column("ack_s", SECONDS),
            column("resolve_s", SECONDS),
            counted("judged"),
            counted("false"),
        ),
        span=MONTH,
    )


def _history() -> Panel:
    names = ("station", "rule", "severity", "state", "name_zh", "verdict", "runbook")
    said = fields(ALERT_TRANSITIONS, *names)
    return Panel(
        "history",
        table("Time"),
        12,
        12,
        queries=(
            Query(
                select(said, ALERT_TRANSITIONS, (*HERE, STATE_TOLD), (), "ORDER BY time DESC LIMIT 300"),
                table=True,
            ),
        ),
        columns=(
            column("Time", Figure("dateTimeAsIso"), width=170),
            column("severity", words=SEVERITY_WORDS, cell="coloured", width=70),
            column("station", link=station_link(), width=110),
            column("rule", link=RUNBOOK, width=80),
            column("name_zh"),
            column("state", words=ALERT_WORDS, cell="coloured", width=110),
            column("verdict", words=VERDICT_WORDS, width=80),
            column("runbook", hidden=True),
        ),
    )


def _told() -> tuple[Panel, ...]:
    return (
        Panel(
            "messages",
            bars(stacked=True),
            12,
            8,
            queries=(
                _counted("sent", "sent"),
                _counted("failed", "not_sent|given_up"),
                _counted("escalated", "escalated"),
            ),
            least_s=HOUR_S,
        ),
        Panel(
            "suppressed",
            bars(stacked=True),
            12,
            8,
            queries=(_counted(None, "suppressed|held"),),
            least_s=HOUR_S,
        ),
    )


def _counted(legend: str | None, changes: str) -> Query:
    """Count entries of the journal, by reason where no legend is given."""
    where = (*HERE, f'"change" =~ /^({changes})$/')
    by = (BUCKET,) if legend else (BUCKET, "reason")
    counted_entries = select(call(ALERT_MESSAGES, "sum", "count"), ALERT_MESSAGES, where, by, "fill(none)")
    return Query(counted_entries, name(legend) if legend else Text("$tag_reason", "$tag_reason"))


BOARD = Board(
    "alerts",
    (Row("now", _now()), Row("came", _came()), Row("told", _told())),
    variables=(REGIONS, STATIONS_OF_REGION),
    since="now-7d",
)
