"""From a row of the outbox to the message a person reads."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from catalogue.model import Text
from gateway.alerting.response.deciding import awaits_person
from gateway.alerting.response.surroundings import GATEWAY, Surroundings
from gateway.notify.compared import compared
from gateway.notify.links import Link, Links
from gateway.notify.notifier import Kind, Message, Notice
from gateway.state.alert_rows import AlertRow, AlertState
from gateway.state.notification_rows import NotificationRow
from wire.measures.words import Name

LINK_LASTS_MS = 24 * 3_600_000
OLD_MS = 300_000
"""A reading older than this at first receipt came late (contract, section 6)."""
PLATFORM: Mapping[str, str] = {"zh": "监控平台", "en": "Monitoring platform"}
"""What people call the station `_gateway`."""
NAMED = {Kind.STORM: 5, Kind.DIGEST: 20}
"""How many of the worst a summary names; what is about a life it names always."""


@dataclass(frozen=True, slots=True)
class Composer:
    """Puts messages together; ``name`` gives the name of a station in zh and en, ``public_url`` its links."""

    surroundings: Surroundings
    name: Callable[[str], Mapping[str, str]]
    links: Links
    public_url: str | None = None

    def message(
        self, row: NotificationRow, alerts: Sequence[AlertRow], attempt: int, now: int
    ) -> Message | None:
        """Return what is still worth telling of a notification; None when nothing is."""
        kind = Kind(row.kind)
        by_id = {alert.alert_id: alert for alert in alerts}
        told = [by_id[one] for one in row.alert_ids if one in by_id and _worth(kind, by_id[one], now)]
        if not told and kind is not Kind.TEST:
            return None
        summary = kind in NAMED
        was = row.detail.get("was")
        return Message(
            notification_id=row.id,
            kind=kind,
            notices=tuple(
                self.notice(alert, row.person, was if isinstance(was, Mapping) else {}, now)
                for alert in self._named(kind, told)
            ),
            attempt=attempt,
            step=_whole(row.detail.get("step")),
            waited_s=_whole(row.detail.get("waited_s")),
            counts=Counter(alert.severity for alert in told) if summary else {},
            stations=len({alert.station_id for alert in told}) if summary else 0,
        )

    def _named(self, kind: Kind, told: Sequence[AlertRow]) -> list[AlertRow]:
        """Return what is told one by one, the worst first."""
        lives = {alert.alert_id for alert in told if self.surroundings.known_rule(alert.rule).life_safety}
        worst = sorted(told, key=lambda alert: (alert.alert_id not in lives, alert.severity, alert.opened))
        return worst[: max(NAMED[kind], len(lives))] if kind in NAMED else worst

    def notice(self, alert: AlertRow, person: str, was: Mapping[str, object], now: int) -> Notice:
        """Return all there is to say about one alert to one person."""
        rule = self.surroundings.known_rule(alert.rule)
        names = PLATFORM if alert.station_id == GATEWAY else self.name(alert.station_id)
        before = was.get(alert.alert_id)
        late = alert.received - alert.opened
        return Notice(
            alert_id=alert.alert_id,
            severity=alert.severity,
            rule=alert.rule,
            name=_name(rule.name),
            station_id=alert.station_id,
            station=Name(names["zh"], names["en"]),
            tz=self.surroundings.station(alert.station_id).tz,
            opened=alert.opened,
            first_action=_name(rule.first_action),
            device=alert.device,
            measured=compared(rule, alert.severity, alert.value),
            value=alert.value,
            limit=alert.limit,
            was=str(before) if before else None,
            cleared=alert.changed if alert.standing is None or not alert.is_open else None,
            awaits_person=awaits_person(alert, rule),
            life_safety=rule.life_safety,
            age_s=late // 1_000 if rule.life_safety and late > OLD_MS else None,
            retrospective=alert.retrospective,
            incomplete=alert.incomplete,
            link=self._link(alert, person, now),
        )

    def _link(self, alert: AlertRow, person: str, now: int) -> str | None:
        if self.public_url is None or not alert.is_open:
            return None
        return self.links.url(self.public_url, Link(alert.alert_id, person, now + LINK_LASTS_MS))


def _worth(kind: Kind, alert: AlertRow, now: int) -> bool:
    """Whether an alert is still to be told: not to those who have been spared it meanwhile."""
    if kind is Kind.RESOLVED:
        return not alert.is_open
    if kind is Kind.ESCALATION:
        return alert.state is AlertState.FIRING and not alert.snoozed(now)
    if kind is Kind.ALERT:
        taken = alert.state is AlertState.ACKNOWLEDGED or alert.verdict is not None
        return not taken and not alert.snoozed(now)
    return True


def _name(text: Text) -> Name:
    return Name(text.zh, text.en)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
