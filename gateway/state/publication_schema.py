"""The table of published reports. Times are integer milliseconds UTC."""

from sqlalchemy import JSON, BigInteger, Column, Integer, String, Table

from gateway.state.schema import metadata

publications = Table(
    "publications",
    metadata,
    Column("kind", String, primary_key=True),
    Column("period", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("rows", JSON, nullable=False),
    Column("differences", JSON, nullable=False),
)
