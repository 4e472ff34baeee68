"""The built-in rules, as people are told of them."""

import pytest

from catalogue.loading import load
from catalogue.model import Rule
from gateway.notify.compared import compared
from gateway.notify.figures import figure
from gateway.notify.fitting import render
from gateway.notify.notifier import Lang, Measured
from gateway.notify.texts import ZH_CHARACTERS
from tests.support.notices import NOW, message, notice
from wire.measures.words import Name

RULES = load().rules
LINK = f"https://yizhan.louxing.example.org/a/{'a' * 70}"
WECOM_TEXT_BYTES = 1_900
"""Less the quotes, the mention and the keyword of the request."""


def told(rule: Rule, lang: Lang) -> str:
    facts = {"name": Name(rule.name.zh, rule.name.en), "link": LINK, "device": "water-dispenser.lounge"}
    action = Name(rule.first_action.zh, rule.first_action.en)
    severity = str(rule.gravest)
    made = notice(
        1, **facts, first_action=action, severity=severity, measured=compared(rule, severity), incomplete=True
    )
    return render(message(made, attempt=12), lang, NOW)


@pytest.mark.parametrize("rule_id", RULES)
def test_every_rule_is_told_whole_in_one_message_of_the_smallest_robot(rule_id: str) -> None:
    assert len(told(RULES[rule_id], "zh")) <= ZH_CHARACTERS
    assert len(told(RULES[rule_id], "both").encode()) <= WECOM_TEXT_BYTES


@pytest.mark.parametrize(
    ("rule_id", "severity", "name", "unit"),
    [
        ("EN-03", "P1", Name("一氧化碳", "Carbon monoxide"), "[ppm]"),
        ("AG-01", "P3", Name("静默", "silent for"), "s"),
        ("AG-01", "P2", Name("静默", "silent for"), "s"),
        ("AC-02", "P1", Name("次数", "times"), "1"),
        ("AC-06", "P1", Name("事件", "event"), "1"),
        ("EN-04", "P4", Name("数值", "value"), "[ppm]"),
        ("AG-02", "P3", Name("30 分钟内驿站连接状态变为离线 / 驿站连接状态变为在线次数", ""), "1"),
        ("PW-10", "P3", Name("电压的不平衡度", ""), "1"),
        ("PW-16", "P2", Name("40 分钟内有功功率的最小值", ""), "W"),
        ("WA-17", "P4", Name("1 天内累计用水量的增量", ""), "m3"),
    ],
)
def test_the_value_is_what_the_level_compared(rule_id: str, severity: str, name: Name, unit: str) -> None:
    found = compared(RULES[rule_id], severity)
    assert (found.name.zh, found.unit) == (name.zh, unit)
    assert name.en in ("", found.name.en)


def test_what_a_device_said_itself_is_an_event_and_no_number_of_times() -> None:
    found = compared(RULES["AC-02"], "P1", "door_forced")
    assert figure(found, "door_forced").zh == "强行开门"


@pytest.mark.parametrize(
    ("measured", "value", "zh", "en"),
    [
        (Measured(Name("静默", "silent for"), "s"), 93_600, "静默 1 天 2 小时", "silent for 1 d 2 h"),
        (Measured(Name("时钟差", "skew"), "ms"), -90_000, "时钟差 -1 分钟 30 秒", "skew -1 min 30 s"),
        (Measured(Name("剩余", "left"), "d"), 3, "剩余 3 天", "left 3 d"),
        (Measured(Name("增量", "growth"), "m3/h"), 1.25, "增量 1.25 m³/h", "growth 1.25 m³/h"),
        (
            Measured(Name("事件", "event"), "1", field="event"),
            "access.duress",
            "事件 胁迫报警",
            "event Duress",
        ),
        (Measured(Name("事件", "event"), "1", field="event"), "nonesuch", "事件 nonesuch", "event nonesuch"),
    ],
)
def test_values_are_written_with_what_they_are(measured: Measured, value: float, zh: str, en: str) -> None:
    made = message(notice(1, measured=measured, value=value, limit=None))
    assert render(made, "zh", NOW).splitlines()[1].endswith(f"｜{zh}")
    assert render(made, "en", NOW).splitlines()[1].endswith(f"｜{en}")
