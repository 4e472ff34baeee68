"""What of every station outlives the gateway's process."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from gateway.domain.fleet import Device, Down, StationRecord
from gateway.state.repository import Repository
from gateway.state.schema import stations


class Stations(Repository):
    """The table `stations`."""

    def save(self, records: Iterable[StationRecord]) -> None:
        """Write the records over what was known of the same stations."""
        rows = [_row(record) for record in records]
        if not rows:
            return
        statement = insert(stations)
        written = {column.name: statement.excluded[column.name] for column in stations.columns}
        with self._engine.begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["station_id"], set_=written), rows
            )

    def load(self) -> list[StationRecord]:
        """Return every station ever saved."""
        with self._reading.connect() as connection:
            return [_record(row) for row in connection.execute(select(stations)).mappings()]


def _row(record: StationRecord) -> dict[str, object]:
    return {
        "station_id": record.station_id,
        "region": record.region,
        "first_seen": record.first_seen,
        "last_seen": record.last_seen,
        "session": record.session,
        "down": record.down,
        "best_effort": record.best_effort,
        "devices": [[device.device, device.domain, device.facility] for device in record.devices],
        "occupancy": record.occupancy,
    }


def _record(row: Any) -> StationRecord:  # noqa: ANN401 - a row's columns have as many types
    return StationRecord(
        station_id=row["station_id"],
        region=row["region"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        session=row["session"],
        down=Down(row["down"]) if row["down"] else None,
        best_effort=row["best_effort"],
        devices=tuple(Device(*device) for device in row["devices"]),
        occupancy=row["occupancy"],
    )
