"""The outbox of notifications: claimed with a lease, sent, then marked."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, and_, delete, func, or_, select, text, update
from sqlalchemy.dialects.sqlite import insert
from ulid import ULID

from gateway.state.alert_schema import notifications
from gateway.state.notification_rows import Delivery, NotificationRow
from gateway.state.repository import Repository, chunks

KEEP_MS = 400 * 24 * 3_600_000
_UNFINISHED = text("state IN ('waiting', 'claimed')")
"""Word for word the condition of the index of what waits: with bound values SQLite would not use it."""
LATEST_DUE_MS = 3_600_000
"""A summary is due sooner than this after it was written."""


class Notifications(Repository):
    """The table `notifications`."""

    # -- sending -------------------------------------------------------------------------------------------

    def claim(self, channel: str, now: int, owner: str, lease_ms: int) -> NotificationRow | None:
        """Take the worst, then longest due notification of a channel for ``lease_ms``; None: nothing is due.

        What another owner has claimed is left alone until its lease is over.
        """
        of_channel = notifications.c.channel == channel
        query = (
            select(notifications)
            .where(_UNFINISHED, of_channel, _claimable(now))
            .order_by(notifications.c.severity, notifications.c.due, notifications.c.id)
            .limit(1)
        )
        with self._reading.connect() as connection:
            found = connection.execute(query).mappings().first()
        if found is None:
            return None
        attempts = found["attempts"] + 1
        lease = {"state": Delivery.CLAIMED, "owner": owner, "leased_until": now + lease_ms}
        with self._engine.begin() as connection:
            claimed = connection.execute(
                update(notifications)
                .where(notifications.c.id == found["id"], _claimable(now))
                .values(attempts=attempts, **lease)
            )
        if claimed.rowcount != 1:
            return None
        return _row({**found, **lease, "attempts": attempts})

    def waiting(self, channel: str, now: int, limit: int = 100) -> list[NotificationRow]:
        """Return what is due on a channel without claiming it: for a disk that takes no claim."""
        query = (
            select(notifications)
            .where(_UNFINISHED, notifications.c.channel == channel, _claimable(now))
            .order_by(notifications.c.severity, notifications.c.due)
            .limit(limit)
        )
        with self._reading.connect() as connection:
            return [_row(row) for row in connection.execute(query).mappings()]

    def release(self, owner: str) -> int:
        """Let go of every claim of others: the store's lock says that no other gateway runs on this data."""
        with self._engine.begin() as connection:
            changed = connection.execute(
                update(notifications)
                .where(_UNFINISHED, notifications.c.state == Delivery.CLAIMED, notifications.c.owner != owner)
                .values(state=Delivery.WAITING, owner=None, leased_until=None)
            )
            return changed.rowcount

    # -- to be read beside a writer ------------------------------------------------------------------------

    def get(self, notification_id: str) -> NotificationRow | None:
        """Return one notification, or None."""
        with self._reading.connect() as connection:
            query = select(notifications).where(notifications.c.id == notification_id)
            found = connection.execute(query).mappings().first()
        return None if found is None else _row(found)

    def page(self, limit: int, before: str | None = None) -> list[NotificationRow]:
        """Return at most ``limit`` notifications, newest first, those older than ``before``."""
        query = select(notifications).order_by(notifications.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(notifications.c.id < before)
        with self._reading.connect() as connection:
            return [_row(row) for row in connection.execute(query).mappings()]

    def backlog(self) -> dict[str, int]:
        """Return how many notifications wait or are being sent, by channel."""
        query = (
            select(notifications.c.channel, func.count()).where(_UNFINISHED).group_by(notifications.c.channel)
        )
        with self._reading.connect() as connection:
            return dict(connection.execute(query).all())

    # -- inside a transaction ------------------------------------------------------------------------------

    def add(self, connection: Connection, rows: Iterable[NotificationRow]) -> None:
        """Write new notifications; one whose id is there already is left out. Very old ones go."""
        values = [_values(row) for row in rows]
        if not values:
            return
        connection.execute(insert(notifications).on_conflict_do_nothing(index_elements=["id"]), values)
        # ids begin with their time
        oldest = str(ULID.from_timestamp(max(row["created"] for row in values) - KEEP_MS))
        connection.execute(
            delete(notifications).where(notifications.c.id < oldest, notifications.c.finished.is_not(None))
        )

    def update(self, connection: Connection, row: NotificationRow, owner: str | None = None) -> bool:
        """Write a notification over what is there; False when ``owner`` does not hold it any more."""
        statement = update(notifications).where(notifications.c.id == row.id)
        if owner is not None:
            statement = statement.where(
                notifications.c.owner == owner, notifications.c.state == Delivery.CLAIMED
            )
        return connection.execute(statement.values(_values(row))).rowcount == 1

    def created_since(
        self, connection: Connection, person: str, channel: str, since: int
    ) -> list[tuple[str, str]]:
        """Return (kind, severity) of what was written for a person and a channel at ``since`` or later."""
        query = select(notifications.c.kind, notifications.c.severity).where(
            notifications.c.person == person,
            notifications.c.channel == channel,
            notifications.c.created >= since,
        )
        return [(kind, severity) for kind, severity in connection.execute(query)]

    def open_storm(
        self, connection: Connection, person: str, channel: str, kind: str
    ) -> NotificationRow | None:
        """Return the summary for a person and a channel that nobody has begun to send, if there is one."""
        query = select(notifications).where(
            _UNFINISHED,
            notifications.c.person == person,
            notifications.c.channel == channel,
            notifications.c.kind == kind,
            notifications.c.state == Delivery.WAITING,
            notifications.c.attempts == 0,
        )
        found = connection.execute(query).mappings().first()
        return None if found is None else _row(found)

    def storms_due(self, connection: Connection, person: str, channel: str, since: int) -> list[int]:
        """Return when the summaries for a person and a channel were due, those due at ``since`` or later."""
        query = select(notifications.c.due).where(
            notifications.c.person == person,
            notifications.c.channel == channel,
            notifications.c.kind == "storm",
            notifications.c.created >= since - LATEST_DUE_MS,
            notifications.c.due >= since,
        )
        return list(connection.execute(query).scalars())

    def last_told(self, connection: Connection, station_ids: Iterable[str]) -> dict[str, int]:
        """Return by station when a notification about it alone was last written."""
        found: dict[str, int] = {}
        query = select(notifications.c.station_id, func.max(notifications.c.created))
        for some in chunks(station_ids):
            of_some = query.where(notifications.c.station_id.in_(some))
            found.update(connection.execute(of_some.group_by(notifications.c.station_id)).all())
        return found


def _claimable(now: int) -> Any:  # noqa: ANN401 - SQLAlchemy's ColumnElement[bool]
    c = notifications.c
    return or_(
        and_(c.state == Delivery.WAITING, c.due <= now),
        and_(c.state == Delivery.CLAIMED, c.leased_until <= now),
    )


_COLUMNS = tuple(column.name for column in fields(NotificationRow))


def _values(row: NotificationRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _COLUMNS} | {
        "alert_ids": list(row.alert_ids),
        "tried": [list(pair) for pair in row.tried],
    }


def _row(row: Any) -> NotificationRow:  # noqa: ANN401 - a row has columns of as many types
    return NotificationRow(
        **{
            **row,
            "alert_ids": tuple(row["alert_ids"]),
            "tried": tuple((person, channel) for person, channel in row["tried"]),
            "state": Delivery(row["state"]),
        }
    )
