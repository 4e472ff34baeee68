"""What happens to alerts, and who hears of it, on a clock the test turns."""

import pytest

from gateway.alerting.response.life import AlertOverError, NoSuchAlertError
from gateway.domain.alerts import Change
from gateway.state.alert_rows import AlertState, Verdict
from tests.unit.alerting.response.desk import DAY, HOUR, MINUTE, SECOND, Desk

# -- one alert per rule, station and device ------------------------------------------------------------------


def test_a_p1_is_told_at_once_over_two_channels(at: Desk) -> None:
    row = at.opens("WA-02", "P1")
    assert row.state is AlertState.FIRING
    assert at.told_of(row) == [("alert", "li", "wecom"), ("alert", "li", "sms")]
    assert at.journal(row) == ["opened", "announced"]


def test_applying_the_same_again_changes_nothing(at: Desk) -> None:
    opened = at.transition("WA-02", Change.OPENED, "P1")
    at.apply(opened)
    at.now += SECOND
    before = at.told(), at.state.alerts.page(10)
    at.alerts.apply([opened, opened], at.watermark, at.now)
    assert (at.told(), at.state.alerts.page(10)) == before


def test_a_whole_life_applied_again_changes_nothing(at: Desk) -> None:
    opened = at.transition("WA-06", Change.OPENED, "P3")
    later = {"opened": opened.opened, "at": at.now + SECOND}
    life = [
        opened,
        at.transition("WA-06", Change.RAISED, "P2", **later),
        at.transition("WA-06", Change.CLEARED, "P2", **later),
    ]
    at.apply(*life)
    at.pass_time(MINUTE)
    before = (
        at.told(),
        at.state.alerts.page(10),
        at.state.alerts.timeline(at.state.alerts.page(1)[0].alert_id),
    )
    at.apply(*life)
    at.pass_time(MINUTE)
    rows = at.state.alerts.page(10)
    assert (at.told(), rows, at.state.alerts.timeline(rows[0].alert_id)) == before


def test_it_remembers_how_far_the_engine_has_judged(at: Desk) -> None:
    at.alerts.apply([], 41, at.now)
    assert at.alerts.watermark() == 41


def test_a_p2_that_clears_is_over(at: Desk) -> None:
    row = at.opens("WA-06")
    at.pass_time(20 * SECOND)
    row = at.clears(row)
    assert row.state is AlertState.RESOLVED
    at.pass_time(20 * SECOND)
    assert at.told_of(row) == [("alert", "li", "wecom"), ("resolved", "li", "wecom")]
    assert at.journal(row) == ["opened", "held grouping", "announced", "cleared", "resolved"]


def test_one_nobody_heard_of_resolves_in_silence(at: Desk) -> None:
    row = at.opens("WA-06")
    at.now += SECOND
    assert at.clears(row).state is AlertState.RESOLVED
    at.pass_time(MINUTE)
    assert at.told() == []


def test_a_latched_alert_waits_for_a_person(at: Desk) -> None:
    row = at.opens("WA-02", "P1")
    at.now += MINUTE
    row = at.clears(row)
    assert (row.state, row.standing) == (AlertState.FIRING, None)
    row = at.alerts.acknowledge(row.alert_id, "Li", "valve closed", at.now)
    assert row.state is AlertState.RESOLVED
    assert (row.by, row.comment) == ("Li", "valve closed")
    assert at.journal(row)[-2:] == ["acknowledged", "resolved"]


def test_the_same_again_counts_into_the_open_alert(at: Desk) -> None:
    first = at.opens("WA-02", "P1")
    at.now += MINUTE
    at.clears(first)
    at.now += MINUTE
    second = at.transition("WA-02", Change.OPENED, "P1")
    at.apply(second)
    row = at.alert(first.alert_id)
    assert (row.count, row.standing, row.state) == (2, "P1", AlertState.FIRING)
    assert len(at.state.alerts.page(10)) == 1
    at.now += MINUTE
    row = at.clears(row)
    assert row.standing is None


def test_devices_have_alerts_of_their_own(at: Desk) -> None:
    at.opens("WA-02", "P1", device="x")
    at.opens("WA-02", "P1", device="y")
    at.opens("WA-02", "P1", station="b", device="x")
    assert at.state.alerts.open_counts() == {"a": {"P1": 2}, "b": {"P1": 1}}


def test_a_raise_is_told_again_and_says_what_it_was(at: Desk) -> None:
    row = at.opens("WA-06", "P2")
    at.pass_time(20 * SECOND)
    at.apply(at.transition("WA-06", Change.RAISED, "P1", opened=row.opened))
    assert at.alert(row.alert_id).severity == "P1"
    raised = at.told("alert")[-1]
    assert raised.detail["was"] == {row.alert_id: "P2"}


def test_a_raise_undoes_an_acknowledgement(at: Desk) -> None:
    row = at.opens("WA-06", "P2")
    at.alerts.acknowledge(row.alert_id, "Li", "", at.now)
    at.now += MINUTE
    at.apply(at.transition("WA-06", Change.RAISED, "P1", opened=row.opened))
    row = at.alert(row.alert_id)
    assert row.state is AlertState.FIRING
    assert ("alert", "li", "sms") in at.told_of(row)


def test_a_latched_alert_that_eases_counts_as_what_it_was_until_somebody_has_seen_it(at: Desk) -> None:
    row = at.opens("WA-02", "P1")
    at.now += MINUTE
    at.apply(at.transition("WA-02", Change.LOWERED, "P3", opened=row.opened))
    assert at.alert(row.alert_id).severity == "P1"
    assert at.alerts.acknowledge(row.alert_id, "Li", "", at.now).severity == "P3"


# -- people --------------------------------------------------------------------------------------------------


def test_an_acknowledgement_lapses_while_the_condition_holds(at: Desk) -> None:
    row = at.opens("WA-02", "P1")
    row = at.alerts.acknowledge(row.alert_id, "Li", "on my way", at.now)
    assert row.lapses == at.now + HOUR
    at.pass_time(HOUR - SECOND, MINUTE)
    assert len(at.told_of(row)) == 2
    at.pass_time(2 * SECOND)
    assert at.alert(row.alert_id).state is AlertState.FIRING
    assert at.journal(row)[-2:] == ["lapsed", "announced"]
    assert len(at.told_of(row)) == 4


def test_a_snoozed_alert_is_quiet_until_its_time_and_then_told_again(at: Desk) -> None:
    row = at.opens("WA-02", "P1")
    at.alerts.snooze(row.alert_id, "Li", "after lunch", at.now + 30 * MINUTE, at.now)
    assert at.alert(row.alert_id).state is AlertState.FIRING
    at.pass_time(30 * MINUTE - SECOND, MINUTE)
    assert len(at.told_of(row)) == 2
    at.pass_time(2 * SECOND)
    assert len(at.told_of(row)) == 4


@pytest.mark.parametrize("minutes", [0, -5, 8 * 24 * 60])
def test_a_snooze_has_a_bounded_end_to_come(at: Desk, minutes: int) -> None:
    row = at.opens("WA-02", "P1")
    with pytest.raises(ValueError, match="until"):
        at.alerts.snooze(row.alert_id, "Li", "", at.now + minutes * MINUTE, at.now)


def test_closing_takes_a_verdict_and_is_told_to_those_who_were_told(at: Desk) -> None:
    row = at.opens("WA-02", "P1")
    row = at.alerts.resolve(row.alert_id, "Li", "hose", Verdict.REAL, at.now)
    assert (row.state, row.verdict, row.resolved) == (AlertState.RESOLVED, Verdict.REAL, at.now)
    assert at.told_of(row)[2:] == [("resolved", "li", "wecom"), ("resolved", "li", "sms")]
    at.pass_time(HOUR, MINUTE)
    assert len(at.told_of(row)) == 4


def test_one_that_is_over_may_still_get_its_verdict(at: Desk) -> None:
    row = at.clears(at.opens("WA-06"))
    over = row.resolved
    at.now += DAY
    row = at.alerts.resolve(row.alert_id, "Li", "drill", Verdict.TEST, at.now)
    assert (row.verdict, row.resolved) == (Verdict.TEST, over)
    with pytest.raises(AlertOverError):
        at.alerts.acknowledge(row.alert_id, "Li", "", at.now)
    with pytest.raises(NoSuchAlertError):
        at.alerts.acknowledge("nothing", "Li", "", at.now)


def test_what_was_closed_by_a_person_and_becomes_worse_is_open_again(at: Desk) -> None:
    row = at.opens("WA-06", "P2")
    at.alerts.resolve(row.alert_id, "Li", "", Verdict.FALSE, at.now)
    at.now += MINUTE
    at.apply(at.transition("WA-06", Change.RAISED, "P1", opened=row.opened))
    row = at.alert(row.alert_id)
    assert (row.state, row.verdict) == (AlertState.FIRING, None)


# -- the past ------------------------------------------------------------------------------------------------


def test_what_was_true_in_the_past_tells_nobody(at: Desk) -> None:
    row = at.opens("WA-02", "P1", retrospective=True)
    at.pass_time(HOUR, MINUTE)
    assert at.told() == []
    assert row.retrospective
    assert at.journal(row) == ["opened", "suppressed retrospective"]
    assert at.clears(row).state is AlertState.RESOLVED


def test_a_live_reading_confirms_what_was_retrospective(at: Desk) -> None:
    row = at.opens("WA-02", "P1", retrospective=True)
    at.now += MINUTE
    at.apply(at.transition("WA-02", Change.RAISED, "P1", opened=row.opened))
    row = at.alert(row.alert_id)
    assert not row.retrospective
    assert len(at.told_of(row)) == 2


def test_a_confirmed_past_counts_into_the_alert_that_is_open(at: Desk) -> None:
    live = at.opens("WA-02", "P1")
    at.now += MINUTE
    at.clears(live)
    past = at.opens("WA-02", "P1", retrospective=True)
    at.now += SECOND
    at.apply(at.transition("WA-02", Change.RAISED, "P1", opened=past.opened))
    assert at.alert(past.alert_id).state is AlertState.RESOLVED
    live = at.alert(live.alert_id)
    assert (live.count, live.standing) == (2, "P1")


@pytest.mark.parametrize(("hours", "messages"), [(23, 2), (25, 0)])
def test_life_safety_is_told_up_to_a_day_late(at: Desk, hours: int, messages: int) -> None:
    opened = at.now - hours * HOUR
    row = at.opens("EN-01", "P1", retrospective=True, opened=opened)
    assert len(at.told_of(row)) == messages


# -- escalation ----------------------------------------------------------------------------------------------


def test_a_p1_is_told_to_ever_more_people_until_somebody_acknowledges(at: Desk) -> None:
    row = at.opens("WA-02", "P1")
    at.pass_time(5 * MINUTE + SECOND)
    assert {(n.person, n.channel) for n in at.told("escalation")} == {
        ("li", "wecom"),
        ("li", "sms"),
        ("wang", "mail"),
    }
    at.pass_time(5 * MINUTE)
    assert len(at.told("escalation")) == 6
    at.pass_time(5 * MINUTE)
    assert ("escalation", "zhao", "sms") in at.told_of(row)
    at.alerts.acknowledge(row.alert_id, "Wang", "", at.now)
    count = len(at.told())
    at.pass_time(HOUR - SECOND, MINUTE)
    assert len(at.told()) == count


def test_an_escalation_goes_on_after_a_restart(at: Desk) -> None:
    at.opens("WA-02", "P1")
    at.pass_time(2 * MINUTE)
    at.open()
    at.pass_time(3 * MINUTE - SECOND)
    assert at.told("escalation") == []
    at.pass_time(2 * SECOND)
    assert len(at.told("escalation")) == 3


def test_a_gateway_that_was_down_takes_the_step_that_is_due_once(at: Desk) -> None:
    at.opens("WA-02", "P1")
    at.now += 2 * HOUR
    at.open()
    at.pass_time(SECOND)
    steps = {(n.person, n.channel) for n in at.told("escalation")}
    assert len(at.told("escalation")) == len(steps) == 4
    assert at.told("escalation")[0].detail["waited_s"] == 2 * 3_600 + 1
