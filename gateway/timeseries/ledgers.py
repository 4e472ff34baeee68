"""What the store remembers of streams: received ranges, gone ranges, counts.

Every frame is a row of `frames`; the ledger is a snapshot of what they add up to, so that a start reads only
the frames since.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

LAST = 2**63 - 1
SINCE = "(SELECT coalesce(max(frame), -1) FROM ledger_upto)"


@dataclass(slots=True)
class StreamRecord:
    """One stream as it was written down; numbers are `seq`, ranges closed."""

    station_id: str
    stream: str
    first: int
    last: int
    oldest: int
    born: bool
    held: list[list[int]]
    gone: list[list[int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything remembered of streams and stations."""

    streams: list[StreamRecord]
    late: Counter[str]
    duplicates: Counter[str]
    unnumbered: Counter[str]
    digests: dict[bytes, int]


def insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
) -> None:
    """Insert rows of Python values as one Arrow table: a bound statement per row costs 100 times that."""
    if not rows:
        return
    arriving = pa.table(
        {name: list(column) for name, column in zip(columns, zip(*rows, strict=True), strict=True)}
    )
    connection.register("arriving", arriving)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM arriving")
    connection.unregister("arriving")


def append_gone(connection: duckdb.DuckDBPyConnection, gone: Iterable[tuple[int, int, int]]) -> None:
    """Add (source, lo, hi) ranges that policy dropped at the station."""
    insert(connection, "gone", ("source", "lo", "hi"), list(gone))


def append_duplicates(connection: duckdb.DuckDBPyConnection, copies: Mapping[str, int]) -> None:
    """Add counts of further copies by station."""
    insert(connection, "duplicates", ("station_id", "copies"), list(copies.items()))


def write(connection: duckdb.DuckDBPyConnection, streams: Iterable[StreamRecord], upto: int) -> None:
    """Replace the snapshot by one that holds every frame up to number `upto`."""
    rows = [(s.station_id, s.stream, s.first, s.last, s.oldest, s.born, s.held, s.gone) for s in streams]
    connection.begin()
    late = connection.execute(_LATE, [upto]).fetchall()
    duplicates = connection.execute(_DUPLICATES).fetchall()
    for table in ("ledger", "gone", "counted", "duplicates", "ledger_upto"):
        connection.execute(f"DELETE FROM {table}")
    insert(connection, "ledger", _LEDGER_COLUMNS, rows)
    insert(connection, "counted", ("station_id", "late"), late)
    insert(connection, "duplicates", ("station_id", "copies"), duplicates)
    connection.execute("INSERT INTO ledger_upto VALUES (?)", [upto])
    connection.commit()


def read(connection: duckdb.DuckDBPyConnection, digests_since: int) -> Ledger:
    """Return the snapshot brought up to date by the frames since; digests received since `digests_since`."""
    streams = {row[1]: StreamRecord(*row) for row in connection.execute(_SNAPSHOT).fetchall()}
    for station_id, stream, lo, hi, lowest, oldest in connection.execute(_RANGES_SINCE).fetchall():
        record = streams.get(stream)
        if record is None:
            record = streams[stream] = StreamRecord(
                station_id, stream, min(lo, lowest), 0, 1, born=False, held=[]
            )
        if not record.born:
            record.first = min(record.first, lowest)
        record.held.append([lo, hi])
        record.last, record.oldest = max(record.last, hi), max(record.oldest, oldest)
    for stream, lo, hi in connection.execute(_GONE).fetchall():
        if stream in streams:
            streams[stream].gone.append([lo, hi])
    digests = connection.execute(_DIGESTS, [digests_since]).fetchall()
    return Ledger(
        list(streams.values()),
        Counter(dict(connection.execute(_LATE, [LAST]).fetchall())),
        Counter(dict(connection.execute(_DUPLICATES).fetchall())),
        Counter(dict(connection.execute(_UNNUMBERED).fetchall())),
        dict(digests),
    )


_LEDGER_COLUMNS = ("station_id", "stream", "first", "last", "oldest", "born", "held", "gone")
_SNAPSHOT = f"SELECT {', '.join(_LEDGER_COLUMNS)} FROM ledger"
_RANGES_SINCE = f"""
SELECT station_id, stream, min(seq), max(seq), min(oldest), max(oldest) FROM (
    SELECT station_id, stream, seq, oldest,
        seq - row_number() OVER (PARTITION BY stream ORDER BY seq) AS island
    FROM frames WHERE frame > {SINCE} AND stream IS NOT NULL)
GROUP BY station_id, stream, island ORDER BY stream, min(seq)
"""
_GONE = "SELECT stream, lo, hi FROM gone JOIN sources ON sources.id = gone.source WHERE stream IS NOT NULL"
_DIGESTS = "SELECT digest, received FROM frames_raw WHERE digest IS NOT NULL AND received >= ?"
_DUPLICATES = "SELECT station_id, sum(copies)::BIGINT FROM duplicates GROUP BY station_id"
_UNNUMBERED = """
SELECT station_id, sum(frames)::BIGINT FROM (
    SELECT station_id, frames FROM unnumbered
    UNION ALL SELECT station_id, count(*) FROM frames WHERE stream IS NULL GROUP BY station_id)
GROUP BY station_id
"""
"""Those of months that are not kept any more are a number (`unnumbered`)."""
_LATE = f"""
SELECT station_id, sum(late)::BIGINT FROM (
    SELECT station_id, late FROM counted
    UNION ALL SELECT station_id, late::BIGINT FROM frames WHERE late AND frame > {SINCE} AND frame <= ?)
GROUP BY station_id
"""
