"""The inhibition graph: which circumstance of the catalogue explains an alert, and what makes it hold."""

from collections.abc import Iterable
from typing import cast

from catalogue.model import Circumstance, Severity
from gateway.alerting.response.verdicts import PASS, Candidate, Circumstances, Suppressed, Verdict
from gateway.domain.schedules import in_force
from gateway.state.alert_rows import AlertRow


def covering(candidate: Candidate, circumstances: Circumstances) -> list[Circumstance]:
    """Return the circumstances of the catalogue that are about this rule and severity."""
    severity = Severity(candidate.alert.severity)
    return [one for one in circumstances.graph if one.covers(candidate.rule, severity)]


def explained(candidate: Candidate, circumstances: Circumstances, *ids: str) -> Verdict:
    """Suppress what one of these circumstances explains."""
    for one in covering(candidate, circumstances):
        if one.id in ids and not _lifted(one, candidate.alert, circumstances):
            by = _held_by(one, candidate.alert, circumstances)
            if by is not None:
                return Suppressed(one.id, by)
    return PASS


def _lifted(one: Circumstance, alert: AlertRow, circumstances: Circumstances) -> bool:
    """Whether what happened here makes it worse, not explained."""
    since = alert.opened - cast("int", one.lifted_for)
    return any(a.rule in one.lifted_after and a.worsened >= since for a in circumstances.alarms)


def _held_by(one: Circumstance, alert: AlertRow, circumstances: Circumstances) -> str | None:
    """Return what makes a circumstance hold for an alert: an alert, a window, or a state of the station."""
    station = circumstances.station
    if one.id in station.holding or one.id == station.mode:
        return one.id
    alerts = (*circumstances.open_here, *circumstances.open_platform)
    if one.device == "same":
        alerts = tuple(other for other in alerts if other.device == alert.device)
    cause = standing(alert, alerts, one.rules)
    if cause is not None:
        return cause.alert_id
    return _window(alert, circumstances) if one.window else None


def _window(alert: AlertRow, circumstances: Circumstances) -> str | None:
    """Return the maintenance window that is open, or that was when the alert began or rose."""
    region, tz = circumstances.station.region, circumstances.station.tz
    for at in (circumstances.now, alert.worsened):
        window = in_force(circumstances.windows, alert.station_id, region, alert.device, at, tz)
        if window is not None:
            return window.id
    return None


def standing(alert: AlertRow, alerts: Iterable[AlertRow], rules: Iterable[str]) -> AlertRow | None:
    """Return another alert of these rules whose condition holds now."""
    wanted = frozenset(rules)
    return next(
        (
            other
            for other in alerts
            if other.rule in wanted
            and other.standing is not None
            and not other.retrospective
            and other.alert_id != alert.alert_id
        ),
        None,
    )
