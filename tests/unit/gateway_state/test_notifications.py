from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.oncall import Override
from gateway.domain.schedules import Maintenance, Recurrence, Scope
from gateway.domain.silences import Match, Silence
from gateway.state.database import State
from gateway.state.escalations import EscalationRow
from gateway.state.notification_rows import Delivery, NotificationRow

NOW = 1_795_334_400_000
LEASE = 30_000


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path, NOW, reserve_bytes=4_096) as state:
        yield state


def row(number: int, severity: str = "P2", due: int = NOW, **changes: object) -> NotificationRow:
    made = NotificationRow(f"n{number}", "alert", severity, "li", "wecom", NOW + number, due, (f"a{number}",))
    return replace(made, **changes)  # type: ignore[arg-type]


def add(state: State, *rows: NotificationRow) -> None:
    with state.begin() as connection:
        state.notifications.add(connection, rows)


def claim(state: State, now: int = NOW, owner: str = "me", channel: str = "wecom") -> NotificationRow | None:
    return state.notifications.claim(channel, now, owner, LEASE)


def claimed_id(state: State, now: int = NOW, owner: str = "me") -> str | None:
    found = claim(state, now, owner)
    return None if found is None else found.id


def test_the_worst_goes_first_then_the_longest_due(state: State) -> None:
    add(state, row(1, due=NOW - 1), row(2, due=NOW - 2), row(3, "P1"), row(4, due=NOW + 1))
    assert [claimed_id(state) for _ in range(4)] == ["n3", "n2", "n1", None]


def test_one_claim_excludes_another_until_its_lease_is_over(state: State) -> None:
    add(state, row(1))
    first = claim(state)
    assert first is not None
    assert (first.attempts, first.state, first.owner) == (1, Delivery.CLAIMED, "me")
    assert claimed_id(state, NOW + LEASE - 1, "you") is None
    again = claim(state, NOW + LEASE, "you")
    assert again is not None
    assert again.attempts == 2


def test_who_lost_the_lease_marks_nothing(state: State) -> None:
    add(state, row(1))
    mine = claim(state)
    yours = claim(state, NOW + LEASE, "you")
    assert mine is not None
    assert yours is not None
    with state.begin() as connection:
        sent = {"state": Delivery.SENT, "finished": NOW}
        assert not state.notifications.update(connection, replace(mine, **sent), "me")  # type: ignore[arg-type]
        assert state.notifications.update(connection, replace(yours, **sent), "you")  # type: ignore[arg-type]
    assert claimed_id(state, NOW + 10 * LEASE) is None


def test_a_new_gateway_takes_over_what_the_dead_one_held(state: State) -> None:
    add(state, row(1))
    claim(state, owner="dead")
    assert state.notifications.release("me") == 1
    assert claimed_id(state) == "n1"
    assert state.notifications.release("me") == 0


def test_channels_do_not_see_each_other_s_rows(state: State) -> None:
    add(state, row(1), row(2, channel="sms"))
    assert claimed_id(state) == "n1"
    assert claimed_id(state) is None
    assert state.notifications.backlog() == {"wecom": 1, "sms": 1}


def test_a_notification_is_written_once(state: State) -> None:
    add(state, row(1))
    add(state, row(1, "P1"))
    found = state.notifications.get("n1")
    assert found == row(1)


def test_it_finds_the_summary_nobody_has_begun_to_send(state: State) -> None:
    add(state, row(1), row(2, kind="storm", due=NOW + 5))
    with state.begin() as connection:
        storm = state.notifications.open_storm(connection, "li", "wecom", "storm")
        assert storm is not None
        assert state.notifications.open_storm(connection, "li", "sms", "storm") is None
        assert state.notifications.created_since(connection, "li", "wecom", NOW + 2) == [("storm", "P2")]
    claim(state)
    claim(state, NOW + 5)
    with state.begin() as connection:
        assert state.notifications.open_storm(connection, "li", "wecom", "storm") is None


def test_it_keeps_how_far_an_escalation_is(state: State) -> None:
    with state.begin() as connection:
        state.escalations.save(
            connection, [EscalationRow("a", NOW, 0, NOW), EscalationRow("b", NOW, 0, NOW + 1)]
        )
        state.escalations.save(connection, [EscalationRow("a", NOW, 1, NOW + 2)])
        assert state.escalations.due(connection, NOW, 10) == []
        assert [row.alert_id for row in state.escalations.due(connection, NOW + 2, 10)] == ["b", "a"]
        state.escalations.stop(connection, ["a"])
        assert state.escalations.find(connection, "a") is None
        assert state.escalations.find(connection, "b") == EscalationRow("b", NOW, 0, NOW + 1)


def test_it_keeps_silences_on_record_after_their_end(state: State) -> None:
    silence = Silence("s1", Match(station_id="a", severity="P3"), "paint", "Li", NOW, NOW + 100)
    later = Silence("s2", Match(rule="AC-01"), "lock", "Li", NOW + 50, NOW + 100)
    state.silences.add(silence)
    state.silences.add(later)
    assert state.silences.unended(NOW) == [silence, later]
    assert state.silences.end("s1", NOW + 10)
    assert not state.silences.end("s1", NOW + 10)
    assert state.silences.unended(NOW + 10) == [later]
    assert [s.id for s in state.silences.page(10)] == ["s2", "s1"]
    with state.begin() as connection:
        state.silences.hid(connection, ["s2"], NOW + 60)
    assert state.silences.last_hid() == {"s2": NOW + 60}


def test_a_silence_to_come_can_be_ended_before_it_began(state: State) -> None:
    state.silences.add(Silence("s1", Match(rule="AC-01"), "lock", "Li", NOW + 50, NOW + 100))
    assert state.silences.end("s1", NOW)
    ended = state.silences.get("s1")
    assert ended is not None
    assert not any(ended.in_force(at) for at in (NOW, NOW + 50))


def test_it_keeps_maintenance_windows(state: State) -> None:
    when = Recurrence(datetime(2026, 11, 3, 22, 30), timedelta(hours=8), "FREQ=MONTHLY;BYDAY=3TU")  # noqa: DTZ001 - the wall
    window = Maintenance("m1", Scope(station_id="a", device="meter"), when, "pump", "Li", NOW)
    state.maintenance.add(window)
    assert state.maintenance.all() == [window]
    assert state.maintenance.get("m1") == window
    assert state.maintenance.remove("m1")
    assert not state.maintenance.remove("m1")


def test_it_keeps_who_stands_in(state: State) -> None:
    override = Override("o1", "li", NOW, NOW + 100, layer="first", region=None, by="Wang", reason="ill")
    state.rota_overrides.add(override)
    assert state.rota_overrides.unended(NOW) == [override]
    assert state.rota_overrides.unended(NOW + 100) == []
    assert state.rota_overrides.remove("o1")
    assert state.rota_overrides.get("o1") is None
