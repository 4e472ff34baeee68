"""Reports as they were published."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TRIGGERS = (("publications_never_change", "UPDATE"), ("publications_stay", "DELETE"))
"""Frozen for everybody who opens the file, not only for our own code."""


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "period", "region", "version"),
    )
    for name, event in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON publications"
            " BEGIN SELECT RAISE(ABORT, 'a published report is never changed'); END"
        )


def downgrade() -> None:
    for name, _event in TRIGGERS:
        op.execute(f"DROP TRIGGER {name}")
    op.drop_table("publications")
