"""What could not be taken: every rejected frame and reading, with its reason and (masked) bytes.

Bounded in rows, in bytes and per station, so that one mad box cannot push out what the others sent;
what had to go is counted. Frames held whole are remembered for good: they are acknowledged.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from ulid import ULID

from gateway.state.quarantined import Entry, Nameless, Quarantined, QuarantineLimits, digest
from gateway.state.repository import Repository, chunks
from gateway.state.schema import held_frames, quarantine, quarantine_evictions
from wire.codec import Reason
from wire.ranges import Ranges

NAMELESS = ""
"""The stream under which frames without an identity are counted: 1 to as many as there were."""


class Quarantine(Repository):
    """The tables `quarantine`, `quarantine_evictions` and `held_frames`."""

    def __init__(self, engine: Engine, limits: QuarantineLimits) -> None:
        super().__init__(engine)
        self._limits = limits

    def add(self, rejected: Sequence[Quarantined], now: int) -> Nameless:
        """Hold what was rejected; the same again only raises the count. Durable when it returns.

        Returns the nameless frames among them.
        """
        with self._engine.begin() as connection:
            nameless = _count_nameless(connection, rejected)
            connection.execute(_upsert(), self._rows(rejected, now))
            _hold(connection, rejected, nameless)
            self._bound(connection, {item.station_id for item in rejected})
        return nameless

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
        """Return (station_id, stream, seqs) of every frame ever held whole, save the nameless."""
        named = select(held_frames).where(held_frames.c.stream != NAMELESS)
        with self._reading.connect() as connection:
            rows = connection.execute(named).all()
        return [(row.station_id, row.stream, Ranges(map(tuple, row.ranges))) for row in rows]

    def nameless(self) -> Nameless:
        """Count the nameless frames ever held; copies as far as their entries are still there."""
        counted = select(held_frames).where(held_frames.c.stream == NAMELESS)
        copies = (
            select(quarantine.c.station_id, func.sum(quarantine.c.count) - func.count())
            .where(quarantine.c.domain.is_(None), quarantine.c.stream.is_(None) | quarantine.c.seq.is_(None))
            .where(quarantine.c.station_id.is_not(None), quarantine.c.reason != Reason.UNKNOWN_VERSION)
            .group_by(quarantine.c.station_id)
        )
        with self._reading.connect() as connection:
            distinct = {row.station_id: row.ranges[0][1] for row in connection.execute(counted)}
            return Nameless(
                Counter(distinct), Counter({row[0]: row[1] for row in connection.execute(copies)})
            )

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


def _count_nameless(connection: Connection, rejected: Sequence[Quarantined]) -> Nameless:
    """Tell the nameless frames that are held already from those that are not, before they are held."""
    senders = {digest(item): item.station_id for item in rejected if item.is_nameless and item.station_id}
    all_of_them = Counter(item.station_id for item in rejected if item.is_nameless and item.station_id)
    for some in chunks(senders):
        known = connection.execute(select(quarantine.c.digest).where(quarantine.c.digest.in_(some)))
        for (key,) in known:
            del senders[key]
    distinct = Counter(senders.values())
    return Nameless(distinct, all_of_them - distinct)


def _hold(connection: Connection, rejected: Sequence[Quarantined], nameless: Nameless) -> None:
    """Remember the identities of frames held whole, and how many have none."""
    streams: dict[tuple[str, str], list[int]] = {}
    for item in rejected:
        if item.domain is None and item.station_id and item.stream and item.seq is not None:
            streams.setdefault((item.station_id, item.stream), []).append(item.seq)
    for (station_id, stream), seqs in streams.items():
        ranges = _held_of(connection, station_id, stream)
        for seq in seqs:
            ranges.add(seq)
        _write_held(connection, station_id, stream, ranges)
    for station_id, count in nameless.distinct.items():
        before = _held_of(connection, station_id, NAMELESS).last or 0
        _write_held(connection, station_id, NAMELESS, Ranges([(1, before + count)]))


def _held_of(connection: Connection, station_id: str, stream: str) -> Ranges:
    of_stream = (held_frames.c.station_id == station_id, held_frames.c.stream == stream)
    return Ranges(
        map(tuple, connection.execute(select(held_frames.c.ranges).where(*of_stream)).scalar() or [])
    )


def _write_held(connection: Connection, station_id: str, stream: str, ranges: Ranges) -> None:
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
