"""The tables of alerts and of those who answer them. Times are integer milliseconds UTC."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from gateway.state.schema import metadata

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", String, primary_key=True),
    Column("rule", String, nullable=False),
    Column("station_id", String, nullable=False),
    Column("device", String, nullable=False),
    Column("region", String),
    Column("severity", String, nullable=False),
    Column("standing", String),  # the severity the condition has now; null when it no longer holds
    Column("state", String, nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("episode", BigInteger, nullable=False),  # `opened` of the newest episode counted into this alert
    Column("worsened", BigInteger, nullable=False),  # when it last opened or rose
    Column("changed", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("value", JSON),
    Column("limit", JSON),
    Column("learned", JSON, nullable=False),
    Column("retrospective", Boolean, nullable=False),
    Column("incomplete", Boolean, nullable=False),
    Column("count", Integer, nullable=False),
    Column("by", String),
    Column("comment", String),
    Column("acknowledged", BigInteger),
    Column("lapses", BigInteger),
    Column("snoozed_until", BigInteger),
    Column("resolved", BigInteger),
    Column("verdict", String),
    Column("held_by", String),  # why nobody has been told: the stage's reason
    Column("decide_at", BigInteger),  # when policy looks at it again
    Column("announced", BigInteger),  # since when people know of it
    Index(
        "alerts_open_once",
        "rule",
        "station_id",
        "device",
        "retrospective",
        unique=True,
        sqlite_where=text("state != 'resolved'"),
    ),
    Index("alerts_by_state", "state", "alert_id"),
    Index("alerts_by_station", "station_id", "state", "alert_id"),
    Index("alerts_by_change", "changed"),
    Index("alerts_by_worsening", "station_id", "worsened"),
    Index("alerts_to_decide", "decide_at", sqlite_where=text("decide_at IS NOT NULL")),
)

alert_journal = Table(
    "alert_journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("by", String),
    Column("detail", JSON, nullable=False),
    Column("identity", String),  # of a transition: applying it again finds it here
    UniqueConstraint("identity", name="alert_journal_identity"),
    Index("alert_journal_by_alert", "alert_id", "id"),
    Index("alert_journal_by_time", "at"),
)

engine_position = Table(
    "engine_position",
    metadata,
    Column("consumer", String, primary_key=True),
    Column("watermark", BigInteger, nullable=False),
)

escalations = Table(
    "escalations",
    metadata,
    Column("alert_id", String, primary_key=True),
    Column("started", BigInteger, nullable=False),
    Column("step", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Index("escalations_due", "next_at"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("life_safety", Boolean, nullable=False),
    Column("station_id", String),  # the group; null for what is about many stations
    Column("alert_ids", JSON, nullable=False),
    Column("person", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("owner", String),
    Column("leased_until", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("tried", JSON, nullable=False),  # [person, channel] given up on, in order
    Column("finished", BigInteger),
    Column("reason", String),
    Index(
        "notifications_waiting",
        "channel",
        "severity",
        "due",
        sqlite_where=text("state IN ('waiting', 'claimed')"),
    ),
    Index("notifications_by_recipient", "person", "channel", "created"),
    Index("notifications_by_station", "station_id", "created"),
)

silences = Table(
    "silences",
    metadata,
    Column("id", String, primary_key=True),
    Column("station_id", String),
    Column("region", String),
    Column("rule", String),
    Column("severity", String),
    Column("reason", String, nullable=False),
    Column("by", String, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("last_hid", BigInteger),
    Index("silences_by_end", "end"),
)

maintenance = Table(
    "maintenance",
    metadata,
    Column("id", String, primary_key=True),
    Column("station_id", String),
    Column("region", String),
    Column("device", String),
    Column("begins", String, nullable=False),  # local time, ISO 8601 without offset
    Column("lasts_s", Integer, nullable=False),
    Column("rule", String),
    Column("tz", String),
    Column("reason", String, nullable=False),
    Column("by", String, nullable=False),
    Column("created", BigInteger, nullable=False),
)

rota_overrides = Table(
    "rota_overrides",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("layer", String),
    Column("region", String),
    Column("reason", String, nullable=False),
    Column("by", String, nullable=False),
    Index("rota_overrides_by_end", "end"),
)
