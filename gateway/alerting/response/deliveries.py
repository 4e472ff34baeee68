"""The state's side of sending: what is claimed, what became of it, and who is tried next.

Synchronous and thread-safe. A copy that was sent but could not be marked is remembered, and never sent again
by this process.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gateway.alerting.response.settings import CONSOLE
from gateway.domain.oncall import Override, Rota, chain
from gateway.notify.notifier import Kind, Refused
from gateway.state.alert_rows import AlertRow, Entry, JournalEntry
from gateway.state.database import State
from gateway.state.notification_rows import Delivery, NotificationRow

LEASE_MS = 60_000
"""Longer than any send may take (the dispatcher ends one after 15 s)."""
BACK_OFF_MS = (2_000, 5_000, 15_000, 30_000, 60_000)
FAILURES = 3
"""After so many in a row the next channel is tried."""
TOO_LONG_MS = 60_000
"""A channel that wants to be left alone for longer is no way to tell somebody of P1 or P2."""
START_OVER_MS = 300_000
GIVE_UP_MS = 24 * 3_600_000
FAR_MS = 31 * 86_400_000


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notification that is ours to send now, with the alerts it is about as they are."""

    row: NotificationRow
    alerts: tuple[AlertRow, ...]


class Deliveries:
    """Claims and marks notifications in the name of one ``owner``, the running gateway."""

    def __init__(
        self, state: State, owner: str, rota: Rota, overrides: Callable[[int], Iterable[Override]]
    ) -> None:
        self._state = state
        self._owner = owner
        self._rota = rota
        self._overrides = overrides
        self._unmarked: dict[str, tuple[str, ...]] = {}

    def take_over(self, channels: Iterable[str], now: int) -> None:
        """Let go of what a dead gateway held, and give what is for channels that are gone to others."""
        self._state.notifications.release(self._owner)
        known = set(channels)
        for channel in self._state.notifications.backlog().keys() - known:
            # those that are not due yet, too: nobody looks at this channel later
            while row := self._state.notifications.claim(channel, now + FAR_MS, self._owner, LEASE_MS):
                with self._state.begin() as connection:
                    self._redirect(connection, row, "this channel is not set up any more", now, known)

    def claim(self, channel: str, now: int) -> Claimed | None:
        """Take the next that is due on a channel; None: nothing is.

        Where the disk takes no claim, what is about somebody's life is sent without one.
        """
        while True:
            try:
                row = self._state.notifications.claim(channel, now, self._owner, LEASE_MS)
            except DBAPIError:
                row = self._unclaimed(channel, now)
            if row is None:
                return None
            if row.id not in self._unmarked:
                break
            self.sent(row, self._unmarked[row.id], (), now)
        with self._state.begin_reading() as connection:
            return Claimed(row, tuple(self._state.alerts.among(connection, row.alert_ids)))

    def sent(self, row: NotificationRow, told: Sequence[str], rest: Sequence[str], now: int) -> None:
        """Mark what was delivered; ``rest`` are the alerts that need a further request."""
        if rest:
            after = replace(_waiting(row, now), alert_ids=tuple(rest), attempts=0, failures=0)
        else:
            after = replace(row, state=Delivery.SENT, finished=now, reason=None)
        entries = [self._entry(row, alert, Entry.SENT, now, {}) for alert in told]
        try:
            self._write(row, after, entries)
        except DBAPIError:
            self._unmarked[row.id] = tuple(told)
            return
        self._unmarked.pop(row.id, None)

    def refused(self, row: NotificationRow, refused: Refused, now: int, channels: Iterable[str]) -> None:
        """Note a refusal: the same again after a while, or the next channel, or the next person."""
        failures = row.failures + 1
        detail = {"reason": refused.reason.value, "detail": refused.detail}
        entries = [self._entry(row, alert, Entry.NOT_SENT, now, detail) for alert in row.alert_ids]
        wait = max(refused.retry_after_ms, BACK_OFF_MS[min(failures, len(BACK_OFF_MS)) - 1])
        urgent = row.severity in {"P1", "P2"}
        with self._state.begin() as connection:
            if refused.permanent or failures >= FAILURES or (urgent and wait > TOO_LONG_MS):
                self._redirect(connection, row, refused.reason.value, now, set(channels), entries)
                return
            after = replace(_waiting(row, now + wait), failures=failures, reason=refused.reason.value)
            self._update(connection, after, entries)

    def put_back(self, row: NotificationRow, due: int) -> None:
        """Give back what may not be sent yet: no attempt was made."""
        self._write(row, replace(_waiting(row, due), attempts=row.attempts - 1), ())

    def cancel(self, row: NotificationRow, now: int) -> None:
        """Note that nothing of it is worth telling any more."""
        self._write(
            row, replace(row, state=Delivery.CANCELLED, finished=now, reason="nothing left to tell"), ()
        )

    # -- who is next ---------------------------------------------------------------------------------------

    def _redirect(
        self,
        connection: Connection,
        row: NotificationRow,
        reason: str,
        now: int,
        channels: set[str],
        entries: Sequence[JournalEntry] = (),
    ) -> None:
        tried = (*row.tried, (row.person, row.channel))
        following = self._next(row, tried, now, channels)
        if following is not None:
            person, channel = following
            after = replace(_waiting(row, now), person=person, channel=channel, tried=tried, failures=0)
        elif now - row.created < GIVE_UP_MS:
            person, channel = next((pair for pair in tried if pair[1] in channels), tried[0])
            again = _waiting(row, now + START_OVER_MS)
            after = replace(again, person=person, channel=channel, tried=(), failures=0)
        else:
            after = replace(row, tried=tried, state=Delivery.GIVEN_UP, finished=now)
            entries = [*entries, *(self._entry(row, a, Entry.GIVEN_UP, now, {}) for a in row.alert_ids)]
        self._update(connection, replace(after, reason=reason), entries)

    def _next(
        self, row: NotificationRow, tried: Sequence[tuple[str, str]], now: int, channels: set[str]
    ) -> tuple[str, str] | None:
        """Return the same person's next channel, else the next person's; the log tells nobody."""
        region = row.detail.get("region")
        duties = chain(
            self._rota, self._overrides(now), now, region if isinstance(region, str) else None, row.severity
        )
        persons = dict.fromkeys([row.person, *(duty.person for duty in duties)])
        for person in persons:
            known = self._rota.people.get(person)
            for channel in known.channels if known else ():
                if (person, channel) not in tried and channel in channels and channel != CONSOLE:
                    return person, channel
        return None

    # -- writing -------------------------------------------------------------------------------------------

    def _unclaimed(self, channel: str, now: int) -> NotificationRow | None:
        waiting = self._state.notifications.waiting(channel, now)
        life = (row for row in waiting if row.life_safety and row.id not in self._unmarked)
        return next((replace(row, attempts=row.attempts + 1) for row in life), None)

    def _write(self, row: NotificationRow, after: NotificationRow, entries: Sequence[JournalEntry]) -> None:
        with self._state.begin() as connection:
            # a row that was sent without a claim is nobody's
            owner = self._owner if row.state is Delivery.CLAIMED else None
            if self._state.notifications.update(connection, after, owner):
                self._state.alerts.note(connection, entries)

    def _update(
        self, connection: Connection, after: NotificationRow, entries: Sequence[JournalEntry]
    ) -> None:
        if self._state.notifications.update(connection, after, self._owner):
            self._state.alerts.note(connection, entries)

    def _entry(
        self, row: NotificationRow, alert: str, kind: Entry, now: int, more: Mapping[str, object]
    ) -> JournalEntry:
        detail = {
            "notification": row.id,
            "kind": str(Kind(row.kind)),
            "person": row.person,
            "channel": row.channel,
            "attempt": row.attempts,
            **more,
        }
        return JournalEntry(alert, now, kind, None, detail)


def _waiting(row: NotificationRow, due: int) -> NotificationRow:
    return replace(row, state=Delivery.WAITING, owner=None, leased_until=None, due=due)
