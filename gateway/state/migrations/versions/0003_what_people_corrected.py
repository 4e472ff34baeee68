"""What people corrected in stored readings."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = ("corrected_readings", "corrections")
EVENTS = ("UPDATE", "DELETE")
"""Append-only for everybody who opens the file, not only for our own code."""


def upgrade() -> None:
    op.create_table(
        "corrections",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("corrections_by_station", "corrections", ["station_id", "n"], unique=False)
    op.create_index("corrections_by_time", "corrections", ["at"], unique=False)
    op.create_table(
        "corrected_readings",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("stream", sa.String(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("old", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["n"], ["corrections.n"]),
        sa.PrimaryKeyConstraint("n", "place"),
    )
    op.create_index("corrected_readings_by_time", "corrected_readings", ["ts"], unique=False)
    for table in TABLES:
        for event in EVENTS:
            op.execute(
                f"CREATE TRIGGER {table}_never_{event.lower()} BEFORE {event} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'corrections are kept as they were written'); END"
            )


def downgrade() -> None:
    for table in TABLES:
        for event in EVENTS:
            op.execute(f"DROP TRIGGER {table}_never_{event.lower()}")
        op.drop_table(table)
