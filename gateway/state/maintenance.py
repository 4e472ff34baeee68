"""Maintenance windows, once or recurring."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from gateway.domain.schedules import Maintenance as Window
from gateway.domain.schedules import Recurrence, Scope
from gateway.state.alert_schema import maintenance
from gateway.state.repository import Repository


class Maintenance(Repository):
    """The table `maintenance`."""

    def add(self, window: Window) -> None:
        """Write a new window."""
        when = window.when
        with self._engine.begin() as connection:
            connection.execute(
                maintenance.insert().values(
                    id=window.id,
                    station_id=window.scope.station_id,
                    region=window.scope.region,
                    device=window.scope.device,
                    begins=when.begins.isoformat(),
                    lasts_s=int(when.lasts.total_seconds()),
                    rule=when.rule,
                    tz=when.tz,
                    reason=window.reason,
                    by=window.by,
                    created=window.created,
                )
            )

    def get(self, window_id: str) -> Window | None:
        """Return one window, or None."""
        query = select(maintenance).where(maintenance.c.id == window_id)
        with self._reading.connect() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _window(row)

    def all(self) -> list[Window]:
        """Return every window, those over included until somebody takes them out."""
        with self._reading.connect() as connection:
            return [_window(row) for row in connection.execute(select(maintenance)).mappings()]

    def remove(self, window_id: str) -> bool:
        """Take a window out; False when there is none."""
        with self._engine.begin() as connection:
            return connection.execute(delete(maintenance).where(maintenance.c.id == window_id)).rowcount == 1


def _window(row: Any) -> Window:  # noqa: ANN401 - a row has columns of as many types
    begins, lasts = datetime.fromisoformat(row["begins"]), timedelta(seconds=row["lasts_s"])
    return Window(
        row["id"],
        Scope(row["station_id"], row["region"], row["device"]),
        Recurrence(begins, lasts, row["rule"], row["tz"]),
        row["reason"],
        row["by"],
        row["created"],
    )
