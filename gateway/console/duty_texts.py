"""The texts of the pages about silences, the rota and links in messages, in both languages."""

from collections.abc import Mapping

DUTY_TEXTS: Mapping[str, tuple[str, str]] = {
    "silences": ("静默", "Silences"),
    "silences_what": (
        "静默期间照常记录告警，只是不发消息。烟雾、一氧化碳、紧急按钮和跌倒不会被静默。",
        "A silence keeps messages back; alerts go on record. Nothing silences smoke, CO, panic and fall.",
    ),
    "no_silences": ("没有静默", "There are no silences"),
    "any": ("不限", "any"),
    "until": ("到", "until"),
    "from": ("从", "from"),
    "by": ("由", "by"),
    "end_now": ("立即结束", "End now"),
    "to_come": ("未开始", "to come"),
    "in_force": ("生效中", "in force"),
    "ended": ("已结束", "ended"),
    "new_silence": ("新建静默", "New silence"),
    "station_id": ("驿站编号", "Station id"),
    "preview": ("先看会静默什么", "See what it would hide"),
    "would_hide": ("会静默 {n} 条未关闭的告警", "It would hide {n} open alerts"),
    "would_pass": ("{n} 条涉及生命安全，照常通知", "{n} are about a life and are told all the same"),
    "would_have": ("最近 7 天会静默 {n} 条", "It would have hidden {n} in the last 7 days"),
    "matches_nothing": (
        "它现在和最近 7 天都不匹配任何告警：请检查填写是否正确。",
        "It matches no alert now, nor any of the last 7 days: check what you wrote.",
    ),
    "for_how_long": ("多久", "For how long"),
    "silence_reason": ("静默的理由", "Why"),
    "silence_now": ("静默", "Silence"),
    "silence_empty": (
        "请至少填写驿站、区域、规则、级别中的一项。",
        "Give at least one of station, region, rule, severity.",
    ),
    "reason_needed": ("请写明理由。", "Say why."),
    "on_call": ("值班", "On call"),
    "on_call_unset": (
        "设置中没有 on_call：消息只写入控制台日志，不会有人收到。",
        "The settings have no on_call: messages go to the console log and reach nobody.",
    ),
    "called_now": ("现在依次通知", "Called now, in this order"),
    "other_regions": ("其他区域", "all other regions"),
    "gaps": ("未来 14 天的空班", "Gaps in the next 14 days"),
    "no_gaps": ("没有空班", "There are no gaps"),
    "only_fallback": ("只有后备人员 {name}", "only the fallback, {name}"),
    "unreachable": ("联系不上的人", "People no channel reaches"),
    "everybody_reachable": ("所有人都有可用的联系方式", "Everybody has a working channel"),
    "on_duty_from": ("{time} 起值班", "on duty from {time}"),
    "overrides": ("替班", "Overrides"),
    "no_overrides": ("没有替班", "There are no overrides"),
    "fallback": ("后备", "fallback"),
    "override": ("替班", "override"),
    "holidays_missing": (
        "缺少 {year} 年的放假安排：请把 holidays.yaml 放入数据目录。",
        "The public holidays of {year} are not known yet: put holidays.yaml into the data directory.",
    ),
    "link_bad": ("这个链接不完整", "This link is damaged"),
    "link_bad_what": (
        "请从消息中重新打开完整的链接，或登录后在告警列表中确认。",
        "Open the whole link from the message again, or sign in and acknowledge in the list of alerts.",
    ),
    "link_expired": ("这个链接已过期", "This link has expired"),
    "link_expired_what": (
        "请使用最新消息中的链接，或登录后在告警列表中确认。",
        "Use the link of the latest message, or sign in and acknowledge in the list of alerts.",
    ),
    "link_button": ("确认：{name} 来处理", "Acknowledge: {name} takes it"),
    "link_what": (
        "打开本页不会改变任何东西；按下按钮才会确认。",
        "Opening this page changes nothing; the button acknowledges.",
    ),
    "link_done": ("已确认，谢谢。", "Acknowledged, thank you."),
    "link_taken": ("已由 {name} 于 {time} 确认。", "{name} acknowledged this at {time}."),
    "link_over": ("这条告警已经关闭，无需处理。", "This alert is closed; nothing needs to be done."),
    "to_alerts": ("告警列表", "List of alerts"),
}
"""(zh, en) by key."""
