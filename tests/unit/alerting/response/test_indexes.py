"""After a year of alerts every question is still answered by an index."""

import re
from typing import Any

from sqlalchemy import event

from gateway.domain.alerts import Change
from gateway.state.alert_rows import Verdict
from tests.unit.alerting.response.desk import HOUR, MINUTE, SECOND, Desk

BIG = "alerts|alert_journal|notifications"
PARTIAL = "(notifications_waiting|alerts_to_decide)"
"""Indexes that hold only what is not done yet."""


def play(at: Desk) -> None:
    """Do everything that is done while nobody looks at pages."""
    row = at.opens("WA-02", "P1")
    at.opens("EN-01", "P1")
    at.opens("AG-01", "P2")
    at.apply(*(at.transition("WA-06", Change.OPENED, "P2", station=f"s{n}") for n in range(8)))
    at.pass_time(30 * SECOND)
    claimed = at.state.notifications.claim("wecom", at.now, "me", MINUTE)
    assert claimed is not None
    with at.state.begin() as connection:
        at.state.notifications.update(connection, claimed, "me")
    at.state.notifications.release("you")
    at.state.notifications.waiting("wecom", at.now)
    at.state.notifications.backlog()
    at.alerts.acknowledge(row.alert_id, "Li", "", at.now)
    at.pass_time(2 * HOUR, 10 * MINUTE)
    at.alerts.resolve(row.alert_id, "Li", "", Verdict.REAL, at.now)
    at.state.alerts.open_counts()
    at.state.alerts.changed_since(at.now)


def test_nothing_reads_a_whole_table(at: Desk) -> None:
    asked: dict[str, tuple[str, Any]] = {}
    engine = at.state._engine  # noqa: SLF001 - the statements go by underneath

    def note(_c: object, _cursor: object, statement: str, values: tuple[Any, ...], *_: object) -> None:
        if re.match("SELECT|UPDATE|DELETE", statement):
            asked.setdefault(re.sub(r"\?(, \?)+", "?", statement), (statement, values))

    event.listen(engine, "before_cursor_execute", note)
    play(at)
    event.remove(engine, "before_cursor_execute", note)
    assert len(asked) > 20
    with engine.connect() as connection:
        for statement, values in asked.values():
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            whole = [
                step[3]
                for step in plan
                if re.match(rf"SCAN ({BIG})(?! USING (COVERING )?INDEX {PARTIAL})", step[3])
            ]
            assert whole == [], statement
