"""Alerts and their journal.

Writing takes the caller's connection: what one decision changes is one transaction over several tables.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Select, func, select, update
from sqlalchemy.dialects.sqlite import insert

from gateway.state.alert_rows import OPEN, AlertRow, AlertState, Entry, JournalEntry, Verdict
from gateway.state.alert_schema import alert_journal, alerts, engine_position
from gateway.state.repository import Repository, chunks


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are asked for; None asks for any. ``since`` is compared with when they last changed."""

    states: Sequence[AlertState] | None = None
    station_id: str | None = None
    rule: str | None = None
    severity: str | None = None
    since: int | None = None
    regions: Iterable[str] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the journal with its number, its alert as it is now, and the severity of that moment."""

    id: int
    entry: JournalEntry
    alert: AlertRow | None
    severity: str | None


class Alerts(Repository):
    """The tables `alerts`, `alert_journal` and `engine_position`."""

    # -- to be read beside a writer ------------------------------------------------------------------------

    def page(
        self, limit: int, before: str | None = None, wanted: AlertFilter | None = None
    ) -> list[AlertRow]:
        """Return at most ``limit`` alerts, newest first, those opened before the alert ``before``."""
        query = _filtered(select(alerts), wanted or AlertFilter())
        if before is not None:
            query = query.where(alerts.c.alert_id < before)
        with self._reading.connect() as connection:
            return _rows(connection, query.order_by(alerts.c.alert_id.desc()).limit(limit))

    def get(self, alert_id: str) -> AlertRow | None:
        """Return one alert, or None."""
        with self._reading.connect() as connection:
            return self.find(connection, alert_id)

    def timeline(self, alert_id: str) -> list[JournalEntry]:
        """Return all that happened to an alert, in its order."""
        query = select(alert_journal).where(alert_journal.c.alert_id == alert_id).order_by(alert_journal.c.id)
        with self._reading.connect() as connection:
            return [_entry(row) for row in connection.execute(query).mappings()]

    def changed_since(self, since: int, limit: int = 1_000) -> list[AlertRow]:
        """Return the alerts changed at ``since`` or later, in the order of their change."""
        query = select(alerts).where(alerts.c.changed >= since).order_by(alerts.c.changed, alerts.c.alert_id)
        with self._reading.connect() as connection:
            return _rows(connection, query.limit(limit))

    def journalled(self, after: int, limit: int = 1_000) -> tuple[int, list[AlertRow]]:
        """Return alerts the journal tells of beyond the entry ``after``, and the entry to go on from.

        At most ``limit``, those told of longest ago first.
        """
        newest = func.max(alert_journal.c.id).label("newest")
        told = select(alert_journal.c.alert_id, newest).where(alert_journal.c.id > after)
        told = told.group_by(alert_journal.c.alert_id).order_by(newest).limit(limit)
        with self._reading.begin() as connection:
            found = {row.alert_id: int(row.newest) for row in connection.execute(told)}
            rows = {row.alert_id: row for row in self.among(connection, found)}
        return max(found.values(), default=after), [rows[one] for one in found if one in rows]

    def journal_end(self) -> int:
        """Return the newest entry of the journal, 0 before the first."""
        with self._reading.connect() as connection:
            return int(connection.execute(select(func.max(alert_journal.c.id))).scalar() or 0)

    def told_after(self, after: int, limit: int) -> list[Told]:
        """Return what the journal says beyond the entry ``after``, in its order, with the alerts meant.

        The severity is the one of that moment, so that reading again says the same; an alert that
        is not kept any more is None.
        """
        earlier = alert_journal.alias()
        severity = func.json_extract(earlier.c.detail, "$.severity")
        of_then = (
            select(severity)
            .where(earlier.c.alert_id == alert_journal.c.alert_id, earlier.c.id <= alert_journal.c.id)
            .where(severity.is_not(None))
            .order_by(earlier.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        asked = select(alert_journal, of_then.label("severity")).where(alert_journal.c.id > after)
        with self._reading.begin() as connection:
            rows = connection.execute(asked.order_by(alert_journal.c.id).limit(limit)).mappings().all()
            known = {row.alert_id: row for row in self.among(connection, {row["alert_id"] for row in rows})}
        return [Told(row["id"], _entry(row), known.get(row["alert_id"]), row["severity"]) for row in rows]

    def open_counts(self) -> dict[str, dict[str, int]]:
        """Return how many alerts are open, by station and severity; stations without any are left out."""
        query = (
            select(alerts.c.station_id, alerts.c.severity, func.count())
            .where(alerts.c.state.in_(OPEN))
            .group_by(alerts.c.station_id, alerts.c.severity)
        )
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        with self._reading.connect() as connection:
            for station_id, severity, count in connection.execute(query):
                counts[station_id][severity] = count
        return dict(counts)

    def verdicts(self, since: int) -> dict[str, dict[str, int]]:
        """Return how often each rule was found real, false or a test, of alerts resolved since then."""
        query = (
            select(alerts.c.rule, alerts.c.verdict, func.count())
            .where(alerts.c.resolved >= since, alerts.c.verdict.is_not(None))
            .group_by(alerts.c.rule, alerts.c.verdict)
        )
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        with self._reading.connect() as connection:
            for rule, verdict, count in connection.execute(query):
                counts[rule][verdict] = count
        return dict(counts)

    def watermark(self, consumer: str) -> int:
        """Return the last frame whose effects a consumer has made durable here; -1 before the first."""
        query = select(engine_position.c.watermark).where(engine_position.c.consumer == consumer)
        with self._reading.connect() as connection:
            found = connection.execute(query).scalar()
        return -1 if found is None else int(found)

    # -- inside a transaction ------------------------------------------------------------------------------

    def find(self, connection: Connection, alert_id: str) -> AlertRow | None:
        """Return one alert, or None."""
        found = _rows(connection, select(alerts).where(alerts.c.alert_id == alert_id))
        return found[0] if found else None

    def among(self, connection: Connection, alert_ids: Iterable[str]) -> list[AlertRow]:
        """Return those alerts of these ids that there are."""
        found: list[AlertRow] = []
        for some in chunks(alert_ids):
            found += _rows(connection, select(alerts).where(alerts.c.alert_id.in_(some)))
        return found

    def open_at(self, connection: Connection, station_ids: Iterable[str]) -> list[AlertRow]:
        """Return every open alert of some stations."""
        found: list[AlertRow] = []
        for some in chunks(station_ids):
            is_open = alerts.c.state.in_(OPEN)
            found += _rows(connection, select(alerts).where(is_open, alerts.c.station_id.in_(some)))
        return found

    def to_decide(self, connection: Connection, now: int, limit: int) -> list[AlertRow]:
        """Return the alerts policy has to look at by ``now``, those due longest first."""
        query = select(alerts).where(alerts.c.decide_at <= now).order_by(alerts.c.decide_at).limit(limit)
        return _rows(connection, query)

    def lapsed(self, connection: Connection, now: int) -> list[AlertRow]:
        """Return the acknowledged alerts whose acknowledgement is over by ``now``."""
        of_state = alerts.c.state == AlertState.ACKNOWLEDGED
        return _rows(connection, select(alerts).where(of_state, alerts.c.lapses <= now))

    def recent(
        self, connection: Connection, station_ids: Iterable[str], since: int
    ) -> dict[str, list[AlertRow]]:
        """Return by station the alerts that opened or rose since then, open or not."""
        found: dict[str, list[AlertRow]] = defaultdict(list)
        query = select(alerts).where(alerts.c.worsened >= since)
        for some in chunks(station_ids):
            for row in _rows(connection, query.where(alerts.c.station_id.in_(some))):
                found[row.station_id].append(row)
        return found

    def told(self, connection: Connection, alert_ids: Iterable[str]) -> dict[str, list[JournalEntry]]:
        """Return by alert what its journal says of whom was told, in its order."""
        found: dict[str, list[JournalEntry]] = defaultdict(list)
        kinds = (Entry.ANNOUNCED, Entry.ESCALATED)
        for some in chunks(alert_ids):
            query = select(alert_journal).where(
                alert_journal.c.alert_id.in_(some), alert_journal.c.kind.in_(kinds)
            )
            for row in connection.execute(query.order_by(alert_journal.c.id)).mappings():
                found[row["alert_id"]].append(_entry(row))
        return found

    def due(self, now: int) -> bool:
        """Whether policy, or a lapsed acknowledgement, has anything to look at by ``now``."""
        lapsed = (alerts.c.state == AlertState.ACKNOWLEDGED) & (alerts.c.lapses <= now)
        query = select(alerts.c.alert_id).where((alerts.c.decide_at <= now) | lapsed).limit(1)
        with self._reading.connect() as connection:
            return connection.execute(query).first() is not None

    def save(self, connection: Connection, rows: Iterable[AlertRow]) -> None:
        """Write alerts over what was known of them."""
        values = [_values(row) for row in rows]
        if not values:
            return
        statement = insert(alerts)
        written = {column.name: statement.excluded[column.name] for column in alerts.columns}
        connection.execute(statement.on_conflict_do_update(index_elements=["alert_id"], set_=written), values)

    def note(self, connection: Connection, entries: Iterable[JournalEntry]) -> None:
        """Write what happened; an entry whose identity is there already is left out."""
        values = [{name: getattr(entry, name) for name in _OF_ENTRY} for entry in entries]
        if not values:
            return
        connection.execute(insert(alert_journal).on_conflict_do_nothing(index_elements=["identity"]), values)

    def known(self, connection: Connection, identities: Iterable[str]) -> set[str]:
        """Return those identities of transitions that were applied before."""
        found: set[str] = set()
        for some in chunks(identities):
            query = select(alert_journal.c.identity).where(alert_journal.c.identity.in_(some))
            found.update(connection.execute(query).scalars())
        return found

    def rewind(self, connection: Connection, consumer: str, watermark: int) -> None:
        """Let the last frame whose effects are durable be at most this one."""
        beyond = engine_position.c.watermark > watermark
        position = update(engine_position).where(engine_position.c.consumer == consumer, beyond)
        connection.execute(position.values(watermark=watermark))

    def advance(self, connection: Connection, consumer: str, watermark: int) -> None:
        """Note the last frame whose effects are in this transaction or an earlier one; never backwards."""
        statement = insert(engine_position).values(consumer=consumer, watermark=watermark)
        farther = func.max(engine_position.c.watermark, statement.excluded.watermark)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["consumer"], set_={"watermark": farther})
        )


def _filtered(query: Select[Any], wanted: AlertFilter) -> Select[Any]:
    if wanted.states is not None:
        query = query.where(alerts.c.state.in_(wanted.states))
    for column in ("station_id", "rule", "severity"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(alerts.c[column] == value)
    if wanted.since is not None:
        query = query.where(alerts.c.changed >= wanted.since)
    if wanted.regions is not None:
        query = query.where(alerts.c.region.in_(list(wanted.regions)))
    return query


_COLUMNS = tuple(column.name for column in fields(AlertRow))
_OF_ENTRY = tuple(column.name for column in fields(JournalEntry))


def _values(row: AlertRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in _COLUMNS} | {"learned": dict(row.learned)}


def _rows(connection: Connection, query: Select[Any]) -> list[AlertRow]:
    return [_alert(row) for row in connection.execute(query).mappings()]


def _alert(row: Any) -> AlertRow:  # noqa: ANN401 - a row has columns of as many types
    verdict = Verdict(row["verdict"]) if row["verdict"] else None
    return AlertRow(**{**row, "state": AlertState(row["state"]), "verdict": verdict})


def _entry(row: Any) -> JournalEntry:  # noqa: ANN401 - a row has columns of as many types
    return JournalEntry(
        row["alert_id"], row["at"], Entry(row["kind"]), row["by"], row["detail"], row["identity"]
    )
