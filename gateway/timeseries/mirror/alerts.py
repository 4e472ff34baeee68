"""Alerts: what happened to them, and what people were told or kept from, by the number in the journal."""

from collections.abc import Callable

from catalogue.model import Rule
from gateway.state.alert_rows import AlertRow, Entry
from gateway.state.alerts import Alerts, Told
from gateway.timeseries.mirror.lines import line
from gateway.timeseries.mirror.portion import Connect, Portion, portion_of
from wire.influx import ALERT_MESSAGES, ALERT_TRANSITIONS, ALERTS, NS_A_MS, OWN_STATION

MOST_ENTRIES = 2_000
_STATE_AFTER = {
    Entry.OPENED: "firing",
    Entry.REPEATED: "firing",
    Entry.RAISED: "firing",
    Entry.LAPSED: "firing",
    Entry.ACKNOWLEDGED: "acknowledged",
    Entry.MERGED: "resolved",
    Entry.RESOLVED: "resolved",
}
"""What an entry makes of the alert; the others leave it as it was."""
_TO_PEOPLE = frozenset(
    {
        Entry.SUPPRESSED,
        Entry.HELD,
        Entry.ANNOUNCED,
        Entry.ESCALATED,
        Entry.SUMMARISED,
        Entry.SENT,
        Entry.NOT_SENT,
        Entry.GIVEN_UP,
    }
)


class JournalOfAlerts:
    """Entries of the journal; ``rule_of`` finds a rule by its id."""

    name = "alerts"

    def __init__(self, alerts: Alerts, rule_of: Callable[[str], Rule | None]) -> None:
        self._alerts = alerts
        self._rule_of = rule_of

    def read(self, connect: Connect, position: int) -> Portion | None:  # noqa: ARG002 - of the protocol
        """Return what the next entries say; SQLAlchemyError when the state cannot be read."""
        told = self._alerts.told_after(position, MOST_ENTRIES)
        if not told:
            return None
        lines = [self._line(one, one.alert) for one in told if one.alert is not None]
        said = [one for one in lines if one is not None]
        return portion_of(ALERTS, said, told[-1].id)

    def _line(self, told: Told, alert: AlertRow) -> str | None:
        entry = told.entry
        tags = {
            "region": alert.region or OWN_STATION,
            "station": alert.station_id,
            "rule": alert.rule,
            "severity": told.severity or alert.severity,
        }
        # two entries of one alert in a millisecond both survive, and one written again lands on itself
        at = entry.at * NS_A_MS + told.id % NS_A_MS
        if entry.kind in _TO_PEOPLE:
            more = {name: entry.detail.get(name) for name in ("channel", "reason")}
            tags |= {name: str(value) for name, value in more.items() if value}
            fields: dict[str, object] = {"count": 1, "alert_id": alert.alert_id}
            return line(ALERT_MESSAGES, tags | {"change": str(entry.kind)}, fields, at)
        return line(ALERT_TRANSITIONS, tags | {"device": alert.device}, self._fields(told, alert), at)

    def _fields(self, told: Told, alert: AlertRow) -> dict[str, object]:
        entry, rule = told.entry, self._rule_of(alert.rule)
        since_opened = (entry.at - alert.opened) / 1_000
        return {
            "alert_id": alert.alert_id,
            "change": str(entry.kind),
            "state": _STATE_AFTER.get(entry.kind),
            **_figure("value", entry.detail.get("value")),
            **_figure("limit", entry.detail.get("limit")),
            "name_zh": rule.name.zh if rule else alert.rule,
            "name_en": rule.name.en if rule else alert.rule,
            "runbook": f"docs/reference/rules/{alert.rule}.md" if rule else None,
            "verdict": entry.detail.get("verdict"),
            "ack_s": since_opened if entry.kind is Entry.ACKNOWLEDGED else None,
            "resolve_s": since_opened if entry.kind is Entry.RESOLVED else None,
        }


def _figure(name: str, value: object) -> dict[str, object]:
    """Return a figure under the name its type has: InfluxDB keeps one type a field."""
    if isinstance(value, bool | int | float):
        return {name: float(value)}
    return {f"{name}_text": value}
