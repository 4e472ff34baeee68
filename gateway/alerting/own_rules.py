"""The rule about the engine itself, beside the catalogue: a rule that raised was switched off."""

from catalogue.model import Rule

RULE_FAILED = Rule.model_validate(
    {
        "id": "ENG-01",
        "name": {"zh": "告警规则出错已停用", "en": "Alert rule failed and was switched off"},
        "kind": "event",
        "subject": "station.heard",
        "per": "device",
        "with": {},
        "levels": [{"severity": "P2"}],
        "latched": True,
        "first_action": {
            "zh": "查看日志中该规则的错误，联系开发人员；该规则暂不再判断，其他规则照常。",
            "en": "Read the error of this rule in the log and tell the developers; it judges nothing "
            "until the next start or reload, the others go on.",
        },
        "reason": {
            "zh": "出错的规则不能拖住其他规则，但不能无声无息。",
            "en": "A rule that fails must not hold up the others, nor go unnoticed.",
        },
        "source": "own",
    }
)
"""Its alerts are of station `_gateway`; the device is the rule that failed."""
