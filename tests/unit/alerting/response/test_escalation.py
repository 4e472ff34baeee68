"""Who is called next, and when: pure."""

import pytest

from gateway.alerting.response.escalation import Call, Plan, advance, begin
from gateway.alerting.response.settings import StepSettings
from gateway.domain.oncall import Duty, Person
from gateway.state.escalations import EscalationRow
from tests.unit.alerting.response.desk import MINUTE, NOON

PEOPLE = {
    "li": Person("li", "Li", ("wecom", "sms", "mail")),
    "wang": Person("wang", "Wang", ("mail",)),
    "zhao": Person("zhao", "Zhao", ("sms",)),
}
CHAIN = (Duty("li", "first"), Duty("wang", "second"), Duty("zhao", "fallback"))
STEPS = (
    StepSettings(after=0, to=("first",), channels="first"),
    StepSettings(after=5 * MINUTE, to=("second", "first"), channels="first_two"),
    StepSettings(after=15 * MINUTE, to=("everyone",), channels="all"),
)


def calls(plan: Plan, minutes: int) -> list[tuple[int, tuple[tuple[str, str], ...]]]:
    """Who is called after how many minutes."""
    row: EscalationRow | None = begin(plan, "a", NOON)
    found = []
    for minute in range(minutes + 1):
        if row is None:
            break
        call, row = advance(plan, row, CHAIN, PEOPLE, NOON + minute * MINUTE)
        if call is not None:
            found.append((minute, call.to))
    return found


def test_steps_come_at_their_times_and_between_them_the_last_is_repeated() -> None:
    first, second = (("li", "wecom"),), (("wang", "mail"), ("li", "wecom"), ("li", "sms"))
    everyone = (("li", "wecom"), ("li", "sms"), ("li", "mail"), ("wang", "mail"), ("zhao", "sms"))
    assert calls(Plan(STEPS, 5 * MINUTE), 21) == [
        (0, first),
        (5, second),
        (10, second),
        (15, everyone),
        (20, everyone),
    ]


def test_without_a_nag_interval_the_last_step_is_the_last_word() -> None:
    assert [minute for minute, _ in calls(Plan(STEPS), 120)] == [0, 5, 15]


def test_a_channel_with_an_interval_of_its_own_is_used_less_often() -> None:
    plan = Plan((StepSettings(to=("first",), channels="first_two"),), 5 * MINUTE, {"sms": 15 * MINUTE})
    both, one = (("li", "wecom"), ("li", "sms")), (("li", "wecom"),)
    assert calls(plan, 30) == [(0, both), (5, one), (10, one), (15, both), (20, one), (25, one), (30, both)]


@pytest.mark.parametrize(
    ("to", "channels", "expected"),
    [
        (("fallback",), "first", (("zhao", "sms"),)),
        (("wang",), "all", (("wang", "mail"),)),
        (("first", "li"), ("sms",), (("li", "sms"),)),
        (("everyone",), ("mail",), (("li", "mail"), ("wang", "mail"))),
        (("zhao",), ("mail",), (("li", "wecom"),)),
    ],
)
def test_words_stand_for_people_and_somebody_is_always_told(
    to: tuple[str, ...], channels: tuple[str, ...] | str, expected: tuple[tuple[str, str], ...]
) -> None:
    plan = Plan((StepSettings.model_validate({"to": to, "channels": channels}),))
    call, _ = advance(plan, begin(plan, "a", NOON), CHAIN, PEOPLE, NOON)
    assert call == Call(0, 0, expected)


def test_where_only_the_fallback_is_left_the_first_is_the_fallback() -> None:
    plan = Plan(STEPS)
    call, _ = advance(plan, begin(plan, "a", NOON), CHAIN[2:], PEOPLE, NOON)
    assert call == Call(0, 0, (("zhao", "sms"),))
