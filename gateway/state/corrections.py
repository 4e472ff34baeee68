"""What people corrected in stored readings: decided here, in one transaction, and kept for good.

The store carries it out afterwards and notes that it has; what it has not carried out, because the process
was killed or the reading is not there (any more, in a store restored from a backup), it can ask for again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from gateway.state.correction_schema import corrected_readings, corrections
from gateway.state.repository import Repository


class Identity(NamedTuple):
    """What names a reading within its station and domain; of frames without stream and seq, their digest."""

    stream: str | None
    seq: int | None
    digest: str | None
    idx: int


@dataclass(frozen=True, slots=True)
class CorrectedReading:
    """One reading a correction is about: ``ts`` in ms is its time, ``old`` what stood there before."""

    identity: Identity
    ts: int
    old: object


@dataclass(frozen=True, slots=True)
class Correction:
    """One decision about one field of some readings; ``n`` counts them from 1, ``at`` is in ms."""

    n: int
    id: str
    at: int
    by: str
    reason: str
    station_id: str
    domain: str
    device: str
    field: str
    removed: bool
    value: object
    count: int
    readings: Sequence[CorrectedReading]


class Corrections(Repository):
    """The tables `corrections` and `corrected_readings`, whose rows are never changed."""

    def decide(self, correction: Correction) -> Correction:
        """Write a correction with its readings; returns it with the number it got."""
        values = {column.name: getattr(correction, column.name) for column in corrections.c}
        del values["n"]
        with self._engine.begin() as connection:
            n = connection.execute(
                corrections.insert().values(values).returning(corrections.c.n)
            ).scalar_one()
            rows = [_row(n, place, reading) for place, reading in enumerate(correction.readings)]
            connection.execute(corrected_readings.insert(), rows)
        return _correction({**values, "n": n}, correction.readings)

    def counts(self) -> dict[str, int]:
        """Return how many readings each correction is about, by id, in the order they were decided."""
        query = select(corrections.c.id, corrections.c.count).order_by(corrections.c.n)
        with self._reading.connect() as connection:
            return {correction_id: count for correction_id, count in connection.execute(query)}  # noqa: C416 - rows

    def get(self, correction_id: str) -> Correction | None:
        """Return a correction with all its readings, or None."""
        with self._reading.connect() as connection:
            query = select(corrections).where(corrections.c.id == correction_id)
            row = connection.execute(query).mappings().first()
            return None if row is None else _correction(row, _readings(connection, row["n"]))

    def page(
        self, limit: int, before: str | None = None, *, station_id: str | None = None, since: int = 0
    ) -> list[Correction]:
        """Return at most ``limit`` made since then (ms), newest first, those before the one of an id.

        Of one about several readings the first alone is with it.
        """
        query = select(corrections, *_OF_READING).join(corrected_readings)
        query = query.where(corrected_readings.c.place == 0, corrections.c.at >= since)
        if before is not None:
            made = select(corrections.c.n).where(corrections.c.id == before).scalar_subquery()
            query = query.where(corrections.c.n < made)
        if station_id is not None:
            query = query.where(corrections.c.station_id == station_id)
        query = query.order_by(corrections.c.n.desc()).limit(limit)
        with self._reading.connect() as connection:
            return [_correction(row, [_reading(row)]) for row in connection.execute(query).mappings()]

    def touched(self, station_id: str, domain: str, field: str, within: tuple[int, int]) -> set[Identity]:
        """Name the readings with ``start <= ts < end`` (ms) of which this field was corrected before."""
        query = (
            select(*_OF_READING)
            .join(corrections)
            .where(corrections.c.station_id == station_id, corrections.c.domain == domain)
            .where(corrections.c.field == field)
            .where(corrected_readings.c.ts >= within[0], corrected_readings.c.ts < within[1])
        )
        with self._reading.connect() as connection:
            return {_reading(row).identity for row in connection.execute(query).mappings()}


Row = Mapping[Any, Any]

_OF_READING = [column for column in corrected_readings.c if column.name != "n"]


def _readings(connection: Connection, n: int) -> list[CorrectedReading]:
    query = select(*_OF_READING).where(corrected_readings.c.n == n).order_by(corrected_readings.c.place)
    return [_reading(row) for row in connection.execute(query).mappings()]


def _row(n: int, place: int, reading: CorrectedReading) -> dict[str, object]:
    stream, seq, digest, idx = reading.identity
    named = {"stream": stream, "seq": seq, "digest": digest, "idx": idx}
    return {"n": n, "place": place, **named, "ts": reading.ts, "old": reading.old}


def _reading(row: Row) -> CorrectedReading:
    identity = Identity(row["stream"], row["seq"], row["digest"], row["idx"])
    return CorrectedReading(identity, row["ts"], row["old"])


def _correction(row: Row, readings: Sequence[CorrectedReading]) -> Correction:
    return Correction(**{column.name: row[column.name] for column in corrections.c}, readings=readings)
