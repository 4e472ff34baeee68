import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.state.alert_rows import AlertRow, AlertState, Entry, JournalEntry, Verdict
from gateway.state.alerts import AlertFilter
from gateway.state.database import FILE_NAME, State

NOW = 1_795_334_400_000
DAY = 86_400_000


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path, NOW, reserve_bytes=4_096) as state:
        yield state


def alert(number: int, **changes: object) -> AlertRow:
    row = AlertRow(
        alert_id=f"{number:026d}",
        rule="WA-02",
        station_id="a",
        device=f"meter-{number}",
        region="r",
        severity="P1",
        standing="P1",
        state=AlertState.FIRING,
        opened=NOW + number,
        episode=NOW + number,
        worsened=NOW + number,
        changed=NOW + number,
        received=NOW + number,
        value=28.0,
        limit=25.0,
        learned={"median": 1.5},
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def save(state: State, *rows: AlertRow) -> None:
    with state.begin() as connection:
        state.alerts.save(connection, rows)


def note(state: State, *entries: JournalEntry) -> None:
    with state.begin() as connection:
        state.alerts.note(connection, entries)


def test_it_gives_back_an_alert_as_it_was_written(state: State) -> None:
    written = alert(1, verdict=Verdict.FALSE, device="")
    save(state, alert(1))
    save(state, written)
    assert state.alerts.get(written.alert_id) == written
    assert state.alerts.get("no such") is None


def test_it_lists_alerts_newest_first_page_by_page(state: State) -> None:
    save(state, *(alert(n) for n in range(5)))
    first = state.alerts.page(3)
    assert [row.opened - NOW for row in first] == [4, 3, 2]
    assert [row.opened - NOW for row in state.alerts.page(3, first[-1].alert_id)] == [1, 0]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AlertFilter(states=[AlertState.RESOLVED]), [2]),
        (AlertFilter(states=[AlertState.FIRING, AlertState.RESOLVED]), [3, 2, 1]),
        (AlertFilter(station_id="b"), [3]),
        (AlertFilter(rule="WA-02"), [3, 2]),
        (AlertFilter(severity="P3"), [1]),
        (AlertFilter(since=NOW + 2), [3, 2]),
        (AlertFilter(regions=["elsewhere"]), [3]),
        (AlertFilter(regions=[]), []),
    ],
)
def test_it_finds_what_a_filter_asks_for(state: State, wanted: AlertFilter, found: list[int]) -> None:
    save(
        state,
        alert(1, rule="AC-01", severity="P3"),
        alert(2, state=AlertState.RESOLVED),
        alert(3, station_id="b", region="elsewhere"),
    )
    assert [row.opened - NOW for row in state.alerts.page(10, wanted=wanted)] == found


def test_one_alert_is_open_per_rule_station_and_device(state: State) -> None:
    save(state, alert(1))
    with pytest.raises(IntegrityError):
        save(state, alert(2, device="meter-1"))
    save(state, alert(1, state=AlertState.RESOLVED))
    save(state, alert(2, device="meter-1"))


def test_it_counts_open_alerts_by_station_and_severity(state: State) -> None:
    save(
        state,
        alert(1),
        alert(2, state=AlertState.ACKNOWLEDGED),
        alert(3, severity="P3"),
        alert(4, state=AlertState.RESOLVED),
        alert(5, station_id="b"),
    )
    assert state.alerts.open_counts() == {"a": {"P1": 2, "P3": 1}, "b": {"P1": 1}}


def test_it_counts_what_each_rule_was_found_to_be(state: State) -> None:
    over = {"state": AlertState.RESOLVED, "resolved": NOW + 10}
    save(
        state,
        alert(1, verdict=Verdict.REAL, **over),
        alert(2, verdict=Verdict.FALSE, **over),
        alert(3, verdict=Verdict.FALSE, **over),
        alert(4, **over),
    )
    assert state.alerts.verdicts(NOW) == {"WA-02": {"real": 1, "false": 2}}
    assert state.alerts.verdicts(NOW + 11) == {}


def test_a_transition_is_noted_once(state: State) -> None:
    entry = JournalEntry("x", NOW, Entry.OPENED, detail={"value": 1}, identity="once")
    other = JournalEntry("x", NOW + 1, Entry.ACKNOWLEDGED, by="Li")
    note(state, entry, other)
    note(state, entry)
    assert state.alerts.timeline("x") == [entry, other]
    with state.begin() as connection:
        assert state.alerts.known(connection, ["once", "never"]) == {"once"}


def test_nobody_rewrites_the_journal(state: State, tmp_path: Path) -> None:
    note(state, JournalEntry("x", NOW, Entry.OPENED), JournalEntry("x", NOW + 364 * DAY, Entry.CLEARED))
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    with pytest.raises(sqlite3.IntegrityError, match="as it was written"):
        connection.execute("UPDATE alert_journal SET by = 'somebody else'")
    with pytest.raises(sqlite3.IntegrityError, match="as it was written"):
        connection.execute("DELETE FROM alert_journal")
    connection.close()
    assert len(state.alerts.timeline("x")) == 2


def test_a_watermark_never_goes_back(state: State) -> None:
    assert state.alerts.watermark("engine") == -1
    for watermark in (5, 9, 7):
        with state.begin() as connection:
            state.alerts.advance(connection, "engine", watermark)
    assert state.alerts.watermark("engine") == 9


def test_half_a_transaction_is_none(state: State) -> None:
    def save_and_fail() -> None:
        with state.begin() as connection:
            state.alerts.save(connection, [alert(1)])
            raise KeyError

    with pytest.raises(KeyError):
        save_and_fail()
    assert state.alerts.page(10) == []
