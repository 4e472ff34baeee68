"""Alerts as people see them: the row, what the rule is called, what the station is called."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from catalogue.model import Rule
from gateway.alerting.detection.lane import Pending
from gateway.domain.alerts import Figure, alert_id
from gateway.domain.registry import Registry
from gateway.domain.silences import Match, Subject
from gateway.queries.fleet_list import OWN_STATION
from gateway.state.alert_rows import OPEN, AlertRow, AlertState, JournalEntry, Verdict
from gateway.state.alerts import AlertFilter, Alerts

PENDING = "pending"
SEVERITIES = ("P1", "P2", "P3", "P4")
_BATCH = 1_000
_OWN_NAME = {"zh": "网关", "en": "Gateway"}


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert, open, over, or still pending; times ms UTC, ``state`` also `pending`.

    ``definition`` is the rule, None for one that is gone: it says what ``value`` and ``limit`` are of.
    """

    alert_id: str
    rule: str
    name: Mapping[str, str]
    station_id: str
    station: Mapping[str, str]
    region: str | None
    device: str
    severity: str
    state: str
    opened: int
    changed: int
    value: Figure = None
    limit: Figure = None
    by: str | None = None
    comment: str | None = None
    retrospective: bool = False
    incomplete: bool = False
    verdict: Verdict | None = None
    count: int = 1
    snoozed_until: int | None = None
    quiet_because: str | None = None
    first_action: Mapping[str, str] | None = None
    learned: Mapping[str, float] = field(default_factory=dict)
    life_safety: bool = False
    definition: Rule | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts to list; None for any. ``regions`` are those one may see."""

    regions: frozenset[str] | None = None
    state: str | None = None
    station_id: str | None = None
    rule: str | None = None
    severity: str | None = None
    since: int | None = None

    def admits(self, view: AlertView) -> bool:
        """Whether an alert that is pending is among them."""
        return (
            (self.regions is None or view.region in self.regions)
            and self.state in {None, view.state}
            and self.station_id in {None, view.station_id}
            and self.rule in {None, view.rule}
            and self.severity in {None, view.severity}
            and view.changed >= (self.since or 0)
        )

    def of_rows(self) -> AlertFilter:
        """Return the same as the database is asked."""
        states = None if self.state is None else (AlertState(self.state),)
        return AlertFilter(states, self.station_id, self.rule, self.severity, self.since, self.regions)


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a silence would do: the open alerts it hides, those it may not hide, and how many lately."""

    hides: Sequence[AlertView]
    passes: Sequence[AlertView]
    recent: int


@dataclass(frozen=True)
class AlertList:
    """Answers what alerts there are; synchronous, call it off the event loop.

    ``rule`` gives a rule in force by its id, ``pending`` what the engine holds, ``region_of`` the region a
    station is in now.
    """

    alerts: Alerts
    registry: Registry
    rule: Callable[[str], Rule | None]
    pending: Callable[[], Iterable[Pending]]
    region_of: Callable[[str], str | None]

    def page(self, limit: int, before: str | None, wanted: Wanted) -> tuple[list[AlertView], str | None]:
        """Return at most ``limit`` alerts, newest first, and the id to go on from, if there are more."""
        found = [view for view in self._pending(wanted) if before is None or view.alert_id < before]
        if wanted.state != PENDING:
            rows = self.alerts.page(limit + 1, before, wanted.of_rows())
            known = {row.alert_id for row in rows}
            found = [view for view in found if view.alert_id not in known] + list(map(self.view, rows))
        found.sort(key=lambda view: view.alert_id, reverse=True)
        return found[:limit], found[limit - 1].alert_id if len(found) > limit else None

    def worst_first(self, limit: int, regions: frozenset[str] | None) -> list[AlertView]:
        """Return at most ``limit`` open alerts: gravest first, firing before acknowledged, newest first."""
        found: list[AlertView] = []
        for severity in SEVERITIES:
            for state in OPEN:
                wanted = AlertFilter((state,), severity=severity, regions=regions)
                found += map(self.view, self.alerts.page(limit - len(found), None, wanted))
        return found

    def between(self, start: int, end: int, regions: frozenset[str] | None) -> list[AlertView]:
        """Return the alerts that were open at any time of ``start`` to ``end`` (ms)."""
        changed = AlertFilter(regions=regions, since=start)
        still_open = AlertFilter(OPEN, regions=regions)
        found = {view.alert_id: view for asked in (changed, still_open) for view in self._all(asked)}
        return [view for view in found.values() if view.opened < end]

    def get(self, asked: str) -> AlertView | None:
        """Return one alert, or None."""
        row = self.alerts.get(asked)
        if row is not None:
            return self.view(row)
        return next((view for view in self._pending(Wanted()) if view.alert_id == asked), None)

    def timeline(self, asked: str) -> list[JournalEntry]:
        """Return all that happened to an alert, in its order."""
        return self.alerts.timeline(asked)

    def hidden(self, match: Match, since: int) -> Hidden:
        """Return what a silence would hide of the alerts open now, and how many opened since then."""
        asked = AlertFilter(OPEN, match.station_id, match.rule, match.severity)
        admitted = [view for view in self._all(asked) if match.admits(_subject(view))]
        admitted.sort(key=lambda view: view.severity)
        lately = replace(asked, states=None, since=since)
        recent = sum(view.opened >= since and match.hides(_subject(view)) for view in self._all(lately))
        return Hidden(
            [view for view in admitted if not view.life_safety],
            [view for view in admitted if view.life_safety],
            recent,
        )

    def view(self, row: AlertRow) -> AlertView:
        """Return a row as people see it."""
        return replace(
            self._named(row.rule, row.station_id, row.alert_id),
            region=row.region,
            device=row.device,
            severity=row.severity,
            state=row.state,
            opened=row.opened,
            changed=row.changed,
            value=row.value,
            limit=row.limit,
            by=row.by,
            comment=row.comment,
            retrospective=row.retrospective,
            incomplete=row.incomplete,
            verdict=row.verdict,
            count=row.count,
            snoozed_until=row.snoozed_until,
            quiet_because=row.held_by,
            learned=row.learned,
        )

    def _named(self, rule_id: str, station_id: str, ident: str) -> AlertView:
        rule = self.rule(rule_id)
        own = station_id == OWN_STATION
        return AlertView(
            alert_id=ident,
            rule=rule_id,
            name={"zh": rule_id, "en": rule_id} if rule is None else rule.name.model_dump(),
            station_id=station_id,
            station=_OWN_NAME if own else self.registry.name(station_id),
            region=None,
            device="",
            severity="P4",
            state=PENDING,
            opened=0,
            changed=0,
            first_action=None if rule is None else rule.first_action.model_dump(),
            life_safety=rule is not None and rule.life_safety,
            definition=rule,
        )

    def _pending(self, wanted: Wanted) -> Iterator[AlertView]:
        if wanted.state not in {None, PENDING}:
            return
        for one in self.pending():
            key = one.key
            view = replace(
                self._named(key.rule, key.station_id, alert_id(key, one.since)),
                region=self.region_of(key.station_id),
                device=key.device,
                severity=one.severity,
                opened=one.since,
                changed=one.since,
                value=one.value,
                limit=one.limit,
            )
            if wanted.admits(view):
                yield view

    def _all(self, wanted: AlertFilter) -> Iterator[AlertView]:
        before: str | None = None
        while True:
            rows = self.alerts.page(_BATCH, before, wanted)
            yield from map(self.view, rows)
            if len(rows) < _BATCH:
                return
            before = rows[-1].alert_id


def _subject(view: AlertView) -> Subject:
    return Subject(view.station_id, view.region, view.rule, view.severity, view.life_safety)
