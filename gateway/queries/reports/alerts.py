"""Alerts by rule and severity: how many, how soon they were taken and over, how many were false."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from gateway.queries.reports.period import Period
from gateway.queries.reports.subjects import Subject
from gateway.queries.reports.table import COMPLETENESS, NOTE, REGION, Cell, Column, Kind, Row, Sources, share
from gateway.state.alert_rows import AlertRow, Verdict
from gateway.state.alerts import AlertFilter, Alerts

_PAGE = 1_000
COLUMNS = (
    REGION,
    Column("severity", "", "级别", "Severity", is_key=True),
    Column("rule", "", "规则", "Rule", is_key=True),
    Column("alerts", "1", "告警数", "Alerts"),
    Column("acknowledged", "1", "已确认", "Acknowledged"),
    Column("ack_median_s", "s", "确认用时中位数", "Time to acknowledge, median"),
    Column("ack_longest_s", "s", "最长确认用时", "Time to acknowledge, longest"),
    Column("resolved", "1", "已解决", "Resolved"),
    Column("resolve_median_s", "s", "解决用时中位数", "Time to resolve, median"),
    Column("judged", "1", "有结论", "With a verdict"),
    Column("false", "1", "误报", "False"),
    Column("false_share", "1", "误报率", "False share"),
    COMPLETENESS,
    NOTE,
)


def build(sources: Sources, stations: Sequence[Subject], period: Period) -> list[Row]:
    """Return rows by region: all alerts of each severity, then each rule of it."""
    rows: list[Row] = []
    heard: dict[Cell, float | None] = {}
    for region, there in by_region(stations).items():
        seconds = sources.heard(there, period).values()
        heard[region] = share(sum(one for one, _ in seconds), sum(whole for _, whole in seconds))
        found = [row for row in opened_alerts(sources, there, period) if row.verdict is not Verdict.TEST]
        groups: dict[tuple[str, str], list[AlertRow]] = {}
        for row in found:
            for rule in ("", row.rule):
                groups.setdefault((row.severity, rule), []).append(row)
        for (severity, rule), alerts in sorted(groups.items()):
            rows.append(_row(region, severity, rule or None, alerts))
        if not found:
            rows.append(_row(region, None, None, []))
    return [row | {"completeness": heard[row["region"]]} for row in rows]


def by_region(stations: Iterable[Subject]) -> dict[str | None, list[Subject]]:
    """Return the stations of each region."""
    groups: dict[str | None, list[Subject]] = {}
    for station in stations:
        groups.setdefault(station.region, []).append(station)
    return groups


def opened_alerts(sources: Sources, stations: Sequence[Subject], period: Period) -> list[AlertRow]:
    """Return the alerts about some stations that were opened in a period, in each station's clock."""
    spans = {station.station_id: sources.span(station, period) for station in stations}
    if not spans:
        return []
    since = min(start for start, _ in spans.values())
    only = next(iter(spans)) if len(spans) == 1 else None
    wanted = AlertFilter(station_id=only, since=since)
    return [
        row
        for row in _every(sources.alerts, wanted)
        if row.station_id in spans and spans[row.station_id][0] <= row.opened < spans[row.station_id][1]
    ]


def _every(alerts: Alerts, wanted: AlertFilter) -> Iterator[AlertRow]:
    before = None
    while page := alerts.page(_PAGE, before, wanted):
        yield from page
        before = page[-1].alert_id


def _row(region: str | None, severity: str | None, rule: str | None, found: Sequence[AlertRow]) -> Row:
    taken = [row.acknowledged - row.opened for row in found if row.acknowledged is not None]
    over = [row.resolved - row.opened for row in found if row.resolved is not None]
    judged = [row for row in found if row.verdict is not None]
    false = sum(row.verdict is Verdict.FALSE for row in judged)
    return {
        "region": region,
        "severity": severity,
        "rule": rule,
        "alerts": len(found),
        "acknowledged": len(taken),
        "ack_median_s": round(median(taken) / 1_000) if taken else None,
        "ack_longest_s": round(max(taken) / 1_000) if taken else None,
        "resolved": len(over),
        "resolve_median_s": round(median(over) / 1_000) if over else None,
        "judged": len(judged),
        "false": false,
        "false_share": share(false, len(judged)),
        "note": "" if found else "no_alerts",
    }


KIND = Kind("alerts", "告警与处置", "Alerts", COLUMNS, build)
