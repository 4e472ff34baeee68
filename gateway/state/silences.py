"""Silences: those in force, those to come, and those that were."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, select, update

from gateway.domain.silences import Match, Silence
from gateway.state.alert_schema import silences
from gateway.state.repository import Repository

KEEP_MS = 400 * 24 * 3_600_000


class Silences(Repository):
    """The table `silences`."""

    def add(self, silence: Silence) -> None:
        """Write a new silence, and forget those that ended long ago."""
        match = silence.match
        with self._engine.begin() as connection:
            connection.execute(delete(silences).where(silences.c.end < silence.start - KEEP_MS))
            connection.execute(
                silences.insert().values(
                    id=silence.id,
                    station_id=match.station_id,
                    region=match.region,
                    rule=match.rule,
                    severity=match.severity,
                    reason=silence.reason,
                    by=silence.by,
                    start=silence.start,
                    end=silence.end,
                )
            )

    def get(self, silence_id: str) -> Silence | None:
        """Return one silence, or None."""
        with self._reading.connect() as connection:
            row = connection.execute(select(silences).where(silences.c.id == silence_id)).mappings().first()
        return None if row is None else _silence(row)

    def unended(self, now: int) -> list[Silence]:
        """Return the silences in force at ``now`` and those to come, the first to begin first."""
        query = select(silences).where(silences.c.end > now).order_by(silences.c.start, silences.c.id)
        with self._reading.connect() as connection:
            return [_silence(row) for row in connection.execute(query).mappings()]

    def page(self, limit: int, before: str | None = None) -> list[Silence]:
        """Return at most ``limit`` silences, ended or not, newest first, those older than ``before``."""
        query = select(silences).order_by(silences.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(silences.c.id < before)
        with self._reading.connect() as connection:
            return [_silence(row) for row in connection.execute(query).mappings()]

    def end(self, silence_id: str, now: int) -> bool:
        """End a silence at ``now`` (one to come never begins); False when there is none, or it is over.

        It stays on record, at least 1 ms long.
        """
        with self._engine.begin() as connection:
            row = connection.execute(select(silences).where(silences.c.id == silence_id)).first()
            if row is None or row.end <= now:
                return False
            start = min(row.start, now - 1)
            connection.execute(
                update(silences).where(silences.c.id == silence_id).values(start=start, end=now)
            )
            return True

    def hid(self, connection: Connection, silence_ids: Iterable[str], now: int) -> None:
        """Note that silences kept a message back."""
        connection.execute(update(silences).where(silences.c.id.in_(list(silence_ids))).values(last_hid=now))

    def last_hid(self) -> dict[str, int]:
        """Return when each silence last kept a message back, those that ever did."""
        query = select(silences.c.id, silences.c.last_hid).where(silences.c.last_hid.is_not(None))
        with self._reading.connect() as connection:
            return dict(connection.execute(query).all())


def _silence(row: Any) -> Silence:  # noqa: ANN401 - a row has columns of as many types
    match = Match(row["station_id"], row["region"], row["rule"], row["severity"])
    return Silence(row["id"], match, row["reason"], row["by"], row["start"], row["end"])
