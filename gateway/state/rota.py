"""Who stands in for whom. The plan itself is in the settings."""

from dataclasses import asdict

from sqlalchemy import delete, select

from gateway.domain.oncall import Override
from gateway.state.alert_schema import rota_overrides
from gateway.state.repository import Repository

KEEP_MS = 400 * 24 * 3_600_000


class RotaOverrides(Repository):
    """The table `rota_overrides`."""

    def add(self, override: Override) -> None:
        """Write a new override, and forget those that ended long ago."""
        with self._engine.begin() as connection:
            connection.execute(delete(rota_overrides).where(rota_overrides.c.end < override.start - KEEP_MS))
            connection.execute(rota_overrides.insert().values(asdict(override)))

    def get(self, override_id: str) -> Override | None:
        """Return one override, or None."""
        query = select(rota_overrides).where(rota_overrides.c.id == override_id)
        with self._reading.connect() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else Override(**row)

    def unended(self, now: int) -> list[Override]:
        """Return the overrides that hold at ``now`` and those to come, the first to begin first."""
        query = (
            select(rota_overrides)
            .where(rota_overrides.c.end > now)
            .order_by(rota_overrides.c.start, rota_overrides.c.id)
        )
        with self._reading.connect() as connection:
            return [Override(**row) for row in connection.execute(query).mappings()]

    def remove(self, override_id: str) -> bool:
        """Take an override out; False when there is none."""
        with self._engine.begin() as connection:
            gone = connection.execute(delete(rota_overrides).where(rota_overrides.c.id == override_id))
            return gone.rowcount == 1
