"""Those who are told are looked after: gaps, people nobody reaches, the test of every day."""

from datetime import time

from gateway.alerting.response.duty_watch import DutyWatch
from gateway.alerting.response.settings import OnCallSettings
from gateway.domain.oncall import Override
from gateway.state.alert_rows import AlertState
from tests.unit.alerting.response.desk import DAY, HOUR, MINUTE, Desk


def watch(at: Desk, working: set[str], test_at: time | None = None) -> DutyWatch:
    return DutyWatch(at.state, at.alerts, at.policy.rota, at.policy.days, lambda: working, test_at)


def open_rules(at: Desk) -> set[tuple[str, str]]:
    return {
        (row.rule, row.device) for row in at.state.alerts.page(100) if row.is_open and row.rule != "ONC-03"
    }


ALL = {"wecom", "sms", "mail"}
BY_DAY = OnCallSettings.model_validate(
    {
        "people": {
            "li": {"name": "Li", "channels": ["wecom"]},
            "wang": {"name": "Wang", "channels": ["mail"]},
        },
        "layers": [
            {
                "name": "first",
                "people": ["li"],
                "first_day": "2026-01-01",
                "hours": [{"days": "mon-sun", "from": "09:00", "to": "18:00"}],
            }
        ],
        "fallback": "wang",
    }
)


def test_a_full_rota_with_working_channels_is_no_alert(at: Desk) -> None:
    watch(at, ALL).look(at.now)
    assert open_rules(at) == set()


def test_somebody_on_call_whom_no_channel_reaches_is_an_alert_until_one_does(at: Desk) -> None:
    watch(at, {"wecom", "sms"}).look(at.now)
    assert open_rules(at) == {("ONC-02", "wang")}
    watch(at, {"wecom", "sms"}).look(at.now + MINUTE)
    assert open_rules(at) == {("ONC-02", "wang")}
    watch(at, ALL).look(at.now + HOUR)
    assert open_rules(at) == set()


def test_a_gap_in_the_next_fortnight_is_an_alert_until_somebody_stands_in(at: Desk) -> None:
    at.on_call = BY_DAY
    at.open()
    watch(at, ALL).look(at.now)
    assert open_rules(at) == {("ONC-01", "P1"), ("ONC-01", "P2")}
    at.state.rota_overrides.add(Override("o", "wang", at.now, at.now + 15 * DAY))
    watch(at, ALL).look(at.now + MINUTE)
    assert open_rules(at) == set()


def test_the_test_message_goes_out_at_its_hour_and_waits_for_an_answer(at: Desk) -> None:
    duty = watch(at, ALL, time(14))
    duty.tend(at.now)
    duty.tend(at.now + 2 * HOUR - MINUTE)
    assert at.told("test") == []
    at.now += 2 * HOUR
    duty.tend(at.now)
    (test,) = at.told("test")
    assert (test.person, test.channel) == ("li", "wecom")
    assert duty.waiting_s(at.now + HOUR) == 3_600
    row = at.alerts.acknowledge(test.alert_ids[0], "Li", "", at.now + HOUR)
    assert row.state is AlertState.RESOLVED
    assert duty.waiting_s(at.now + HOUR) == 0


def test_a_restart_does_not_send_the_test_twice(at: Desk) -> None:
    at.now += 2 * HOUR
    watch(at, ALL, time(14)).tend(at.now)
    assert at.told("test") == []
