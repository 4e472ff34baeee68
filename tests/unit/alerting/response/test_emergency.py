"""A disk that is full under the state: nothing is lost, and what is about a life goes out all the same."""

import pytest
from sqlalchemy import event

from gateway.alerting.response.emergency import Emergency
from gateway.domain.alerts import Change, alert_id
from gateway.errors import NotDurableError
from gateway.notify.notifier import Kind
from gateway.state.notification_rows import Delivery
from tests.unit.alerting.response.desk import SECOND, Desk


class FullDisk:
    """SQLite's own bound on pages: the file cannot grow, as on a disk without room."""

    def __init__(self, at: Desk) -> None:
        self._engine = at.state._engine  # noqa: SLF001 - the disk is under the state, not in its interface

    def __enter__(self) -> None:
        event.listen(self._engine, "begin", self._bound)

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "begin", self._bound)
        with self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")

    def _bound(self, connection: object) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]


def fill(at: Desk) -> None:
    """Use up the pages the file has, so that the next row needs a new one."""
    many = [at.transition("AC-02", severity="P4", station=f"fill-{n}") for n in range(3_000)]
    with FullDisk(at), pytest.raises(NotDurableError):
        at.apply(*many)


def waiting(emergency: Emergency) -> list[tuple[str, str]]:
    found = []
    for channel in ("wecom", "sms", "mail"):
        while (one := emergency.next(channel)) is not None:
            found.append((one.person, one.channel))
    return found


def test_what_cannot_be_written_is_offered_again_and_smoke_goes_out_meanwhile(at: Desk) -> None:
    fill(at)
    smoke = at.transition("EN-01", Change.OPENED, "P1")
    burst = at.transition("WA-02", Change.OPENED, "P1")
    with FullDisk(at):
        for _ in range(3):
            with pytest.raises(NotDurableError, match="full"):
                at.apply(*(at.transition("AC-02", station=f"x{n}") for n in range(2_000)), smoke, burst)
    assert at.state.alerts.get(alert_id(smoke.key, smoke.opened)) is None
    assert not at.state.reserve.held
    assert waiting(at.emergency) == [("li", "wecom"), ("li", "sms")]


def test_what_went_out_from_memory_is_not_sent_again_once_it_can_be_written(at: Desk) -> None:
    fill(at)
    smoke = at.transition("EN-01", Change.OPENED, "P1")
    with FullDisk(at), pytest.raises(NotDurableError):
        at.apply(*(at.transition("AC-02", station=f"x{n}") for n in range(2_000)), smoke)
    first = at.emergency.next("wecom")
    assert first is not None
    at.emergency.tell(first)
    at.now += SECOND
    at.apply(smoke)
    rows = {
        row.channel: row.state
        for row in at.told(Kind.ALERT)
        if alert_id(smoke.key, smoke.opened) in row.alert_ids
    }
    assert rows == {"wecom": Delivery.SENT, "sms": Delivery.WAITING}
    assert waiting(at.emergency) == []


def test_an_ordinary_start_has_nothing_in_memory(at: Desk) -> None:
    at.opens("EN-01", "P1")
    assert waiting(at.emergency) == []


def test_what_else_is_written_meanwhile_does_not_make_it_forget(at: Desk) -> None:
    smoke = at.transition("EN-01", Change.OPENED, "P1")
    at.emergency.hear([smoke], at.now)
    first = at.emergency.next("wecom")
    assert first is not None
    at.emergency.tell(first)
    at.opens("WA-02", "P1")
    at.emergency.hear([smoke], at.now)
    assert waiting(at.emergency) == [("li", "sms")]
    at.apply(smoke)
    row = at.alert(alert_id(smoke.key, smoke.opened))
    sent = [n.channel for n in at.told() if row.alert_id in n.alert_ids and n.state is Delivery.SENT]
    assert sent == ["wecom"]
