"""Alerts and their journal, who is told of them, and what keeps them quiet."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

YEAR_MS = 365 * 24 * 3_600_000
TABLES = (
    "alert_journal",
    "alerts",
    "engine_position",
    "escalations",
    "maintenance",
    "notifications",
    "rota_overrides",
    "silences",
)
TRIGGERS = (
    ("alert_journal_never_changes", "UPDATE", ""),
    (
        "alert_journal_keeps_a_year",
        "DELETE",
        f"WHEN OLD.at > (SELECT MAX(at) FROM alert_journal) - {YEAR_MS}",
    ),
)
"""Append-only for everybody who opens the file, not only for our own code."""


def upgrade() -> None:
    _journal()
    _alerts()
    _engine()
    _escalations()
    _notifications()
    _overrides()
    _maintenance()
    _silences()
    _triggers()


def downgrade() -> None:
    for name, _event, _refused in TRIGGERS:
        op.execute(f"DROP TRIGGER {name}")
    for table in TABLES:
        op.drop_table(table)


def _journal() -> None:
    """What was ever said and done about alerts."""
    op.create_table(
        "alert_journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("identity", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("identity", name="alert_journal_identity"),
    )
    op.create_index("alert_journal_by_alert", "alert_journal", ["alert_id", "id"], unique=False)
    op.create_index("alert_journal_by_time", "alert_journal", ["at"], unique=False)


def _alerts() -> None:
    """What is open, and what is over."""
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("station_id", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("episode", sa.BigInteger(), nullable=False),
        sa.Column("worsened", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.Column("limit", sa.JSON(), nullable=True),
        sa.Column("learned", sa.JSON(), nullable=False),
        sa.Column("retrospective", sa.Boolean(), nullable=False),
        sa.Column("incomplete", sa.Boolean(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("acknowledged", sa.BigInteger(), nullable=True),
        sa.Column("lapses", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("resolved", sa.BigInteger(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("held_by", sa.String(), nullable=True),
        sa.Column("decide_at", sa.BigInteger(), nullable=True),
        sa.Column("announced", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("alert_id"),
    )
    op.create_index("alerts_by_change", "alerts", ["changed"], unique=False)
    op.create_index("alerts_by_worsening", "alerts", ["station_id", "worsened"], unique=False)
    op.create_index("alerts_by_state", "alerts", ["state", "alert_id"], unique=False)
    op.create_index("alerts_by_station", "alerts", ["station_id", "state", "alert_id"], unique=False)
    op.create_index(
        "alerts_open_once",
        "alerts",
        ["rule", "station_id", "device", "retrospective"],
        unique=True,
        sqlite_where=sa.text("state != 'resolved'"),
    )
    op.create_index(
        "alerts_to_decide",
        "alerts",
        ["decide_at"],
        unique=False,
        sqlite_where=sa.text("decide_at IS NOT NULL"),
    )


def _engine() -> None:
    """How far the engine has judged."""
    op.create_table(
        "engine_position",
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("watermark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer"),
    )


def _escalations() -> None:
    """Who is told next, and when."""
    op.create_table(
        "escalations",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id"),
    )
    op.create_index("escalations_due", "escalations", ["next_at"], unique=False)


def _notifications() -> None:
    """What waits to be sent, and what was."""
    op.create_table(
        "notifications",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("life_safety", sa.Boolean(), nullable=False),
        sa.Column("station_id", sa.String(), nullable=True),
        sa.Column("alert_ids", sa.JSON(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("tried", sa.JSON(), nullable=False),
        sa.Column("finished", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("notifications_by_station", "notifications", ["station_id", "created"], unique=False)
    op.create_index(
        "notifications_by_recipient", "notifications", ["person", "channel", "created"], unique=False
    )
    op.create_index(
        "notifications_waiting",
        "notifications",
        ["channel", "severity", "due"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'claimed')"),
    )


def _overrides() -> None:
    """Who stands in for those on call."""
    op.create_table(
        "rota_overrides",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("layer", sa.String(), nullable=True),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rota_overrides_by_end", "rota_overrides", ["end"], unique=False)


def _maintenance() -> None:
    """Work during which lesser alerts are not told."""
    op.create_table(
        "maintenance",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("station_id", sa.String(), nullable=True),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("begins", sa.String(), nullable=False),
        sa.Column("lasts_s", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("tz", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _silences() -> None:
    """What people silenced."""
    op.create_table(
        "silences",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("station_id", sa.String(), nullable=True),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("last_hid", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("silences_by_end", "silences", ["end"], unique=False)


def _triggers() -> None:
    for name, event, refused in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON alert_journal {refused} "
            "BEGIN SELECT RAISE(ABORT, 'the journal of alerts is kept as it was written'); END"
        )
