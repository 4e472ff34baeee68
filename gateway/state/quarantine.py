"""What could not be taken: every rejected frame and reading, with its reason and (masked) bytes.

Bounded in rows, in bytes and per station, so that one mad box cannot push out what the others sent;
what had to go is counted. Frames held whole are remembered for good: they are acknowledged.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from ulid import ULID

from gateway.state.quarantined import Entry, Quarantined, QuarantineLimits, digest
from gateway.state.repository import Repository
from gateway.state.schema import held_frames, quarantine, quarantine_evictions
from wire.ranges import Ranges


class Quarantine(Repository):
    """The tables `quarantine`, `quarantine_evictions` and `held_frames`."""

    def __init__(self, engine: Engine, limits: QuarantineLimits) -> None:
        super().__init__(engine)
        self._limits = limits

    def add(self, rejected: Sequence[Quarantined], now: int) -> None:
        """Hold what was rejected; the same again only raises the count. Durable when it returns."""
        with self._engine.begin() as connection:
            connection.execute(_upsert(), self._rows(rejected, now))
            _hold(connection, rejected)
            self._bound(connection, {item.station_id for item in rejected})

    def get(self, entry_id: str) -> Entry | None:
        """Return one entry with its bytes, or None."""
        with self._reading.connect() as connection:
            row = connection.execute(select(quarantine).where(quarantine.c.id == entry_id)).first()
        return None if row is None else _entry(row)

    def page(
        self,
        limit: int,
        before: str | None = None,
        *,
        station_id: str | None = None,
        reason: str | None = None,
        regions: Iterable[str] | None = None,
    ) -> list[Entry]:
        """Return at most ``limit`` entries, newest first, those older than the entry ``before``."""
        query = select(quarantine).order_by(quarantine.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(quarantine.c.id < before)
        if station_id is not None:
            query = query.where(quarantine.c.station_id == station_id)
        if reason is not None:
            query = query.where(quarantine.c.reason == reason)
        if regions is not None:
            query = query.where(quarantine.c.region.in_(list(regions)))
        with self._reading.connect() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def mark_replayed(self, entry_id: str, now: int) -> bool:
        """Note that the entry was taken after all; False when it is unknown or was taken before."""
        with self._engine.begin() as connection:
            changed = connection.execute(
                update(quarantine)
                .where(quarantine.c.id == entry_id, quarantine.c.replayed.is_(None))
                .values(replayed=now)
            )
            return changed.rowcount == 1

    def held(self) -> list[tuple[str, str, Ranges]]:
        """Return (station_id, stream, seqs) of every frame ever held whole."""
        with self._reading.connect() as connection:
            rows = connection.execute(select(held_frames)).all()
        return [(row.station_id, row.stream, Ranges(map(tuple, row.ranges))) for row in rows]

    def evicted(self) -> dict[str, int]:
        """Return how many entries had to go, by the bound they were over."""
        with self._reading.connect() as connection:
            return {row.reason: row.entries for row in connection.execute(select(quarantine_evictions))}

    def size(self) -> tuple[int, int]:
        """Return rows and payload bytes kept."""
        with self._reading.connect() as connection:
            return _size(connection)

    def _rows(self, rejected: Sequence[Quarantined], now: int) -> list[dict[str, object]]:
        rows: dict[bytes, dict[str, object]] = {}
        for item in rejected:
            key = digest(item)
            again = rows.setdefault(key, {**self._row(item, now), "digest": key, "count": 0})
            again["count"] = int(str(again["count"])) + 1
        return list(rows.values())

    def _row(self, item: Quarantined, now: int) -> dict[str, object]:
        most = self._limits.entry_bytes
        return {
            "id": str(ULID.from_timestamp(now)),
            "received": now,
            "repeated": now,
            "station_id": item.station_id,
            "region": item.region,
            "topic": item.topic,
            "stream": item.stream,
            "seq": item.seq,
            "domain": item.domain,
            "idx": item.index,
            "reason": item.reason,
            "detail": item.detail[:1_000],
            "payload": item.payload[:most],
            "size": min(len(item.payload), most),
            "cut": len(item.payload) > most,
        }

    def _bound(self, connection: Connection, station_ids: Iterable[str | None]) -> None:
        for station_id in station_ids:
            self._bound_station(connection, station_id)
        rows, _ = _size(connection)
        if rows > self._limits.rows:
            oldest = select(quarantine.c.id).order_by(quarantine.c.id).limit(rows - self._limits.rows)
            _evict(connection, "rows", oldest)
        self._bound_bytes(connection)

    def _bound_station(self, connection: Connection, station_id: str | None) -> None:
        of_station = quarantine.c.station_id.is_not_distinct_from(station_id)
        rows = connection.execute(select(func.count()).where(of_station)).scalar_one()
        surplus = rows - self._limits.rows_per_station
        if surplus > 0:
            oldest = select(quarantine.c.id).where(of_station).order_by(quarantine.c.id).limit(surplus)
            _evict(connection, "rows_per_station", oldest)

    def _bound_bytes(self, connection: Connection) -> None:
        _, kept = _size(connection)
        if kept <= self._limits.payload_bytes:
            return
        newest_first = (
            select(
                quarantine.c.id,
                func.sum(quarantine.c.size).over(order_by=quarantine.c.id.desc()).label("kept"),
            )
        ).subquery()
        beyond = select(newest_first.c.id).where(newest_first.c.kept > self._limits.payload_bytes)
        _evict(connection, "payload_bytes", beyond)


def _upsert() -> Any:  # noqa: ANN401 - SQLAlchemy's Insert of the SQLite dialect
    statement = insert(quarantine)
    again = {
        "count": quarantine.c.count + statement.excluded.count,
        "repeated": statement.excluded.repeated,
    }
    return statement.on_conflict_do_update(index_elements=["digest"], set_=again)


def _hold(connection: Connection, rejected: Sequence[Quarantined]) -> None:
    """Remember the identities of frames held whole."""
    streams: dict[tuple[str, str], list[int]] = {}
    for item in rejected:
        if item.domain is None and item.station_id and item.stream and item.seq is not None:
            streams.setdefault((item.station_id, item.stream), []).append(item.seq)
    for (station_id, stream), seqs in streams.items():
        of_stream = (held_frames.c.station_id == station_id, held_frames.c.stream == stream)
        known = connection.execute(select(held_frames.c.ranges).where(*of_stream)).scalar()
        ranges = Ranges(map(tuple, known or []))
        for seq in seqs:
            ranges.add(seq)
        row = {"station_id": station_id, "stream": stream, "ranges": ranges.to_lists()}
        connection.execute(
            insert(held_frames)
            .values(row)
            .on_conflict_do_update(index_elements=["station_id", "stream"], set_=row)
        )


def _evict(connection: Connection, bound: str, ids: Select[tuple[str]]) -> None:
    gone = connection.execute(delete(quarantine).where(quarantine.c.id.in_(ids))).rowcount
    statement = insert(quarantine_evictions).values(reason=bound, entries=gone)
    counted = {"entries": quarantine_evictions.c.entries + gone}
    connection.execute(statement.on_conflict_do_update(index_elements=["reason"], set_=counted))


def _size(connection: Connection) -> tuple[int, int]:
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(quarantine.c.size), 0)).select_from(quarantine)
    ).one()
    return int(row[0]), int(row[1])


def _entry(row: Any) -> Entry:  # noqa: ANN401 - a row's columns have as many types
    item = Quarantined(
        station_id=row.station_id,
        region=row.region,
        topic=row.topic,
        reason=row.reason,
        detail=row.detail,
        payload=row.payload,
        stream=row.stream,
        seq=row.seq,
        domain=row.domain,
        index=row.idx,
    )
    # `count` is a method of every row, so the column goes by its name.
    return Entry(
        id=row.id,
        received=row.received,
        repeated=row.repeated,
        item=item,
        cut=row.cut,
        count=row._mapping["count"],  # noqa: SLF001 - SQLAlchemy's public way to a column by name
        replayed=row.replayed,
    )
