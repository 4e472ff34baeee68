"""Whatever the engine says and people do, in whatever order: one open alert a key, and nothing twice."""

import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.alerting.response.life import AlertOverError
from gateway.domain.alerts import Change, Transition
from gateway.state.alert_rows import AlertRow, Verdict
from tests.unit.alerting.response.desk import MINUTE, SECOND, Desk, desk

STATIONS = itertools.count()

SAID = st.tuples(
    st.sampled_from(Change),
    st.sampled_from(["P1", "P2", "P3"]),
    st.integers(0, 3),  # which episode
    st.booleans(),  # retrospective
)
DONE = st.sampled_from(["acknowledge", "snooze", "resolve", "wait", "again"])
HISTORIES = st.lists(st.one_of(SAID, DONE), max_size=12)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    path: Path = tmp_path_factory.mktemp("desk")
    made = desk(path)
    yield made
    made.state.close()


def rows_of(at: Desk, station: str) -> list[AlertRow]:
    return [row for row in at.state.alerts.page(100) if row.station_id == station]


def do(at: Desk, deed: str, row: AlertRow) -> None:
    with suppress(AlertOverError):
        if deed == "acknowledge":
            at.alerts.acknowledge(row.alert_id, "Li", "", at.now)
        elif deed == "snooze":
            at.alerts.snooze(row.alert_id, "Li", "", at.now + MINUTE, at.now)
        elif deed == "resolve":
            at.alerts.resolve(row.alert_id, "Li", "", Verdict.REAL, at.now)


@settings(
    phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)
@given(history=HISTORIES)
def test_any_history_leaves_one_open_alert_a_key_and_can_be_applied_again(
    at: Desk, history: list[tuple[Change, str, int, bool] | str]
) -> None:
    station, begun = f"h{next(STATIONS)}", at.now
    said: list[Transition] = []
    for step in history:
        at.now += SECOND
        if isinstance(step, tuple):
            change, severity, episode, past = step
            opened = begun + episode
            made = at.transition(
                "WA-06", change, severity, station=station, opened=opened, retrospective=past
            )
            said.append(made)
            at.apply(made)
        elif step == "wait":
            at.pass_time(MINUTE, 20 * SECOND)
        elif step == "again":
            before = rows_of(at, station)
            at.apply(*said)
            assert rows_of(at, station) == before
        else:
            for row in rows_of(at, station)[:1]:
                do(at, step, row)
        open_keys = Counter(row.retrospective for row in rows_of(at, station) if row.is_open)
        assert all(count == 1 for count in open_keys.values())
        for row in rows_of(at, station):
            assert (row.resolved is None) == row.is_open
            assert row.decide_at is None or row.is_open
    at.apply(*said)
