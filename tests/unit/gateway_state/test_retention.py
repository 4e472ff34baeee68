"""Rows past their time go; alerts about a person's welfare stay without the person."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.retention import DataClass
from gateway.state.alert_rows import AlertState, Entry, JournalEntry
from gateway.state.audit import Deed
from gateway.state.database import FILE_NAME, State
from gateway.state.retention import ROWS_A_TIME
from tests.unit.gateway_state.test_alerts import DAY, NOW, alert, note, save

CLOSED = {
    "state": AlertState.RESOLVED,
    "resolved": NOW,
    "by": "li.na",
    "comment": "cubicle 2, taken to hospital",
}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path, NOW, reserve_bytes=4_096) as state:
        yield state


def removed(state: State, of: DataClass, until: int) -> int:
    return sum(state.retention.remove(of, until))


def test_closed_alerts_go_with_their_journal_and_open_ones_stay(state: State) -> None:
    save(state, alert(1, **CLOSED), alert(2), alert(3, **{**CLOSED, "resolved": NOW + 800 * DAY}))
    note(state, *(JournalEntry(alert(n).alert_id, NOW + n, Entry.OPENED) for n in (1, 2, 3)))
    note(state, JournalEntry(alert(3).alert_id, NOW + 800 * DAY, Entry.RESOLVED))
    assert removed(state, DataClass.ALERTS, NOW + DAY) == 2
    assert state.alerts.get(alert(1).alert_id) is None
    assert not state.alerts.timeline(alert(1).alert_id)
    assert len(state.alerts.timeline(alert(2).alert_id)) == 1
    assert len(state.alerts.timeline(alert(3).alert_id)) == 2
    assert removed(state, DataClass.ALERTS, NOW + DAY) == 0


def test_an_alert_about_a_fall_stays_without_names_notes_and_values(state: State) -> None:
    fall, leak = alert(1, rule="OC-05", **CLOSED), alert(2, rule="WA-02", **CLOSED)
    save(state, fall, leak)
    for one in (fall, leak):
        detail = {"comment": "taken to hospital", "verdict": "real"}
        note(state, JournalEntry(one.alert_id, NOW, Entry.RESOLVED, "li.na", detail))
    assert removed(state, DataClass.WELFARE, NOW + 1) == 2
    kept = state.alerts.get(fall.alert_id)
    assert kept is not None
    assert (kept.by, kept.comment, kept.value, kept.learned) == (None, None, None, {})
    assert (kept.opened, kept.resolved, kept.device) == (fall.opened, fall.resolved, fall.device)
    (entry,) = state.alerts.timeline(fall.alert_id)
    assert (entry.by, entry.detail) == (None, {"verdict": "real"})
    assert state.alerts.get(leak.alert_id) == leak
    assert state.alerts.timeline(leak.alert_id)[0].by == "li.na"
    assert removed(state, DataClass.WELFARE, NOW + 1) == 0


def test_nobody_changes_the_journal_under_the_pretext(state: State, tmp_path: Path) -> None:
    note(state, JournalEntry("x", NOW, Entry.RESOLVED, "li.na", {"comment": "?", "verdict": "real"}))
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    for change in (
        "by = NULL, detail = '{}'",
        "by = NULL, at = 1",
        "detail = json_remove(detail, '$.comment')",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="as it was written"):
            connection.execute(f"UPDATE alert_journal SET {change}")  # noqa: S608 - our own words
    connection.close()


def test_bytes_of_what_went_cannot_be_found_in_the_file(state: State, tmp_path: Path) -> None:
    secret = "somebody-who-fell"
    state.audit.note(Deed(NOW, secret, "command.birth", "a", {"note": secret}))
    state.close()
    assert secret.encode() in _bytes(tmp_path)
    assert removed(state, DataClass.AUDIT, NOW + 1) == 1
    state.close()
    assert secret.encode() not in _bytes(tmp_path)


def _bytes(path: Path) -> bytes:
    connection = sqlite3.connect(path / FILE_NAME)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return (path / FILE_NAME).read_bytes()


def test_it_removes_many_rows_some_at_a_time(state: State) -> None:
    for n in range(5):
        state.audit.note(Deed(NOW + n, "duty", "command.birth", "a", {}))
    assert state.retention.oldest(DataClass.AUDIT) == NOW
    steps = list(state.retention.remove(DataClass.AUDIT, NOW + 3))
    assert steps == [3]
    assert state.retention.oldest(DataClass.AUDIT) == NOW + 3
    assert max(steps) < ROWS_A_TIME
