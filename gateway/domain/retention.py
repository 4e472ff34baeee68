"""How long each class of data is kept (domain catalogue 6.2): settings, and the times they come to."""

from collections.abc import Mapping
from datetime import datetime, time
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.domain.local_time import DAY_MS, earliest, wall
from gateway.domain.registry import DEFAULT_TZ, ClockTime, check_zone

MOST_ACCESS_DAYS = 90
MOST_HELD_DAYS = 7
"""What the roll-ups or the mirror have not taken yet waits this much longer, and then goes all the same."""

WELFARE_RULES = frozenset({"OC-03", "OC-04", "OC-05", "OC-06", "OC-07", "OC-08"})
"""Shower and toilet overstay, motionless, fall, panic button, quiet all night: of one person's health."""
CHANGES_DAYS = 40
"""Longer than a station's outbox keeps its frames; see `timeseries.changes`."""


class DataClass(StrEnum):
    """What is kept equally long."""

    ACCESS = "access"
    READINGS = "readings"
    TIERS = "tiers"
    CHANGES = "changes"
    ALERTS = "alerts"
    WELFARE = "welfare"
    QUARANTINE = "quarantine"
    COMMANDS = "commands"
    AUDIT = "audit"


class RetentionSettings(BaseModel):
    """How long data are kept at most: a table of a day or a month goes when its first moment is so old."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: ClockTime = Field(
        "03:30", description='When the daily removal begins, local time, in quotes: "03:30".'
    )
    tz: Annotated[str, AfterValidator(check_zone)] = Field(DEFAULT_TZ, description="Time zone of `at`.")
    access_days: int = Field(
        30,
        ge=1,
        le=MOST_ACCESS_DAYS,
        description="Access events, which carry pseudonyms; their counts are kept as `tiers`.",
    )
    readings_days: int = Field(
        400, ge=62, le=3_700, description="Counts, meters, environment as they came: 13 months, of no person."
    )
    tiers_days: int = Field(
        1_858, ge=400, le=3_700, description="Quarters of an hour and days: five years and a month."
    )
    alerts_days: int = Field(730, ge=366, le=3_700, description="Closed alerts with their journal.")
    welfare_days: int = Field(
        90,
        ge=7,
        le=366,
        description="Details of alerts about a person's welfare (shower, panic, fall); after that they stay "
        "without names, notes and values.",
    )
    quarantine_days: int = Field(
        30, ge=1, le=90, description="What could not be taken: its bytes may hold what access events hold."
    )
    commands_days: int = Field(400, ge=184, le=3_700, description="Commands to stations and their results.")
    audit_days: int = Field(400, ge=184, le=400, description="Who changed what; the law asks for six months.")

    def days(self) -> Mapping[DataClass, int]:
        """Return how many days each class is kept."""
        return {
            DataClass.ACCESS: self.access_days,
            DataClass.READINGS: self.readings_days,
            DataClass.TIERS: self.tiers_days,
            DataClass.CHANGES: CHANGES_DAYS,
            DataClass.ALERTS: self.alerts_days,
            DataClass.WELFARE: self.welfare_days,
            DataClass.QUARANTINE: self.quarantine_days,
            DataClass.COMMANDS: self.commands_days,
            DataClass.AUDIT: self.audit_days,
        }

    def horizon(self, of: DataClass, now: int) -> int:
        """Return the time (ms) before which nothing may be left until the next removal, a day on."""
        return now - (self.days()[of] - 1) * DAY_MS

    def held_until(self, of: DataClass, now: int) -> int:
        """Return the horizon for what is not processed yet."""
        longer = (
            MOST_HELD_DAYS
            if of is not DataClass.ACCESS
            else min(MOST_HELD_DAYS, MOST_ACCESS_DAYS - self.access_days)
        )
        return self.horizon(of, now) - longer * DAY_MS

    def last_due(self, now: int) -> int:
        """Return the newest time (ms) not after `now` at which a removal was to begin."""
        hour, minute = (int(part) for part in self.at.replace("24:00", "00:00").split(":"))
        begins = time(hour, minute)
        days = (wall(now - ago * DAY_MS, self.tz).date() for ago in range(3))
        return next(due for day in days if (due := earliest(datetime.combine(day, begins), self.tz)) <= now)
