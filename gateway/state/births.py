"""The newest birth of every station, and the journal of births, wills and gateway starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from gateway.state.repository import Repository
from gateway.state.schema import births, journal

JOURNAL_ROWS = 500_000
"""A station on a bad link is born hundreds of times a day; the oldest rows go."""


class Happening(StrEnum):
    """What the journal tells."""

    BIRTH = "birth"
    WILL = "will"
    GATEWAY_START = "gateway_start"
    GATEWAY_STOP = "gateway_stop"
    BROKER_LOST = "broker_lost"
    BROKER_BACK = "broker_back"
    HANDED_OVER = "handed_over"
    """Another gateway claims the station's region."""
    TAKEN_UP = "taken_up"


@dataclass(frozen=True, slots=True)
class NewestBirth:
    """A birth as the station published it; ``received`` on the gateway's clock."""

    station_id: str
    region: str
    received: int
    retained: bool
    session: int
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One thing that happened; ``station_id`` None for the gateway itself."""

    at: int
    kind: Happening
    station_id: str | None
    payload: Mapping[str, object]


def journal_row(birth: NewestBirth) -> JournalRow:
    """Return a birth as the journal tells it: with whether it was only a retained one."""
    said = {**birth.payload, "retained": birth.retained}
    return JournalRow(birth.received, Happening.BIRTH, birth.station_id, said)


class Births(Repository):
    """The tables `births` and `journal`."""

    def save(self, *newest: NewestBirth) -> None:
        """Keep births as the newest of their stations (who is newest is `Fleet.birth`'s to say).

        One transaction for all: after a power cut a thousand stations are born in the same second.
        """
        upsert = insert(births)
        upsert = upsert.on_conflict_do_update(
            index_elements=["station_id"], set_=dict(upsert.excluded.items())
        )
        with self._engine.begin() as connection:
            connection.execute(upsert, [_columns(birth) for birth in newest])
            _write(
                connection,
                [journal_row(birth) for birth in newest],
            )

    def note(self, *rows: JournalRow) -> None:
        """Write rows into the journal, in one transaction."""
        with self._engine.begin() as connection:
            _write(connection, rows)

    def newest(self) -> list[NewestBirth]:
        """Return the newest birth of every station."""
        with self._reading.connect() as connection:
            return [NewestBirth(**row) for row in connection.execute(select(births)).mappings()]

    def started(self, station_id: str) -> int | None:
        """Return when the agent of a station started (ms, its own clock), as its newest birth says."""
        query = select(births.c.payload).where(births.c.station_id == station_id)
        with self._reading.connect() as connection:
            payload = connection.execute(query).scalar()
        started = None if payload is None else payload.get("started")
        return started if isinstance(started, int) else None

    def history(self, station_id: str | None = None, since: int = 0, limit: int = 100) -> list[JournalRow]:
        """Return the journal's newest rows first, of one station or of all."""
        query = select(journal).where(journal.c.at >= since).order_by(journal.c.id.desc()).limit(limit)
        if station_id is not None:
            query = query.where(journal.c.station_id == station_id)
        with self._reading.connect() as connection:
            rows = connection.execute(query).all()
        return [JournalRow(row.at, Happening(row.kind), row.station_id, row.payload) for row in rows]

    def between(self, after: int, until: int) -> list[JournalRow]:
        """Return what the journal tells of ``after < at <= until`` (ms), oldest first."""
        query = select(journal).where(journal.c.at > after, journal.c.at <= until)
        with self._reading.connect() as connection:
            rows = connection.execute(query.order_by(journal.c.at, journal.c.id)).all()
        return [JournalRow(row.at, Happening(row.kind), row.station_id, row.payload) for row in rows]


def _write(connection: Connection, rows: Sequence[JournalRow]) -> None:
    connection.execute(journal.insert(), [_columns(row) for row in rows])
    oldest_kept = select(func.max(journal.c.id) - JOURNAL_ROWS).scalar_subquery()
    connection.execute(delete(journal).where(journal.c.id <= oldest_kept))


def _columns(row: NewestBirth | JournalRow) -> dict[str, object]:
    # asdict copies payloads to the last leaf: half of what a thousand births cost
    return {one.name: getattr(row, one.name) for one in fields(row)}
