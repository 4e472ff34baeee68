"""Ends silences that were forgotten: for a week there was nothing for them to hide."""

from collections.abc import Iterator

import structlog

from gateway.domain.silences import Subject, idle
from gateway.state.alert_rows import OPEN
from gateway.state.alerts import AlertFilter
from gateway.state.audit import Deed
from gateway.state.database import State

log = structlog.get_logger(__name__)

BY = "gateway"
_BATCH = 1_000


def end_idle_silences(state: State, now: int) -> list[str]:
    """End them at ``now`` (ms UTC), with a line in the audit each; return their ids."""
    silences, last_hid = state.silences.unended(now), state.silences.last_hid()
    open_now = list(_open(state)) if silences else []
    forgotten = [one for one in silences if idle(one, last_hid.get(one.id), open_now, now)]
    for silence in forgotten:
        state.silences.end(silence.id, now)
        state.audit.note(Deed(now, BY, "silence.end_idle", silence.id, {"reason": silence.reason}))
        log.info("silence_ended", silence=silence.id, by=silence.by, reason="it hid nothing for a week")
    return [silence.id for silence in forgotten]


def _open(state: State) -> Iterator[Subject]:
    before: str | None = None
    while True:
        rows = state.alerts.page(_BATCH, before, AlertFilter(OPEN))
        for row in rows:
            # what is about a life counts too: it only lets a silence stand a little longer
            yield Subject(row.station_id, row.region, row.rule, row.severity)
        if len(rows) < _BATCH:
            return
        before = rows[-1].alert_id
