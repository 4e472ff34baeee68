"""The rules about those who are told, beside the catalogue: gaps, people nobody reaches, the daily test."""

from collections.abc import Mapping
from types import MappingProxyType

from catalogue.model import Rule
from gateway.alerting.own_rules import RULE_FAILED


def _rule(rule_id: str, severity: str, zh: tuple[str, str, str], en: tuple[str, str, str]) -> Rule:
    """Make one from its name, first action and reason."""
    return Rule.model_validate(
        {
            "id": rule_id,
            "name": {"zh": zh[0], "en": en[0]},
            "kind": "event",
            "subject": "station.heard",
            "with": {},
            "levels": [{"severity": severity}],
            "latched": rule_id == "ONC-04",
            "first_action": {"zh": zh[1], "en": en[1]},
            "reason": {"zh": zh[2], "en": en[2]},
            "source": "own",
        }
    )


ROTA_GAP = _rule(
    "ONC-01",
    "P3",
    ("值班表有空档", "在值班页面安排替班，或修改 on_call.layers。", "空档中的告警只有兜底人知道。"),
    (
        "Gap in the rota",
        "Enter an override on the on-call page, or mend on_call.layers.",
        "In a gap only the fallback person is told.",
    ),
)
"""Within the next 14 days; the device is the severity nobody is on duty for."""
UNREACHABLE = _rule(
    "ONC-02",
    "P3",
    ("值班人员无可用通道", "为其设置可用的通道，或安排替班。", "没有可用通道的人收不到任何告警。"),
    (
        "No working channel to somebody on call",
        "Give them a channel that works, or enter an override.",
        "Nobody hears an alert over a channel that is not set up or fails.",
    ),
)
"""The device is the person's key."""
NO_HOLIDAYS = _rule(
    "ONC-03",
    "P4",
    ("节假日安排尚未录入", "按国务院通知填写 holidays.yaml。", "没有调休安排，工作日会算错。"),
    (
        "Holidays of the year are missing",
        "Write holidays.yaml from the notice of the State Council.",
        "Without the swapped days, working days are wrong.",
    ),
)
"""The device is the year."""
DAILY_TEST = _rule(
    "ONC-04",
    "P4",
    ("每日测试消息", "请点确认：证明消息能送达。", "只有真的发一条，才知道通知能不能到人。"),
    (
        "Daily test message",
        "Acknowledge it: it proves that messages reach you.",
        "Only a message that was sent says that messages arrive.",
    ),
)

OWN_RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.id: rule for rule in (RULE_FAILED, ROTA_GAP, UNREACHABLE, NO_HOLIDAYS, DAILY_TEST)}
)
"""Every rule that is ours and not the catalogue's."""
