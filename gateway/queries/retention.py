"""How long each class of data is kept, and since when it reaches back now: what proves retention."""

from dataclasses import dataclass

from gateway.domain.retention import DataClass, RetentionSettings
from gateway.state.retention import Retention as Rows
from gateway.state.retention import RetentionReport
from gateway.timeseries.retention import Retention as Tables


@dataclass(frozen=True, slots=True)
class Kept:
    """One class: kept ``days`` at most, ``oldest`` (ms) the oldest there is, None for nothing."""

    data_class: DataClass
    days: int
    oldest: int | None


@dataclass(frozen=True, slots=True)
class RetentionRecord:
    """Asks both stores."""

    settings: RetentionSettings
    tables: Tables
    rows: Rows

    def kept(self) -> list[Kept]:
        """Return every class as it stands; StoreClosedError or duckdb.Error when a store cannot be asked."""
        days = self.settings.days()
        return [Kept(of, days[of], self._oldest(of)) for of in DataClass]

    def reports(self, limit: int, before: int | None = None) -> list[tuple[int, RetentionReport]]:
        """Return at most ``limit`` reports with their numbers, newest first, before number ``before``."""
        return self.rows.page(limit, before)

    def _oldest(self, of: DataClass) -> int | None:
        found = [ms for ms in (self.tables.oldest(of), self.rows.oldest(of)) if ms is not None]
        return min(found, default=None)
