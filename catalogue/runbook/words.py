"""The words in which conditions are told, in both languages."""

import re
from collections.abc import Mapping
from typing import Literal

from catalogue.durations import shown
from catalogue.fields import event, measure, split
from catalogue.model import Rule
from wire.measures import EVENT_FIELDS, EventField, EventKind, Measure
from wire.measures.words import name_of

Language = Literal["zh", "en"]

_UNITS: Mapping[str, str] = {
    "1": "",
    "Cel": " °C",
    "[ppm]": " ppm",
    "m3": " m³",
    "kW.h": " kWh",
    "kW.h/h": " kW",
    "ug/m3": " µg/m³",
    "dB[mW]": " dBm",
    "%": "%",
}
_PHRASES: Mapping[str, tuple[str, str]] = {
    "above": ("{0} > {1}", "{0} > {1}"),
    "below": ("{0} < {1}", "{0} < {1}"),
    "at_least": ("{0} ≥ {1}", "{0} ≥ {1}"),
    "at_most": ("{0} ≤ {1}", "{0} ≤ {1}"),
    "is": ("{0}为{1}", "{0} is {1}"),
    "is_not": ("{0}不为{1}", "{0} is not {1}"),
    "in": ("{0}为{1}之一", "{0} is one of {1}"),
    "has": ("{0}含{1}", "{0} includes {1}"),
    "all": ("且", "and"),
    "any": ("或", "or"),
    "not": ("并非（{0}）", "not ({0})"),
    "every": ("全部{0}", "every {0}"),
    "of_role": ("{1}的{0}", "{0} of {1}"),
    "has_role": ("设备是{0}", "the device is a {0}"),
    "reports": ("设备测量{0}", "the device measures {0}"),
    "local_time": ("当地时间 {0}–{1}", "local time {0}–{1}"),
    "alert": ("{0} 已告警 {1}", "{0} has been firing for {1}"),
    "alert_now": ("{0} 正在告警", "{0} is firing"),
    "quiet": ("{1}内没有{0}", "no {0} within {1}"),
    "suspect": ("读数可疑", "the reading is suspect"),
    "becomes": ("{0}变为{1}", "{0} becomes {1}"),
    "rises": ("{0}增加", "{0} counts"),
    "where": ("{0}（{1}）", "{0} ({1})"),
    "limit": ("设备限值 {0}", "the device's {0}"),
    "limit_or": ("设备限值 {0}（缺省 {1}）", "the device's {0} (else {1})"),
    "learned": ("本站{0}", "this station's {0}"),
    "learned_of": ("近 {1}{0}的 {2}", "{2} of {0} over the last {1}"),
    "gap": ("间隔", "gap"),
    "value": ("读数", "the reading"),
    "true": ("是", "true"),
    "false": ("否", "false"),
    "figure_in": ("{1}内{0}的{2}", "{2} of {0} over {1}"),
    "figure_between": ("{1} 之间{0}的{2}", "{2} of {0} from {1}"),
    "figure_of": ("{0}的{1}", "{1} of {0}"),
    "count_in": ("{1}内{0}次数", "{0}, times within {1}"),
    "count_most": ("{1} 内同一人{0}次数", "{0} by one person within {1}"),
    "ratio": ("{0} ÷ {1}", "{0} ÷ {1}"),
    "pieces": ("每 {0}{1}的{2}", "{2} of the {1} per {0}"),
    "away": ("{0}与 {1} 之差", "distance of {0} from {1}"),
    "nobody": ("{0}，有人的时段不算", "{0}, leaving out time with somebody inside"),
    "or": ("，或", "; or "),
    "samples": ("连续 {0} 次读数", "{0} readings in a row"),
    "flatline": ("{0}一直不变", "{0} does not move"),
    "absence": ("没有{0}", "no {0}"),
    "usual_at_least": ("，且不短于{0}", ", and not for less than {0}"),
    "cut_short": ("，或{0}后 {1}", ", or {1} after {0}"),
    "before": ("{0}，而此前 {2}内没有{1}", "{0} with no {1} within {2} before"),
    "after": ("{0}，而此后 {2}内没有{1}", "{0} with no {1} within {2} after"),
    "unless": ("，除非{0}", ", unless {0}"),
    "times": ("，{1}内 {0} 次", ", {0} times within {1}"),
    "share": ("所有驿站中{0}的", "of all stations, those with {0}"),
}
_TAKEN: Mapping[str, tuple[str, str]] = {
    "mean": ("均值", "mean"),
    "median": ("中位数", "median"),
    "min": ("最小值", "minimum"),
    "max": ("最大值", "maximum"),
    "sum": ("总和", "sum"),
    "increase": ("增量", "increase"),
    "fall": ("回退", "fall"),
    "rate": ("每小时增量", "increase per hour"),
    "range": ("波动幅度", "range"),
    "change": ("变化", "change"),
    "rise": ("升幅", "rise"),
    "slope": ("每小时变化", "change per hour"),
    "spread": ("各相差距", "spread over the phases"),
    "unbalance": ("不平衡度", "unbalance"),
    "misses": ("次数", "times"),
    "stations": ("驿站数", "number of stations"),
    "share_of": ("驿站占比", "share of stations"),
    "fresh": ("新增驿站数", "newly affected stations"),
    "fresh_share": ("新增驿站占比", "share of newly affected stations"),
    "stddev": ("标准差", "standard deviation"),
    "p20": ("20 分位数", "20th percentile"),
    "p95": ("95 分位数", "95th percentile"),
    "fit": ("推算值", "forecast"),
}
_STATES: Mapping[str, tuple[str, str]] = {
    "online": ("在线", "online"),
    "late": ("迟到", "late"),
    "offline": ("离线", "offline"),
}
_TIMES: Mapping[str, tuple[str, str]] = {
    "d": ("天", "d"),
    "h": ("小时", "h"),
    "m": ("分钟", "min"),
    "s": ("秒", "s"),
    "ms": ("毫秒", "ms"),
}
ROLE_NAMES: Mapping[str, tuple[str, str]] = {
    "shower": ("淋浴间", "shower"),
    "toilet": ("卫生间", "toilet"),
    "washer": ("洗衣机", "washer"),
    "microwave": ("微波炉", "microwave"),
    "seating": ("休息区", "rest area"),
    "hot_tank": ("热水箱", "hot tank"),
    "shower_mix": ("淋浴混水", "shower mixer"),
    "main_meter": ("总表", "main meter"),
    "wet_circuit": ("潮湿回路", "wet circuit"),
    "socket_circuit": ("插座回路", "socket circuit"),
}


def say(phrase: str, language: Language, *parts: str) -> str:
    """Put the parts into a phrase."""
    return _PHRASES[phrase][language == "en"].format(*parts)


def taken(fn: str, language: Language) -> str:
    """Return how people call what is worked out over a window."""
    return _TAKEN[fn][language == "en"]


def role(name: str, language: Language) -> str:
    """Return how people call a device of this role; the role itself where nobody has named it."""
    return ROLE_NAMES.get(name, (name, name.replace("_", " ")))[language == "en"]


def quantity(number: float, unit: str | None) -> str:
    """Return a number with its unit."""
    shown = f"{number:,.10g}"
    return f"{shown}{_UNITS.get(unit or '1', f' {unit}')}"


def lasting(ms: int, language: Language) -> str:
    """Return a length of time as people read it."""
    return re.sub(r"(\d+)([a-z]+)", lambda found: _lasting(found[1], found[2], language), shown(ms))


def _lasting(number: str, unit: str, language: Language) -> str:
    return f"{number} {_TIMES[unit][language == 'en']}"


def field_name(name: str, own: tuple[str, ...], language: Language) -> str:
    """Return how people call a field, a measure or one of an event, within a sentence."""
    domain, field = split(name)
    fields = (one for one in EVENT_FIELDS.get(domain or own[0], ()) if one.name == field)
    return _name(measure(name, own) or next(fields, None), field, language)


def event_name(name: str, own: tuple[str, ...], language: Language) -> str:
    """Return how people call an event, within a sentence."""
    return _name(event(name, own), name, language)


def _name(found: Measure | EventKind | EventField | None, name: str, language: Language) -> str:
    if found is None:
        return name
    if language == "zh":
        return found.zh
    return found.en[:1].lower() + found.en[1:] if found.en[1:2].islower() else found.en


def word(field: str, value: object, language: Language) -> str:
    """Return how people read one value of a field."""
    if isinstance(value, bool):
        return say("true" if value else "false", language)
    if isinstance(value, str) and value in _STATES:
        return _STATES[value][language == "en"]
    if isinstance(value, str):
        name = name_of(split(field).field, value)
        return name.zh if language == "zh" else name.en
    return quantity(float(str(value)), None)


def own_domains(rule: Rule) -> tuple[str, ...]:
    """Return the domains of names a rule writes without one; at least one."""
    return tuple(split(subject.name).domain or "agent" for subject in rule.subjects)
