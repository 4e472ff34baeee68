"""Who changed what, when: every write that came by the API."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select

from gateway.state.repository import Repository
from gateway.state.schema import audit

KEEP_MS = 400 * 24 * 3_600_000
"""The law asks for six months at least."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One write: by whom, what, to what."""

    at: int
    by: str
    action: str
    target: str
    detail: Mapping[str, object]


class Audit(Repository):
    """The table `audit`."""

    def note(self, deed: Deed) -> None:
        """Write the deed, and forget those older than is kept."""
        with self._engine.begin() as connection:
            connection.execute(
                audit.insert().values(
                    at=deed.at, by=deed.by, action=deed.action, target=deed.target, detail=deed.detail
                )
            )
            connection.execute(delete(audit).where(audit.c.at < deed.at - KEEP_MS))

    def newest(self, limit: int = 100) -> list[Deed]:
        """Return the newest deeds first."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        with self._reading.connect() as connection:
            rows = connection.execute(query).all()
        return [Deed(row.at, row.by, row.action, row.target, row.detail) for row in rows]
