"""Looks after those who are told: gaps of the rota, people without a channel, the daily test message.

Its findings are alerts like all others, of the station `_gateway`. Synchronous; call it off the event loop.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import time

from gateway.alerting.response.calendar import Days
from gateway.alerting.response.duty_rules import DAILY_TEST, NO_HOLIDAYS, ROTA_GAP, UNREACHABLE
from gateway.alerting.response.idle_silences import end_idle_silences
from gateway.alerting.response.life import Alerts
from gateway.alerting.response.surroundings import GATEWAY
from gateway.domain.alerts import Change, Figure, Key, Transition
from gateway.domain.local_time import wall
from gateway.domain.oncall import Rota, gaps, unreachable
from gateway.state.alert_rows import OPEN, AlertRow
from gateway.state.alerts import AlertFilter
from gateway.state.database import State

EVERY_MS = 3_600_000
"""Once a day would do to find a gap; a rota that was mended should not look broken for a day."""
PAGED = ("P1", "P2")

NO_FRAME = -1
"""These come of no frame: how far the engine has judged stays as it is."""

Finding = tuple[str, str, Figure]
"""Rule, device, and what is shown as the value."""


class DutyWatch:
    """``rota`` None: nobody is on call, and readiness says so. ``working`` gives the channels that work."""

    def __init__(
        self,
        state: State,
        alerts: Alerts,
        rota: Rota | None,
        days: Days,
        working: Callable[[], Collection[str]],
        test_at: time | None = None,
    ) -> None:
        self._state = state
        self._alerts = alerts
        self._rota = rota
        self._days = days
        self._working = working
        self._test_at = test_at
        self._next_look = 0
        self._next_test: int | None = None

    def tend(self, now: int) -> None:
        """Look if it is time, and send the test message if it is time."""
        if now >= self._next_look:
            self._next_look = now + EVERY_MS
            self._state.reserve.take()
            end_idle_silences(self._state, now)
            self.look(now)
        if self._test_at is not None:
            due = self._next_test
            self._next_test = self._days.next_at(self._test_at, now)
            if due is not None and now >= due:
                self._alerts.apply(_test(now), NO_FRAME, now)

    def look(self, now: int) -> None:
        """Open an alert for every finding that is new, and clear those of findings that are gone."""
        if self._rota is None:
            return
        found = {(rule, device): value for rule, device, value in self._findings(self._rota, now)}
        known = {(row.rule, row.device): row for row in self._open()}
        news = [
            _transition(Key(rule, GATEWAY, device), Change.OPENED, now, now, found[rule, device])
            for rule, device in found.keys() - known.keys()
        ]
        gone = [known[key] for key in known.keys() - found.keys() if known[key].standing is not None]
        cleared = [
            _transition(Key(row.rule, GATEWAY, row.device), Change.CLEARED, row.episode, now) for row in gone
        ]
        if news or cleared:
            self._alerts.apply([*cleared, *news], NO_FRAME, now)

    def waiting_s(self, now: int) -> int:
        """Return for how long nobody has acknowledged the test message; 0 when somebody has (AG-19)."""
        test = next((row for row in self._open() if row.rule == DAILY_TEST.id), None)
        return 0 if test is None else max(0, now - test.opened) // 1_000

    def _findings(self, rota: Rota, now: int) -> Iterable[Finding]:
        overrides = self._state.rota_overrides.unended(now)
        for gap in gaps(rota, overrides, now, (None,), PAGED):
            yield ROTA_GAP.id, gap.severity, wall(gap.start, rota.tz).isoformat(" ", "minutes")
        for person, since in unreachable(rota, overrides, now, self._working()).items():
            yield UNREACHABLE.id, person, wall(since, rota.tz).isoformat(" ", "minutes")
        missing = rota.calendar.lacks(wall(now, rota.tz).date())
        if missing is not None:
            yield NO_HOLIDAYS.id, str(missing), None

    def _open(self) -> list[AlertRow]:
        ours = {ROTA_GAP.id, UNREACHABLE.id, NO_HOLIDAYS.id, DAILY_TEST.id}
        wanted = AlertFilter(states=OPEN, station_id=GATEWAY)
        return [row for row in self._state.alerts.page(1_000, wanted=wanted) if row.rule in ours]


def _test(now: int) -> list[Transition]:
    """Open the test and let it clear: it is latched, so it waits for a person."""
    key = Key(DAILY_TEST.id, GATEWAY, "")
    return [
        _transition(key, Change.OPENED, now, now),
        _transition(key, Change.CLEARED, now, now),
    ]


def _transition(key: Key, change: Change, opened: int, now: int, value: Figure = None) -> Transition:
    severity = next(
        str(rule.levels[0].severity)
        for rule in (ROTA_GAP, UNREACHABLE, NO_HOLIDAYS, DAILY_TEST)
        if rule.id == key.rule
    )
    return Transition(key, change, severity, opened, now, now, value)
