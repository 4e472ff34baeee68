"""The tables of the operational database. Times are integer milliseconds UTC, as everywhere."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()

identity = Table(
    "identity",
    metadata,
    Column("gateway", String, primary_key=True),
    Column("born", BigInteger, nullable=False),
)

stations = Table(
    "stations",
    metadata,
    Column("station_id", String, primary_key=True),
    Column("region", String),
    Column("first_seen", BigInteger),
    Column("last_seen", BigInteger),
    Column("session", BigInteger),
    Column("down", String),
    Column("best_effort", Boolean, nullable=False),
    Column("devices", JSON, nullable=False),
    Column("occupancy", LargeBinary),
)

births = Table(
    "births",
    metadata,
    Column("station_id", String, primary_key=True),
    Column("region", String, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("retained", Boolean, nullable=False),
    Column("session", BigInteger, nullable=False),
    Column("payload", JSON, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("station_id", String),
    Column("payload", JSON, nullable=False),
    Index("journal_by_station", "station_id", "at"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", String, primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("repeated", BigInteger, nullable=False),
    Column("station_id", String),
    Column("region", String),
    Column("topic", String, nullable=False),
    Column("stream", String),
    Column("seq", BigInteger),
    Column("domain", String),
    Column("idx", Integer),
    Column("reason", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("cut", Boolean, nullable=False),
    Column("count", Integer, nullable=False),
    Column("replayed", BigInteger),
    Column("digest", LargeBinary, nullable=False),
    UniqueConstraint("digest", name="quarantine_digest"),
    Index("quarantine_by_station", "station_id", "id"),
    Index("quarantine_sizes", "id", "size"),
)

quarantine_evictions = Table(
    "quarantine_evictions",
    metadata,
    Column("reason", String, primary_key=True),
    Column("entries", BigInteger, nullable=False),
)

held_frames = Table(
    "held_frames",
    metadata,
    Column("station_id", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("ranges", JSON, nullable=False),
)

commands = Table(
    "commands",
    metadata,
    Column("id", String, primary_key=True),
    Column("station_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("args", JSON, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("ttl_s", Integer, nullable=False),
    Column("by", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("at", BigInteger),
    Column("result", JSON),
    Index("commands_by_state", "state", "issued"),
)

resend_asks = Table(
    "resend_asks",
    metadata,
    Column("station_id", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("missing_since", BigInteger, nullable=False),
    Column("next_ask", BigInteger, nullable=False),
    Column("asks", Integer, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("region", String, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("replaces", JSON, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("action", String, nullable=False),
    Column("target", String, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("audit_by_time", "at"),
)

retention_reports = Table(
    "retention_reports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("data_class", String, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("upto", BigInteger, nullable=False),
    Column("tables", JSON, nullable=False),
    Column("held", JSON, nullable=False),
    Column("forced", JSON, nullable=False),
)
