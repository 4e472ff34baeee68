"""Reports of what was removed because its time was over, and alerts about a person without the person."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NEVER = "CREATE TRIGGER alert_journal_never_changes BEFORE UPDATE ON alert_journal "
REFUSE = "BEGIN SELECT RAISE(ABORT, 'the journal of alerts is kept as it was written'); END"
BUT_FOR_PERSONS = """WHEN NOT (
    NEW.by IS NULL AND NEW.detail IS json_remove(OLD.detail, '$.comment', '$.by', '$.person', '$.value')
    AND NEW.id = OLD.id AND NEW.alert_id = OLD.alert_id AND NEW.at = OLD.at AND NEW.kind = OLD.kind
    AND NEW.identity IS OLD.identity) """
"""Who and what was noted may be taken out, nothing else be changed."""


def upgrade() -> None:
    op.create_table(
        "retention_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data_class", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("forced", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("DROP TRIGGER alert_journal_never_changes")
    op.execute(NEVER + BUT_FOR_PERSONS + REFUSE)


def downgrade() -> None:
    op.execute("DROP TRIGGER alert_journal_never_changes")
    op.execute(NEVER + REFUSE)
    op.drop_table("retention_reports")
