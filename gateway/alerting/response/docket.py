"""The alerts of one transaction: read once, changed in memory, written together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from gateway.alerting.response.course import Outcome
from gateway.alerting.response.outbox import Telling
from gateway.alerting.response.surroundings import GATEWAY
from gateway.domain.alerts import Transition, alert_id
from gateway.state.alert_rows import AlertRow, JournalEntry
from gateway.state.database import State
from gateway.state.escalations import EscalationRow


class Docket:
    """What one transaction looks at and changes. ``now`` in ms UTC."""

    def __init__(self, state: State, connection: Connection, now: int) -> None:
        self.state = state
        self.connection = connection
        self.now = now
        self.tellings: list[Telling] = []
        self.hid: set[str] = set()
        self._rows: dict[str, AlertRow] = {}
        self._at: dict[str, dict[str, None]] = defaultdict(dict)
        self._loaded: set[str] = set()
        self._changed: dict[str, None] = {}
        self._entries: list[JournalEntry] = []
        self._escalations: dict[str, EscalationRow | None] = {}

    # -- looking -------------------------------------------------------------------------------------------

    def load(self, station_ids: Iterable[str]) -> None:
        """Read the open alerts of stations, and of the gateway itself, unless that was done."""
        wanted = {*station_ids, GATEWAY} - self._loaded
        for row in self.state.alerts.open_at(self.connection, wanted):
            self._keep(row)
        self._loaded |= wanted

    def load_for(self, transitions: Sequence[Transition]) -> None:
        """Read all that transitions may belong to."""
        self.load(transition.key.station_id for transition in transitions)
        own = {alert_id(transition.key, transition.opened) for transition in transitions}
        for row in self.state.alerts.among(self.connection, own - self._rows.keys()):
            self._keep(row)

    def of(self, transition: Transition) -> AlertRow | None:
        """Return the alert a loaded transition belongs to: the open one of its key, or its episode's."""
        key = transition.key
        own = self._rows.get(alert_id(key, transition.opened))
        if own is not None and own.is_open:
            return own
        past = transition.retrospective and (own is None or own.retrospective)
        for row in self.open_at(key.station_id):
            if (row.rule, row.device, row.retrospective) == (key.rule, key.device, past):
                return row
        return own

    def get(self, wanted: str) -> AlertRow | None:
        """Return one alert, or None."""
        if wanted not in self._rows:
            found = self.state.alerts.find(self.connection, wanted)
            if found is None:
                return None
            self._keep(found)
        return self._rows[wanted]

    def take_up(self, rows: Iterable[AlertRow]) -> list[AlertRow]:
        """Return the rows as they stand in this transaction by now."""
        return [self._keep(row) for row in rows]

    def open_at(self, station_id: str) -> list[AlertRow]:
        """Return the open alerts of a station that was loaded."""
        return [row for one in self._at[station_id] if (row := self._rows[one]).is_open]

    # -- changing ------------------------------------------------------------------------------------------

    def put(self, outcome: Outcome) -> None:
        """Take the outcome of an event."""
        self.change(outcome.row, *outcome.entries)

    def change(self, row: AlertRow, *entries: JournalEntry) -> None:
        """Note a row as it is now, and what happened."""
        self._keep(row)
        self._rows[row.alert_id] = row
        self._changed[row.alert_id] = None
        self._entries += entries

    def note(self, entry: JournalEntry) -> None:
        """Note what changed no row."""
        self._entries.append(entry)

    def escalate(self, alert: str, row: EscalationRow | None) -> None:
        """Note how far the escalation of an alert is; None ends it."""
        self._escalations[alert] = row

    def write(self) -> None:
        """Write everything that changed."""
        self.state.alerts.save(self.connection, [self._rows[changed] for changed in self._changed])
        self.state.alerts.note(self.connection, self._entries)
        going = {alert: row for alert, row in self._escalations.items() if row is not None}
        self.state.escalations.save(self.connection, going.values())
        self.state.escalations.stop(self.connection, self._escalations.keys() - going.keys())
        if self.hid:
            self.state.silences.hid(self.connection, self.hid, self.now)

    def _keep(self, row: AlertRow) -> AlertRow:
        self._at[row.station_id][row.alert_id] = None
        return self._rows.setdefault(row.alert_id, row)
