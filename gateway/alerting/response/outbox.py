"""From what shall be told to rows of notifications: gathered per station, and bounded in a storm.

A person hears of a few things one by one over a channel; when more comes within minutes, the rest goes
together into one summary, which grows until it is sent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection
from ulid import ULID

from gateway.notify.notifier import Kind
from gateway.state.alert_rows import AlertRow
from gateway.state.notification_rows import Delivery, NotificationRow
from gateway.state.notifications import Notifications

WINDOW_MS = 300_000
ONE_BY_ONE = 3
URGENT_WINDOW_MS = 60_000
URGENT_ONE_BY_ONE = 10
"""P1 may use over half of what a robot takes in a minute (18); more than that nobody reads one by one."""
STORM_GATHERS_MS = 20_000
RESOLVED_GATHERS_MS = 15_000

Recipient = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Telling:
    """Something that one person shall be told over one channel; ``detail`` belongs to the kind."""

    kind: Kind
    to: Recipient
    alerts: tuple[AlertRow, ...]
    life_safety: bool = False
    detail: Mapping[str, object] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        """The worst of it."""
        return min((alert.severity for alert in self.alerts), default="P4")

    @property
    def urgent(self) -> bool:
        """Whether it goes alone and at once."""
        return self.severity == "P1" and self.kind in {Kind.ALERT, Kind.ESCALATION}


class Outbox:
    """Writes tellings as notifications, inside the caller's transaction."""

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    def put(self, connection: Connection, tellings: Iterable[Telling], now: int) -> list[NotificationRow]:
        """Write them down; returns the rows, new ones and the summaries that grew."""
        by_recipient: dict[Recipient, list[Telling]] = defaultdict(list)
        for telling in tellings:
            by_recipient[telling.to].append(telling)
        written: list[NotificationRow] = []
        for recipient, theirs in by_recipient.items():
            written += self._put_for(connection, recipient, _gathered(theirs), now)
        return written

    def _put_for(
        self, connection: Connection, recipient: Recipient, tellings: Sequence[Telling], now: int
    ) -> list[NotificationRow]:
        room = self._room(connection, recipient, now)
        alone: list[NotificationRow] = []
        rest: list[Telling] = []
        for telling in sorted(tellings, key=lambda one: (not one.life_safety, one.severity)):
            if telling.kind is Kind.DIGEST or room[telling.urgent] > 0:
                room[telling.urgent] -= 1
                alone.append(_row(telling, now))
            else:
                rest.append(telling)
        self._notifications.add(connection, alone)
        return [*alone, *([self._summarise(connection, recipient, rest, now)] if rest else [])]

    def _room(self, connection: Connection, recipient: Recipient, now: int) -> dict[bool, int]:
        """Return how much may still go one by one: what is urgent, and what is not."""
        since = self._notifications.created_since
        urgent = [s for _, s in since(connection, *recipient, now - URGENT_WINDOW_MS) if s == "P1"]
        others = [
            kind
            for kind, severity in since(connection, *recipient, now - WINDOW_MS)
            if severity != "P1" and kind not in {Kind.STORM, Kind.DIGEST}
        ]
        return {True: URGENT_ONE_BY_ONE - len(urgent), False: ONE_BY_ONE - len(others)}

    def _summarise(
        self, connection: Connection, recipient: Recipient, rest: Sequence[Telling], now: int
    ) -> NotificationRow:
        """Put what is too much into the summary that waits, or into a new one."""
        told = {alert.alert_id: None for telling in rest for alert in telling.alerts}
        severity = min(telling.severity for telling in rest)
        due = now if any(telling.urgent for telling in rest) else now + STORM_GATHERS_MS
        life_safety = any(telling.life_safety for telling in rest)
        waiting = self._notifications.open_storm(connection, *recipient, Kind.STORM)
        if waiting is None:
            last = max(self._notifications.storms_due(connection, *recipient, now - WINDOW_MS), default=None)
            if last is not None and severity != "P1":
                due = max(due, last + WINDOW_MS)
            row = NotificationRow(
                str(ULID.from_timestamp(now)), Kind.STORM, severity, *recipient, now, due, tuple(told)
            )
            row = replace(row, life_safety=life_safety)
            self._notifications.add(connection, [row])
            return row
        row = replace(
            waiting,
            alert_ids=tuple({**dict.fromkeys(waiting.alert_ids), **told}),
            severity=min(severity, waiting.severity),
            due=min(due, waiting.due),
            life_safety=life_safety or waiting.life_safety,
        )
        self._notifications.update(connection, row)
        return row


def _gathered(tellings: Iterable[Telling]) -> list[Telling]:
    """Put together what is about one station and not urgent; a digest is about all of them."""
    gathered: dict[tuple[object, ...], Telling] = {}
    for number, telling in enumerate(tellings):
        station = telling.alerts[0].station_id if telling.alerts else None
        step = telling.detail.get("step")
        key: tuple[object, ...] = (telling.kind, station, step)
        if telling.kind is Kind.DIGEST:
            key = (telling.kind,)
        elif telling.urgent or telling.life_safety:
            key = (number,)
        known = gathered.get(key)
        gathered[key] = telling if known is None else _together(known, telling)
    return list(gathered.values())


def _together(one: Telling, other: Telling) -> Telling:
    detail = {**one.detail, **other.detail}
    was = {**_was(one), **_was(other)}
    return replace(
        one, alerts=(*one.alerts, *other.alerts), detail={**detail, **({"was": was} if was else {})}
    )


def _was(telling: Telling) -> Mapping[str, object]:
    was = telling.detail.get("was")
    return was if isinstance(was, Mapping) else {}


def _row(telling: Telling, now: int) -> NotificationRow:
    stations = {alert.station_id for alert in telling.alerts}
    regions = {alert.region for alert in telling.alerts}
    ordered = sorted(telling.alerts, key=lambda alert: (alert.severity, alert.opened))
    gathers = RESOLVED_GATHERS_MS if telling.kind is Kind.RESOLVED and telling.severity != "P1" else 0
    return NotificationRow(
        id=str(ULID.from_timestamp(now)),
        kind=telling.kind,
        severity=telling.severity,
        person=telling.to[0],
        channel=telling.to[1],
        created=now,
        due=now + gathers,
        alert_ids=tuple(alert.alert_id for alert in ordered),
        station_id=stations.pop() if len(stations) == 1 else None,
        life_safety=telling.life_safety,
        detail={**telling.detail, "region": regions.pop() if len(regions) == 1 else None},
        state=Delivery.WAITING,
    )
