"""How alerts, silences, maintenance and the rota become what the API answers."""

from gateway.api.values import rfc3339, written
from gateway.domain.oncall import Override
from gateway.domain.schedules import Maintenance, next_windows
from gateway.domain.silences import Silence
from gateway.queries.alerts import AlertView, Hidden
from gateway.state.alert_rows import JournalEntry

SHOWN = 100
"""So many alerts a preview lists; it counts all."""
_WINDOWS = 3


def alert_item(view: AlertView) -> dict[str, object]:
    """Write one line of the list of alerts."""
    return {
        "alert_id": view.alert_id,
        "rule": view.rule,
        "name": view.name,
        "station_id": view.station_id,
        "station": view.station,
        "region": view.region,
        "device": view.device,
        "severity": view.severity,
        "state": view.state,
        "opened": rfc3339(view.opened),
        "changed": rfc3339(view.changed),
        "value": view.value,
        "limit": view.limit,
        "by": view.by,
        "comment": view.comment,
        "retrospective": view.retrospective,
        "incomplete": view.incomplete,
        "verdict": view.verdict,
        "count": view.count,
        "snoozed_until": rfc3339(view.snoozed_until),
        "quiet_because": view.quiet_because,
    }


def alert_answer(view: AlertView, timeline: list[JournalEntry]) -> dict[str, object]:
    """Write one alert with all that happened to it."""
    return {
        **alert_item(view),
        "first_action": view.first_action,
        "learned": dict(view.learned),
        "timeline": [
            {"at": rfc3339(entry.at), "kind": entry.kind, "by": entry.by, "detail": written(entry.detail)}
            for entry in timeline
        ],
    }


def silence_item(silence: Silence, now: int, last_hid: int | None) -> dict[str, object]:
    """Write one silence."""
    match = silence.match
    return {
        "id": silence.id,
        "match": {
            "station_id": match.station_id,
            "region": match.region,
            "rule": match.rule,
            "severity": match.severity,
        },
        "reason": silence.reason,
        "by": silence.by,
        "start": rfc3339(silence.start),
        "end": rfc3339(silence.end),
        "state": silence_state(silence, now),
        "last_hid": rfc3339(last_hid),
    }


def preview_answer(hidden: Hidden) -> dict[str, object]:
    """Write what a silence would do."""
    return {
        "hides": [alert_item(view) for view in hidden.hides[:SHOWN]],
        "hides_count": len(hidden.hides),
        "passes": [alert_item(view) for view in hidden.passes[:SHOWN]],
        "passes_count": len(hidden.passes),
        "recent_count": hidden.recent,
    }


def maintenance_item(window: Maintenance, now: int, station_tz: str) -> dict[str, object]:
    """Write one window with those to come."""
    coming = next_windows(window.when, now, station_tz, _WINDOWS)
    return {
        "id": window.id,
        "match": {
            "station_id": window.scope.station_id,
            "region": window.scope.region,
            "device": window.scope.device,
        },
        "start": window.when.begins.isoformat(),
        "duration_s": int(window.when.lasts.total_seconds()),
        "rrule": window.when.rule,
        "tz": window.when.tz,
        "reason": window.reason,
        "by": window.by,
        "created": rfc3339(window.created),
        "open": any(start <= now for start, _ in coming),
        "next": [{"start": rfc3339(start), "end": rfc3339(end)} for start, end in coming],
    }


def override_item(override: Override) -> dict[str, object]:
    """Write one override."""
    return {
        "id": override.id,
        "person": override.person,
        "start": rfc3339(override.start),
        "end": rfc3339(override.end),
        "layer": override.layer,
        "region": override.region,
        "reason": override.reason,
        "by": override.by,
    }


def silence_state(silence: Silence, now: int) -> str:
    """Return whether a silence is to come, in force, or ended."""
    if silence.in_force(now):
        return "in_force"
    return "to_come" if now < silence.start else "ended"
