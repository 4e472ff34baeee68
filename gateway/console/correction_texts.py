"""The texts of the pages about corrections of readings, in both languages."""

from collections.abc import Mapping

CORRECTION_TEXTS: Mapping[str, tuple[str, str]] = {
    "corrections": ("读数更正", "Corrections of readings"),
    "corrections_what": (
        "人工更正过的读数，最新的在前；旧值永久保留。",
        "What people corrected, newest first; what stood there before is kept for good.",
    ),
    "no_corrections": ("这座驿站没有更正过读数", "No reading of this station was corrected"),
    "made": ("更正时间", "Corrected at"),
    "the_reading": ("读数", "Reading"),
    "several_readings": ("{n} 条，{time} 起", "{n} from {time}"),
    "old_value": ("旧值", "Old value"),
    "new_value": ("新值", "New value"),
    "and_more": ("{value} 等", "{value} and others"),
    "no_value": ("无", "none"),
    "taken_away": ("已移除", "taken away"),
    "who": ("更正人", "By"),
    "is_carried_out": ("执行", "Carried out"),
    "carried_out": ("已执行", "yes"),
    "waits": ("等待写入", "waiting for the store"),
    "correct_again": ("再次更正", "Correct it again"),
    "correct_reading": ("更正读数", "Correct a reading"),
    "find_reading_what": (
        "选择设备和时间段，再点按错误的数值。",
        "Choose a device and a stretch of time, then the value that is wrong.",
    ),
    "show_readings": ("查看读数", "Show the readings"),
    "no_readings": ("这段时间没有读数", "There are no readings in that time"),
    "time": ("时间", "Time"),
    "substituted": ("替代值", "substituted"),
    "span_wrong": ("结束时间必须晚于开始。", "The end must be after the beginning."),
    "span_long": ("时间段太长，最多 {n} 天。", "That stretch is too long: at most {n} days."),
    "stands_now": ("现在的值", "It says"),
    "corrected_before": ("这个数值以前更正过。", "This value was corrected before."),
    "one_of_words": ("可用：{words}（用逗号分隔）", "of: {words} (separated by commas)"),
    "take_away": ("不填新值，移除这个数值", "Take the value away instead"),
    "see_change": ("先看会改变什么", "See what changes"),
    "what_changes": ("会改变什么", "What changes"),
    "change_follows": (
        "合计、汇总和报表一分钟内随之更新；旧值永久保留。已发出的告警不变。",
        "Totals and reports follow within a minute; the old value is kept for good. Alerts stay as told.",
    ),
    "correction_reason": ("更正的理由", "Why"),
    "correct_now": ("更正", "Correct it"),
    "value_needed": ("请填写新值，或选择移除。", "Give a new value, or choose to take it away."),
    "value_or_none": ("填写新值或选择移除，不能两者都选。", "Give a value or take it away, not both."),
    "number_needed": ("新值必须是数字。", "The new value must be a number."),
    "whole_number_needed": ("新值必须是整数。", "The new value must be a whole number."),
    "value_unknown": (
        "新值必须是其中之一：{words}。",
        "The new value must be one of these: {words}.",
    ),
    "value_range": ("新值应为 {range}。", "The new value must be {range}."),
    "value_sentinel": (
        "这个数是设备表示“无读数”的代码，不能作为新值。",
        "With that number devices say that they have no value: it cannot be the new one.",
    ),
    "value_wrong": ("这个字段不能是这个值。", "The field cannot have this value."),
    "value_same": ("原来就是这个值，没有更正。", "That is what it says already: nothing was corrected."),
    "already_corrected": (
        "别人刚刚更正过：现在是 {value}。请重新查看后再更正。",
        "Somebody has corrected it since: it says {value} now. Look at it again before you correct it.",
    ),
    "reading_unknown": (
        "没有这条读数。请从列表中重新选择。",
        "There is no such reading. Choose it from the list again.",
    ),
    "reading_unclear": (
        "同一时间有几条读数，无法确定是哪一条：请用 API 更正。",
        "Several readings of that time fit: correct it through the API.",
    ),
    "store_closed": (
        "暂时无法读取数据，请稍后再试。",
        "The readings cannot be read right now: try again in a moment.",
    ),
}
"""(zh, en) by key."""
