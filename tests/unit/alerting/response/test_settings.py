"""What can be said about who is called, and what is refused with its reason."""

import pytest
import yaml
from pydantic import ValidationError

from catalogue.model import Severity
from gateway.alerting.response.settings import AlertSettings, OnCallSettings, days, nobody_on_call
from gateway.domain.holidays import Holidays
from gateway.domain.oncall import chain
from tests.unit.alerting.response.desk import HOUR, MINUTE, NOON

PEOPLE = """
people:
  li: {name: 李, channels: [wecom, sms], mobile: "13800000000"}
  wang: {name: Wang, lang: en, channels: [mail]}
"""
WHOLE = f"""{PEOPLE}
fallback: wang
layers:
  - {{name: first, people: [li, wang], first_day: 2026-11-16, handover: "09:00"}}
steps:
  P1:
    - {{after: 0s, to: [first], channels: all}}
    - {{after: 2m, to: [fallback, li], channels: [mail]}}
nag: {{P1: 5m, P2: 0s}}
nag_by_channel: {{sms: {{P1: 15m}}}}
digest: "07:30"
day: ["07:00", "22:00"]
test_message: "10:00"
"""


def read(text: str) -> OnCallSettings:
    return OnCallSettings.model_validate(yaml.safe_load(text))


def test_it_reads_as_it_is_written() -> None:
    settings = read(WHOLE)
    assert [step.after for step in settings.steps[Severity.P1]] == [0, 2 * MINUTE]
    assert settings.channel_names() == {"wecom", "sms", "mail"}
    contact = settings.people["li"].contact()
    assert (contact.name, contact.mobile, contact.lang) == ("李", "13800000000", "zh")
    assert "13800000000" not in repr(contact)
    (duty, fallback) = chain(settings.rota(Holidays()), (), NOON, None, "P1")
    assert (duty.person, fallback.person) == ("li", "wang")
    calendar = days(settings, AlertSettings())
    assert calendar.next_digest(NOON) == NOON + 19 * HOUR + 30 * MINUTE


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PEOPLE, "fallback"),
        (f"{PEOPLE}\nfallback: zhao", "'zhao' is not among the people"),
        (
            f"{PEOPLE}\nfallback: li\nlayers: [{{name: x, people: [zhao], first_day: 2026-01-01}}]",
            "'zhao' is not among the people",
        ),
        (f"{PEOPLE}\nfallback: li\nsteps: {{P1: [{{to: [boss]}}]}}", "'boss' is nobody"),
        (f"{PEOPLE}\nfallback: li\nsteps: {{P1: []}}", "at least one step"),
        (f"{PEOPLE}\nfallback: li\nsteps: {{P1: [{{after: 5m}}, {{after: 5m}}]}}", "later than"),
        (f"{PEOPLE}\nfallback: li\nnag: {{P1: 5 minutes}}", "90s, 5m, 24h or 2d"),
        (f"{PEOPLE}\nfallback: li\ndigest: 7.5", "in quotes"),
        (f"{PEOPLE}\nfallback: li\ntz: Mars/Olympus", "no time zone"),
        (f"{PEOPLE}\nfallback: li\nescalate: 5", "Extra inputs"),
        ("people: {Li: {name: L, channels: [x]}}\nfallback: Li", "pattern"),
        ("people: {li: {name: L, channels: []}}\nfallback: li", "at least 1"),
    ],
)
def test_it_refuses_what_would_leave_somebody_uncalled(text: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        read(text)


def test_without_anybody_on_call_the_console_is_told() -> None:
    assert nobody_on_call().channel_names() == {"console"}


@pytest.mark.parametrize(("severity", "hours"), [("P1", 1), ("P2", 4), ("P3", 24), ("P4", 168)])
def test_an_acknowledgement_holds_longer_the_milder_it_is(severity: str, hours: int) -> None:
    assert AlertSettings().acknowledgement_ms(severity) == hours * HOUR


def test_how_long_it_holds_can_be_set() -> None:
    settings = AlertSettings.model_validate({"acknowledged_for": {"P1": "10m"}})
    assert (settings.acknowledgement_ms("P1"), settings.acknowledgement_ms("P2")) == (10 * MINUTE, 4 * HOUR)
