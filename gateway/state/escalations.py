"""Which alerts are still being told to people, how far that is, and when the next step is due."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from gateway.state.alert_schema import escalations
from gateway.state.repository import Repository


@dataclass(frozen=True, slots=True)
class EscalationRow:
    """``step`` counts the steps taken since ``started``; the next is due at ``next_at`` (ms UTC)."""

    alert_id: str
    started: int
    step: int
    next_at: int


class Escalations(Repository):
    """The table `escalations`; an alert without a row is not being told."""

    def save(self, connection: Connection, rows: Iterable[EscalationRow]) -> None:
        """Write rows over those of the same alerts."""
        values = [asdict(row) for row in rows]
        if values:
            statement = insert(escalations)
            written = {column.name: statement.excluded[column.name] for column in escalations.columns}
            connection.execute(
                statement.on_conflict_do_update(index_elements=["alert_id"], set_=written), values
            )

    def stop(self, connection: Connection, alert_ids: Iterable[str]) -> None:
        """Tell nobody any more."""
        for alert_id in alert_ids:
            connection.execute(delete(escalations).where(escalations.c.alert_id == alert_id))

    def any_due(self, now: int) -> bool:
        """Whether a step is due by ``now``."""
        query = select(escalations.c.alert_id).where(escalations.c.next_at <= now).limit(1)
        with self._reading.connect() as connection:
            return connection.execute(query).first() is not None

    def due(self, connection: Connection, now: int, limit: int) -> list[EscalationRow]:
        """Return at most ``limit`` escalations whose next step is due by ``now``."""
        query = (
            select(escalations)
            .where(escalations.c.next_at <= now)
            .order_by(escalations.c.next_at)
            .limit(limit)
        )
        return [EscalationRow(**row) for row in connection.execute(query).mappings()]

    def find(self, connection: Connection, alert_id: str) -> EscalationRow | None:
        """Return the escalation of an alert, or None."""
        query = select(escalations).where(escalations.c.alert_id == alert_id)
        found = connection.execute(query).mappings().first()
        return None if found is None else EscalationRow(**found)
