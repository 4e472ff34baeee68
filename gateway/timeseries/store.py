"""The store of record: DuckDB, owned by one process, written by one thread.

A batch and the note that it was received are one transaction. After a fatal error (a full disk invalidates
the whole DuckDB object) the file is closed and reopened at the next attempt.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import structlog

from gateway.batch.batch import Batch, with_constant
from gateway.batch.numbering import Series, SeriesIndex, Source, Sources
from gateway.errors import NotDurableError, StartError, StoreClosedError
from gateway.timeseries import ledgers, tables, touched

log = structlog.get_logger(__name__)

FrameIdentity = tuple[str | None, str | None, int | None]
"""(station_id, stream, seq)."""
MakeRoom = Callable[[str, str, Iterable[str]], None]
"""Makes a month's table of a view, with these columns."""

CHECKPOINT_BYTES = "128MB"
"""How large the write-ahead log grows before DuckDB folds it in: more often means smaller row groups to
compress, less often that live frames wait longer for it."""


class Store:
    """Consumer of batches; `sources` and `series` number what repeats in every row."""

    name = "store"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sources = Sources()
        self.series = SeriesIndex()
        self.next_frame = 0
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._columns: dict[str, dict[str, set[str]]] = {}
        self._written = (0, 0)
        self.failure: str | None = None

    # -- life ------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Open or create the file; raises StartError when another process has it or it cannot be read."""
        try:
            self._connect()
        except duckdb.Error as error:
            raise StartError(f"cannot open {self.path}: {error}") from error
        self.sources = Sources(self._known_sources())
        self.series = SeriesIndex(self._known_series())
        self._written = (len(self.sources.known), len(self.series.known))
        self.next_frame = self.last_frame() + 1

    def close(self) -> None:
        """Fold the log into the file and close it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a reading connection of the caller's own; raises StoreClosedError while reopening."""
        if self._connection is None:
            raise StoreClosedError(self.failure or "the store is not open")
        return self._connection.cursor()

    def last_frame(self) -> int:
        """Return the number of the last frame stored, -1 for none."""
        row = self.cursor().execute("SELECT coalesce(max(frame), -1) FROM frames_raw").fetchone()
        return int(row[0]) if row else -1

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file."""
        self.cursor().execute("CHECKPOINT")

    def write_ledger(self, streams: Iterable[ledgers.StreamRecord], upto: int) -> None:
        """Replace the snapshot of the ledger by one that tells every frame up to `upto`, and fold the log.

        A small gateway would never reach `CHECKPOINT_BYTES`: its readings would stay in the log, many times
        as large, and a start works off 150 MB of it a second. Call it only while nothing is being consumed.
        """
        ledgers.write(self.cursor(), streams, upto)
        self.checkpoint()

    def _connect(self) -> None:
        self._connection = duckdb.connect(
            str(self.path), config={"wal_autocheckpoint": CHECKPOINT_BYTES, "threads": 1}
        )
        self._connection.execute(tables.SCHEMA)
        tables.part_by_day(self._connection)
        self._columns = self._present_columns()
        for view in tables.views():
            self._create_view(view)
        self._connection.execute(tables.FRAMES_VIEW)
        self.failure = None

    def _present_columns(self) -> dict[str, dict[str, set[str]]]:
        present: dict[str, dict[str, set[str]]] = {view: {} for view in tables.views()}
        rows = self.cursor().execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
        )
        for table, column in rows.fetchall():
            view, _, month = table.rpartition("_")
            if view in present and month.isdigit():
                present[view].setdefault(month, set()).add(column)
        return present

    def _known_sources(self) -> Iterator[Source]:
        rows = self.cursor().execute("SELECT region, station_id, stream FROM sources ORDER BY id").fetchall()
        return (Source(*row) for row in rows)

    def _known_series(self) -> Iterator[Series]:
        rows = self.cursor().execute("SELECT station_id, domain, device FROM series ORDER BY id").fetchall()
        return (Series(*row) for row in rows)

    # -- writing ---------------------------------------------------------------------------------------

    def consume(self, batches: Sequence[Batch]) -> None:
        """Append the batches in one transaction; raises NotDurableError, and then nothing was kept."""
        if not batches:
            return
        try:
            if self._connection is None:
                self._connect()
            self._transact(batches)
            self.failure = None
        except duckdb.Error as error:
            self._recover(error)
            raise NotDurableError(str(error)) from error

    def take_replayed(self, batch: Batch, identity: str, of: FrameIdentity) -> bool:
        """Append what was quarantined, under its own frame where that is stored; False when it was before."""
        try:
            connection = self._open_connection()
            if connection.execute("SELECT 1 FROM replayed WHERE identity = ?", [identity]).fetchone():
                return False
            connection.begin()
            stored = connection.execute(
                "SELECT frame FROM frames WHERE station_id = ? AND stream = ? AND seq = ?",
                list(of),
            ).fetchone()
            self._append_batches([batch] if stored is None else [_under(batch, stored[0])])
            if stored is not None:  # roll-ups look at no frame twice
                touched.note_frames(connection, stored[0], stored[0], touched.ALWAYS_LATE)
            connection.execute(
                "INSERT INTO replayed VALUES (?, ?)", [identity, stored[0] if stored else None]
            )
            self._commit()
        except (duckdb.Error, StoreClosedError) as error:
            self._recover(error)
            raise NotDurableError(str(error)) from error
        return True

    def change(self, change: Callable[[duckdb.DuckDBPyConnection, MakeRoom], None]) -> None:
        """Change what is stored in one transaction; raises NotDurableError, and then nothing was changed.

        A column that a month's table may not have yet must be made room for.
        """
        try:
            connection = self._open_connection()
            connection.begin()
            change(connection, self._make_room)
            self._commit()
        except (duckdb.Error, StoreClosedError) as error:
            self._recover(error)
            raise NotDurableError(str(error)) from error

    def drop_table(
        self, view: str, period: str, leave_behind: Callable[[duckdb.DuckDBPyConnection], None]
    ) -> None:
        """Drop one table of a view in the transaction that writes what must outlive it."""
        with self.cursor() as cursor:
            cursor.begin()
            leave_behind(cursor)
            cursor.execute(f"DROP TABLE {view}_{period}")
            columns = {of: there for of, there in self._present_columns()[view].items() if of != period}
            cursor.execute(tables.create_view(view, tables.views()[view], columns))
            cursor.commit()
            self._columns[view] = columns

    def _transact(self, batches: Sequence[Batch]) -> None:
        self._open_connection().begin()
        self._append_batches(batches)
        self._commit()

    def _append_batches(self, batches: Sequence[Batch]) -> None:
        connection = self._open_connection()
        frames = [batch.frames for batch in batches if batch.frames.num_rows]
        if frames:
            self._append("frames_raw", "received", frames)
        for domain in _domains(batch.samples for batch in batches):
            self._append(
                f"{domain}_samples", "ts", [b.samples[domain] for b in batches if domain in b.samples]
            )
        for domain in _domains(batch.events for batch in batches):
            self._append(f"{domain}_events", "ts", [b.events[domain] for b in batches if domain in b.events])
        ledgers.append_gone(connection, (gone for batch in batches for gone in batch.gone))
        ledgers.append_duplicates(connection, _sum_of_duplicates(batches))

    def _commit(self) -> None:
        written = self._append_numbers()
        self._open_connection().commit()
        self._written = written

    def _append(self, view: str, time_column: str, parts: list[pa.Table]) -> None:
        table = pa.concat_tables(parts, promote_options="default") if len(parts) > 1 else parts[0]
        if "idx" in table.column_names:
            table = tables.alike_together(table)
        for month, rows in tables.split(table, view, time_column):
            self._make_room(view, month, rows.column_names)
            connection = self._open_connection()
            connection.register("arriving", rows)
            connection.execute(f"INSERT INTO {view}_{month} BY NAME SELECT * FROM arriving")
            connection.unregister("arriving")

    def _make_room(self, view: str, month: str, columns: Iterable[str]) -> None:
        """Create the month's table and the columns that have their first value now."""
        present = self._columns[view].get(month, set())
        wanted = [name for name in columns if name not in present]
        if not wanted:
            return
        types = tables.views()[view]
        connection = self._open_connection()
        if not present:
            listed = ", ".join(f"{name} {types[name]}" for name in wanted)
            connection.execute(f"CREATE TABLE {view}_{month}({listed})")
        else:
            for name in wanted:
                connection.execute(f"ALTER TABLE {view}_{month} ADD COLUMN {name} {types[name]}")
        self._columns[view][month] = present | set(wanted)
        self._create_view(view)

    def _create_view(self, view: str) -> None:
        statement = tables.create_view(view, tables.views()[view], self._columns[view])
        self._open_connection().execute(statement)

    def _append_numbers(self) -> tuple[int, int]:
        """Write the sources and series that got a number since the last commit."""
        sources = list(self.sources.beyond(self._written[0]))
        series = list(self.series.beyond(self._written[1]))
        connection = self._open_connection()
        if sources:
            rows = [(number, s.region, s.station_id, s.stream) for number, s in sources]
            ledgers.insert(connection, "sources", ("id", "region", "station_id", "stream"), rows)
        if series:
            rows = [(number, s.station_id, s.domain, s.device) for number, s in series]
            ledgers.insert(connection, "series", ("id", "station_id", "domain", "device"), rows)
        return self._written[0] + len(sources), self._written[1] + len(series)

    def _open_connection(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise StoreClosedError("the store is not open")
        return self._connection

    def _recover(self, error: duckdb.Error | StoreClosedError) -> None:
        """Roll back; close the file when DuckDB says it can go on no more."""
        if self.failure is None:
            log.error("store_failed", reason=str(error), next="nothing is acknowledged until it works again")
        self.failure = str(error)
        try:
            self._open_connection().rollback()
            self._columns = self._present_columns()
        except (duckdb.Error, StoreClosedError):
            self._close_broken()

    def _close_broken(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _under(batch: Batch, frame: int) -> Batch:
    """Return the batch's readings as those of a frame stored before."""
    return Batch(
        frames=batch.frames.slice(0, 0),
        samples={domain: with_constant(table, "frame", frame) for domain, table in batch.samples.items()},
        events={domain: with_constant(table, "frame", frame) for domain, table in batch.events.items()},
    )


def _domains(parts: Iterable[object]) -> list[str]:
    return sorted({domain for part in parts for domain in part})  # type: ignore[attr-defined]


def _sum_of_duplicates(batches: Sequence[Batch]) -> Counter[str]:
    total: Counter[str] = Counter()
    for batch in batches:
        total.update(batch.duplicates or {})
    return total
