"""What is about somebody's life while the state takes no rows: told from memory, and only once.

The disk under the operational database is full, or broken, even with its reserve given back. Transitions are
offered again until they can be written; meanwhile the dispatcher sends these without a row.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from gateway.alerting.response.course import identity, take
from gateway.alerting.response.deciding import Policy
from gateway.alerting.response.escalation import advance, begin, plan_of
from gateway.domain.alerts import Change, Transition
from gateway.domain.oncall import Override, chain
from gateway.notify.notifier import Kind
from gateway.state.alert_rows import AlertRow
from gateway.state.notification_rows import Delivery, NotificationRow
from gateway.state.notifications import Notifications

MOST = 1_000
"""So many wait in memory; a city does not burn in more places at once."""
LATE_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Unwritten:
    """One alert to be told to one person over one channel, from memory."""

    alert: AlertRow
    person: str
    channel: str
    at: int


class Emergency:
    """Holds what cannot be written. Thread-safe."""

    def __init__(self, policy: Policy, overrides: Callable[[int], Iterable[Override]]) -> None:
        self._policy = policy
        self._overrides = overrides
        self._lock = threading.Lock()
        self._heard: dict[str, str] = {}
        self._waiting: dict[str, deque[Unwritten]] = {}
        self._told: set[tuple[str, str, str]] = set()
        self.dropped = 0

    def hear(self, transitions: Sequence[Transition], now: int) -> None:
        """Take what is about somebody's life out of transitions that could not be written."""
        for transition in transitions:
            rule = self._policy.rule(transition.key.rule)
            news = transition.change in {Change.OPENED, Change.RAISED}
            too_old = transition.received - transition.opened > LATE_MS
            if news and rule.life_safety and not (transition.retrospective and too_old):
                self._hear(transition, now)

    def next(self, channel: str) -> Unwritten | None:
        """Take the next to be sent over a channel; None: nothing waits."""
        with self._lock:
            waiting = self._waiting.get(channel)
            return waiting.popleft() if waiting else None

    def put_back(self, unwritten: Unwritten) -> None:
        """Keep what was refused for another attempt."""
        with self._lock:
            self._waiting.setdefault(unwritten.channel, deque()).appendleft(unwritten)

    def tell(self, unwritten: Unwritten) -> None:
        """Note that it was sent."""
        with self._lock:
            self._told.add((unwritten.alert.alert_id, unwritten.person, unwritten.channel))

    def told(self, alert_id: str, person: str, channel: str) -> bool:
        """Whether an alert was sent to a person over a channel and has no row yet."""
        with self._lock:
            return (alert_id, person, channel) in self._told

    def settle(
        self,
        connection: Connection,
        notifications: Notifications,
        written: Iterable[NotificationRow],
        now: int,
    ) -> None:
        """Mark as sent, of rows now being written, what was told from memory; the rest is theirs to send."""
        with self._lock:
            if not self._heard:
                return
            for row in written:
                done = all((alert, row.person, row.channel) in self._told for alert in row.alert_ids)
                if row.kind == Kind.ALERT and done:
                    sent = replace(row, state=Delivery.SENT, attempts=1, finished=now, reason="from memory")
                    notifications.update(connection, sent)

    def written(self, transitions: Iterable[Transition]) -> None:
        """Forget what has rows now: they have the rest of it."""
        with self._lock:
            names = {identity(transition) for transition in transitions} if self._heard else set()
            over = {self._heard.pop(name) for name in names & self._heard.keys()}
            self._told = {told for told in self._told if told[0] not in over}
            for channel, waiting in self._waiting.items():
                self._waiting[channel] = deque(one for one in waiting if one.alert.alert_id not in over)

    def _hear(self, transition: Transition, now: int) -> None:
        station = self._policy.surroundings.station(transition.key.station_id)
        rule = self._policy.rule(transition.key.rule)
        outcome = take(None, transition, rule, station.region)
        if outcome is None:
            return
        row = outcome.row
        with self._lock:
            name = identity(transition)
            if name in self._heard or len(self._heard) >= MOST:
                self.dropped += name not in self._heard
                return
            self._heard[name] = row.alert_id
            for person, channel in self._recipients(row, now):
                waiting = self._waiting.setdefault(channel, deque())
                waiting.append(Unwritten(row, person, channel, now))

    def _recipients(self, row: AlertRow, now: int) -> tuple[tuple[str, str], ...]:
        policy = self._policy
        plan = plan_of(policy.on_call, row.severity)
        duties = chain(policy.rota, self._overrides(now), now, row.region, row.severity)
        start = begin(plan, row.alert_id, now)
        call, _ = advance(plan, replace(start, next_at=now), duties, policy.rota.people, now)
        return () if call is None else call.to
