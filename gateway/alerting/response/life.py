"""The life of alerts: from transitions to rows, decisions and notifications, and what people do with them.

Every method is one transaction: after a crash it has happened whole, or not at all. All are synchronous and
thread-safe; call them off the event loop.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import structlog
from sqlalchemy.exc import DBAPIError

from gateway.alerting.response import course, deeds
from gateway.alerting.response.deciding import Plans, Policy
from gateway.alerting.response.docket import Docket
from gateway.alerting.response.emergency import Emergency
from gateway.alerting.response.outbox import Outbox
from gateway.alerting.response.settings import AlertSettings
from gateway.domain.alerts import Change, Transition
from gateway.errors import NotDurableError
from gateway.state.alert_rows import AlertRow, Verdict
from gateway.state.database import State

log = structlog.get_logger(__name__)

ENGINE = "engine"
"""The consumer whose effects are written here."""
AT_ONCE = 1_000
"""So many alerts or escalations are looked at in one transaction."""
LONGEST_SNOOZE_MS = 7 * 86_400_000


class NoSuchAlertError(LookupError):
    """No alert has this id."""


class AlertOverError(ValueError):
    """The alert is resolved: there is nothing to acknowledge or to snooze."""


class Alerts:
    """Every alert of one gateway."""

    def __init__(self, state: State, policy: Policy, settings: AlertSettings, emergency: Emergency) -> None:
        self._state = state
        self._policy = policy
        self._settings = settings
        self._outbox = Outbox(state.notifications)
        self._emergency = emergency
        self._on_news: Callable[[], None] | None = None

    def woken_by(self, wake: Callable[[], None] | None) -> None:
        """Have ``wake`` called, on any thread, when there may be something to send; None: nobody sends."""
        self._on_news = wake

    def watermark(self) -> int:
        """Return the last frame whose effects are durable here, -1 before the first."""
        return self._state.alerts.watermark(ENGINE)

    def rewind(self, watermark: int) -> None:
        """Take no frame beyond this one as judged: the store has none, and gives its numbers anew."""
        with self._state.begin() as connection:
            self._state.alerts.rewind(connection, ENGINE, watermark)

    def apply(self, transitions: Sequence[Transition], watermark: int, now: int) -> None:
        """Make transitions durable, with all they lead to, and the frame they were judged up to.

        Those that were applied before change nothing. NotDurableError: nothing was written; what is about
        somebody's life is being told all the same.
        """
        try:
            self._apply(transitions, watermark, now)
        except DBAPIError as first:
            log.warning("alerts_not_written", reason=str(first.orig), next="giving back the reserve")
            self._state.reserve.free()
            try:
                self._apply(transitions, watermark, now)
            except DBAPIError as error:
                self._emergency.hear(transitions, now)
                self.wake()
                raise NotDurableError(f"alerts: {error.orig}") from error
        if transitions:
            self.wake()

    def _apply(self, transitions: Sequence[Transition], watermark: int, now: int) -> None:
        with self._state.begin() as connection:
            if transitions:
                docket = Docket(self._state, connection, now)
                self._take(docket, transitions)
                self._finish(docket)
            self._state.alerts.advance(connection, ENGINE, watermark)
        self._emergency.written(transitions)

    def _take(self, docket: Docket, transitions: Sequence[Transition]) -> None:
        names = [course.identity(transition) for transition in transitions]
        known = self._state.alerts.known(docket.connection, names)
        docket.load_for(transitions)
        news: dict[str, None] = {}
        over: dict[str, None] = {}
        for name, transition in zip(names, transitions, strict=True):
            if name in known:
                continue
            known.add(name)
            outcome = self._happen(docket, transition)
            if outcome is None:
                docket.note(course.ignore(transition))
                continue
            docket.put(outcome)
            row = outcome.row
            if outcome.news:
                news[row.alert_id] = None
            if not row.is_open and row.announced is not None:
                over[row.alert_id] = None
        if news:
            self._policy.decide(docket, _present(docket, news), self._plans(docket.now))
        self._policy.tell_resolved(docket, [row for row in _present(docket, over) if not row.is_open])

    def _happen(self, docket: Docket, transition: Transition) -> course.Outcome | None:
        rule = self._policy.rule(transition.key.rule)
        region = self._policy.surroundings.station(transition.key.station_id).region
        row = docket.of(transition)
        confirms = row is not None and row.retrospective and not transition.retrospective
        if row is not None and confirms and transition.change is Change.RAISED:
            live = next((r for r in docket.open_at(row.station_id) if _same(r, row)), None)
            if live is not None:
                # a latched one of the same key is open already: the confirmed episode counts into it
                docket.put(course.merge(row, live.alert_id, docket.now))
                return course.take(live, replace(transition, change=Change.OPENED), rule, region)
        return course.take(row, transition, rule, region)

    # -- people --------------------------------------------------------------------------------------------

    def acknowledge(self, alert_id: str, by: str, comment: str, now: int) -> AlertRow:
        """Take an alert: nobody else is told any more. NoSuchAlertError, AlertOverError.

        Whoever acknowledges again, takes it over from who did.
        """

        def deed(row: AlertRow) -> course.Outcome:
            lasts = self._settings.acknowledgement_ms(row.severity)
            return deeds.acknowledge(row, by, comment, now, lasts)

        return self._do(alert_id, deed, now)

    def snooze(self, alert_id: str, by: str, comment: str, until: int, now: int) -> AlertRow:
        """Leave people alone until ``until``. NoSuchAlertError, AlertOverError; ValueError for the time."""
        if not now < until <= now + LONGEST_SNOOZE_MS:
            raise ValueError("until: it must be in the future, and within 7 days")
        return self._do(alert_id, lambda row: deeds.snooze(row, by, comment, until, now), now)

    def resolve(self, alert_id: str, by: str, comment: str, verdict: Verdict, now: int) -> AlertRow:
        """Close an alert with a verdict; one that is over may still get one. NoSuchAlertError."""
        return self._do(
            alert_id, lambda row: deeds.resolve(row, by, comment, verdict, now), now, also_over=True
        )

    def _do(
        self,
        alert_id: str,
        deed: Callable[[AlertRow], course.Outcome],
        now: int,
        *,
        also_over: bool = False,
    ) -> AlertRow:
        with self._state.begin() as connection:
            docket = Docket(self._state, connection, now)
            row = docket.get(alert_id)
            if row is None:
                raise NoSuchAlertError(alert_id)
            if not row.is_open and not also_over:
                raise AlertOverError(f"{alert_id} was resolved at {row.resolved}")
            outcome = deed(row)
            docket.put(outcome)
            docket.escalate(alert_id, None)
            if row.is_open and not outcome.row.is_open and row.announced is not None:
                self._policy.tell_resolved(docket, [outcome.row])
            self._finish(docket)
        self.wake()
        return outcome.row

    # -- time ----------------------------------------------------------------------------------------------

    def tend(self, now: int) -> bool:
        """Do what is due: decisions, lapsed acknowledgements, escalations. False: there was nothing.

        Call it again at once when it returns True: it does a bounded piece at a time.
        """
        if not self._state.alerts.due(now) and not self._state.escalations.any_due(now):
            return False
        plans = self._plans(now)
        with self._state.begin() as connection:
            docket = Docket(self._state, connection, now)
            for row in docket.take_up(self._state.alerts.lapsed(connection, now)):
                docket.put(deeds.lapse(row, now))
            due = self._state.alerts.to_decide(connection, now, AT_ONCE)
            self._policy.decide(docket, docket.take_up(due), plans)
            self._policy.escalate(docket, AT_ONCE, plans)
            self._finish(docket)
        self.wake()
        return True

    # -- both ----------------------------------------------------------------------------------------------

    def _plans(self, now: int) -> Plans:
        state = self._state
        return Plans(
            tuple(state.maintenance.all()),
            tuple(state.silences.unended(now)),
            tuple(state.rota_overrides.unended(now)),
        )

    def wake(self) -> None:
        """Have whoever sends look for something to send."""
        if self._on_news is not None:
            self._on_news()

    def _finish(self, docket: Docket) -> None:
        docket.write()
        written = self._outbox.put(docket.connection, docket.tellings, docket.now)
        self._emergency.settle(docket.connection, self._state.notifications, written, docket.now)


def _present(docket: Docket, alert_ids: Iterable[str]) -> list[AlertRow]:
    return [row for alert_id in alert_ids if (row := docket.get(alert_id)) is not None]


def _same(one: AlertRow, other: AlertRow) -> bool:
    return (one.rule, one.device) == (other.rule, other.device) and not one.retrospective
