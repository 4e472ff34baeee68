"""The tables of what people corrected in stored readings. Times are integer milliseconds UTC."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from gateway.state.schema import metadata

corrections = Table(
    "corrections",
    metadata,
    Column("n", Integer, primary_key=True),  # in the order they were decided
    Column("id", String, nullable=False, unique=True),
    Column("at", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("station_id", String, nullable=False),
    Column("domain", String, nullable=False),
    Column("device", String, nullable=False),
    Column("field", String, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("value", JSON, nullable=False),  # JSON's null when the value was removed
    Column("count", Integer, nullable=False),  # readings it is about
    Index("corrections_by_station", "station_id", "n"),
    Index("corrections_by_time", "at"),
)

corrected_readings = Table(
    "corrected_readings",
    metadata,
    Column("n", Integer, ForeignKey("corrections.n"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("stream", String),
    Column("seq", BigInteger),
    Column("digest", String),  # of a frame without stream and seq, hexadecimal
    Column("idx", Integer, nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("old", JSON, nullable=False),  # what stood there before, JSON's null for nothing
    Index("corrected_readings_by_time", "ts"),
)
