"""What of the operational database is past its time, and the reports of all that was removed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import insert, select, text

from gateway.domain.local_time import DAY_MS
from gateway.domain.retention import WELFARE_RULES, DataClass
from gateway.state.repository import Repository
from gateway.state.schema import retention_reports

ROWS_A_TIME = 2_000
"""Whoever else writes waits for so many rows at most."""
_RULES = ", ".join(f"'{rule}'" for rule in sorted(WELFARE_RULES))
_PERSONAL = "'$.comment', '$.by', '$.person', '$.value'"
"""What the journal may say of persons; the trigger of the journal lets exactly these go."""
_CLOSED = "a.state = 'resolved' AND coalesce(a.resolved, a.changed) < :until"

_CLOSED_WELFARE = f"a.rule IN ({_RULES}) AND {_CLOSED}"


def _delete(table: str, where: str, key: str = "id") -> str:
    return f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {where} LIMIT :most)"


_CLOSED_JOURNAL = f"""
DELETE FROM alert_journal WHERE id IN (
    SELECT j.id FROM alert_journal j LEFT JOIN alerts a USING (alert_id)
    WHERE j.at < :until AND (a.alert_id IS NULL OR ({_CLOSED}))
    AND j.at <= (SELECT max(at) FROM alert_journal) - {366 * DAY_MS} LIMIT :most)
"""
_TOLD_OF_WELFARE = f"""
DELETE FROM notifications WHERE id IN (
    SELECT n.id FROM notifications n WHERE n.finished < :until AND EXISTS (
        SELECT 1 FROM json_each(n.alert_ids) e JOIN alerts a ON a.alert_id = e.value WHERE {_CLOSED_WELFARE})
    LIMIT :most)
"""
_JOURNAL_OF_WELFARE = f"""
UPDATE alert_journal SET by = NULL, detail = json_remove(detail, {_PERSONAL}) WHERE id IN (
    SELECT j.id FROM alert_journal j JOIN alerts a USING (alert_id) WHERE {_CLOSED_WELFARE}
    AND (j.by IS NOT NULL OR json(j.detail) <> json_remove(j.detail, {_PERSONAL})) LIMIT :most)
"""
_TELLS_MORE = "a.by IS NOT NULL OR a.comment IS NOT NULL OR a.value <> 'null' OR a.learned <> '{}'"
_WELFARE = f"""
UPDATE alerts SET by = NULL, comment = NULL, value = 'null', learned = '{{}}' WHERE alert_id IN (
    SELECT a.alert_id FROM alerts a WHERE {_CLOSED_WELFARE} AND ({_TELLS_MORE}) LIMIT :most)
"""
_REMOVALS: Mapping[DataClass, Sequence[str]] = {
    DataClass.READINGS: (_delete("journal", "at < :until"),),
    DataClass.TIERS: (_delete("retention_reports", "at < :until"),),
    DataClass.ALERTS: (_CLOSED_JOURNAL, _delete("alerts AS a", _CLOSED, "alert_id")),
    DataClass.WELFARE: (_TOLD_OF_WELFARE, _JOURNAL_OF_WELFARE, _WELFARE),
    DataClass.QUARANTINE: (_delete("quarantine", "received < :until"),),
    DataClass.COMMANDS: (_delete("commands", "issued < :until AND state <> 'pending'"),),
    DataClass.AUDIT: (_delete("audit", "at < :until"),),
}
_OLDEST = {
    DataClass.ALERTS: "SELECT min(at) FROM alert_journal",
    DataClass.WELFARE: f"SELECT min(a.opened) FROM alerts a WHERE a.rule IN ({_RULES}) AND ({_TELLS_MORE})",
    DataClass.QUARANTINE: "SELECT min(received) FROM quarantine",
    DataClass.COMMANDS: "SELECT min(issued) FROM commands",
    DataClass.AUDIT: "SELECT min(at) FROM audit",
}


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What one removal took of one class: rows, bytes as far as known, everything before `upto` (ms).

    ``held`` names tables that wait for somebody, with who it is; ``forced`` those that waited too long.
    """

    at: int
    data_class: str
    rows: int
    bytes: int
    upto: int
    tables: Sequence[str] = ()
    held: Sequence[str] = ()
    forced: Sequence[str] = ()


class Retention(Repository):
    """Rows past their time, and the table `retention_reports`."""

    def remove(self, of: DataClass, until: int) -> Iterator[int]:
        """Take out rows from before `until` (ms), some at a time; yield how many went. Their bytes go too."""
        for statement in _REMOVALS.get(of, ()):
            gone = ROWS_A_TIME
            while gone == ROWS_A_TIME:
                with self._engine.begin() as connection:
                    # else what was deleted could still be read in the file
                    connection.exec_driver_sql("PRAGMA secure_delete=ON")
                    done = connection.execute(text(statement), {"until": until, "most": ROWS_A_TIME})
                gone = done.rowcount
                yield gone

    def oldest(self, of: DataClass) -> int | None:
        """Return the time (ms) of the oldest row of a class that is kept here, None when there is none."""
        with self._reading.connect() as connection:
            found = connection.execute(text(_OLDEST[of])).scalar() if of in _OLDEST else None
        return None if found is None else int(found)

    def report(self, reports: Sequence[RetentionReport]) -> None:
        """Write what one removal took, all classes at once: with it the removal is done for the day."""
        with self._engine.begin() as connection:
            connection.execute(insert(retention_reports), [asdict(report) for report in reports])

    def reported_at(self) -> int | None:
        """Return when the newest removal began (ms), None before the first."""
        with self._reading.connect() as connection:
            at = connection.execute(
                select(retention_reports.c.at).order_by(retention_reports.c.id.desc()).limit(1)
            ).scalar()
        return None if at is None else int(at)

    def page(self, limit: int, before: int | None = None) -> list[tuple[int, RetentionReport]]:
        """Return at most ``limit`` reports with their numbers, newest first, before number ``before``."""
        query = select(retention_reports).order_by(retention_reports.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(retention_reports.c.id < before)
        with self._reading.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return [(row["id"], RetentionReport(**{k: v for k, v in row.items() if k != "id"})) for row in rows]
