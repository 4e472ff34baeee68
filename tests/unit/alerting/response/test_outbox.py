"""How much one person hears at once, however much is wrong."""

from collections import Counter

from gateway.alerting.response.surroundings import GATEWAY
from gateway.domain.alerts import Change, alert_id
from gateway.state.alert_rows import AlertState
from tests.unit.alerting.response.desk import MINUTE, SECOND, Desk


def storm(
    at: Desk, rule: str, severity: str, stations: int, change: Change = Change.OPENED, **more: object
) -> None:
    """The same at so many stations, in one go."""
    at.apply(
        *(at.transition(rule, change, severity, station=f"s{n}", device="", **more) for n in range(stations))
    )


def messages(at: Desk) -> Counter[str]:
    """How many rows of each kind one channel has."""
    return Counter(row.kind for row in at.told() if row.channel == "wecom")


def test_five_thousand_stations_are_one_platform_alert_and_few_messages(at: Desk) -> None:
    opened = at.now
    outage = at.opens("AG-17", "P1", station=GATEWAY, device="")
    storm(at, "AG-01", "P2", 5_000)
    at.pass_time(MINUTE, 10 * SECOND)
    storm(at, "AG-01", "P2", 5_000, Change.CLEARED, opened=opened)
    assert at.clears(outage).state is AlertState.RESOLVED
    at.pass_time(MINUTE, 10 * SECOND)
    assert at.state.alerts.open_counts() == {}
    assert [(row.kind, row.channel) for row in at.told()] == [
        ("alert", "wecom"),
        ("alert", "sms"),
        ("resolved", "wecom"),
        ("resolved", "sms"),
    ]


def test_a_storm_without_an_explanation_is_told_in_five_messages(at: Desk) -> None:
    opened = at.now
    storm(at, "AG-01", "P2", 2_000)
    at.pass_time(MINUTE, 10 * SECOND)
    assert messages(at) == {"alert": 3, "storm": 1}
    (summary,) = at.told("storm")
    assert len(summary.alert_ids) == 1_997
    storm(at, "AG-01", "P2", 2_000, Change.CLEARED, opened=opened)
    at.pass_time(MINUTE, 10 * SECOND)
    assert messages(at).total() <= 5
    assert at.state.alerts.open_counts() == {}


def test_what_comes_while_a_summary_waits_goes_into_it(at: Desk) -> None:
    storm(at, "AG-01", "P2", 10)
    at.pass_time(20 * SECOND)
    (summary,) = at.told("storm")
    row = at.opens("WA-02", "P2", station="t")
    at.pass_time(20 * SECOND)
    (grown,) = at.told("storm")
    assert grown.id == summary.id
    assert grown.alert_ids == (*summary.alert_ids, row.alert_id)


def test_the_next_summary_comes_five_minutes_after_the_last(at: Desk) -> None:
    storm(at, "AG-01", "P2", 10)
    at.pass_time(20 * SECOND)
    first = at.state.notifications.claim("wecom", at.now + MINUTE, "me", MINUTE)
    while first is not None and first.kind != "storm":
        first = at.state.notifications.claim("wecom", at.now + MINUTE, "me", MINUTE)
    assert first is not None
    at.opens("WA-02", "P2", station="t")
    at.pass_time(20 * SECOND)
    second = at.told("storm")[-1]
    assert second.id != first.id
    assert second.due == first.due + 5 * MINUTE


def test_p1_goes_alone_until_it_is_a_storm_of_its_own(at: Desk) -> None:
    storm(at, "WA-02", "P1", 50)
    assert messages(at) == {"alert": 10, "storm": 1}
    (summary,) = (row for row in at.told("storm") if row.channel == "wecom")
    assert summary.due == at.now
    assert len(summary.alert_ids) == 40


def test_small_storms_leave_room_for_p1(at: Desk) -> None:
    storm(at, "AG-01", "P2", 100)
    at.pass_time(20 * SECOND)
    row = at.opens("WA-02", "P1", station="t")
    assert ("alert", "li", "wecom") in at.told_of(row)


def test_what_is_about_a_life_is_told_before_the_rest_of_a_storm(at: Desk) -> None:
    burst = [at.transition("WA-02", Change.OPENED, "P1", station=f"s{n}") for n in range(50)]
    smoke = at.transition("EN-01", Change.OPENED, "P1", station="t")
    at.apply(*burst, smoke)
    row = at.alert(alert_id(smoke.key, smoke.opened))
    assert ("alert", "li", "wecom") in at.told_of(row)


def test_a_resolved_message_gathers_what_ends_at_one_station(at: Desk) -> None:
    rows = [at.opens("WA-06", "P2", device=f"d{n}") for n in range(3)]
    at.pass_time(20 * SECOND)
    cleared = [at.transition("WA-06", Change.CLEARED, opened=row.opened, device=row.device) for row in rows]
    at.apply(*cleared)
    (resolved,) = at.told("resolved")
    assert set(resolved.alert_ids) == {row.alert_id for row in rows}
