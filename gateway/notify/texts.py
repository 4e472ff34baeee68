"""Every text of a message, in both languages, and how an alert is put into lines.

A line has a weight: 0 is never left out, and of the others the heaviest goes first when a channel is too
small for all.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.notify.figures import duration, figure, measured, moment
from gateway.notify.notifier import Kind, Lang, Message, Notice
from wire.measures.words import Name

ZH_CHARACTERS = 600
"""Longest Chinese message to a telephone; beyond it nobody reads, and robots count 3 bytes a character."""

_NAME_CHARACTERS = 40
_GAP = "｜"

TEXTS: Mapping[str, Name] = {
    "P1": Name("P1 紧急", "P1 critical"),
    "P2": Name("P2 重要", "P2 major"),
    "P3": Name("P3 一般", "P3 minor"),
    "P4": Name("P4 提示", "P4 notice"),
    "head": Name("【{level}】", "[{level}] "),
    "cleared": Name("{level} 已恢复", "{level} resolved"),
    "awaits_person": Name("{level} 已恢复，待人工关闭", "{level} cleared, a person must close it"),
    "retrospective": Name("{level} 补报", "{level} in retrospect"),
    "age": Name("{age}前发生{gap}", "{age} ago{gap}"),
    "what": Name("{station}{gap}{name}", "{station}{gap}{name}"),
    "at_device": Name("{what}（{device}）", "{what} ({device})"),
    "since": Name("开始 {time}", "since {time}"),
    "lasted": Name("{start}–{end}，持续 {length}", "{start}–{end}, lasted {length}"),
    "value": Name("{measure} {value}", "{measure} {value}"),
    "against": Name("{measure} {value}，限值 {limit}", "{measure} {value}, limit {limit}"),
    "incomplete": Name("数据不完整", "incomplete data"),
    "raised": Name("由 {was} 升级", "raised from {was}"),
    "lowered": Name("由 {was} 降级", "lowered from {was}"),
    "step": Name(
        "第 {step} 级升级：{waited}无人确认", "Escalation step {step}: nobody acknowledged for {waited}"
    ),
    "link": Name("确认", "Acknowledge"),
    "id": Name("告警号", "alert"),
    "copy": Name("第 {n} 次发送", "copy {n}"),
    "group": Name("{station}共 {n} 条告警", "{n} alerts at {station}"),
    "digest": Name(
        "【汇总】{n} 条告警（{counts}），{stations} 个驿站",
        "[Digest] {n} alerts ({counts}) at {stations} stations",
    ),
    "storm": Name(
        "【告警风暴】{n} 条告警（{counts}），{stations} 个驿站；其余不再逐条通知",
        "[Alert storm] {n} alerts ({counts}) at {stations} stations; the rest is not told one by one",
    ),
    "test": Name(
        "【测试】这是一条测试消息，无需处理", "[Test] This is a test message; nothing needs to be done"
    ),
    "subject_more": Name("{first} 等 {n} 条", "{first} and {more} more"),
}
"""Texts by key; both languages have the same places for values."""

VARIABLES = (
    "severity", "level", "station", "what", "device", "since", "value", "action", "link",
    "alert_id", "attempt", "notification_id",
)  # fmt: skip
"""What templates of short messages may name, besides who is told and the whole text."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a message, and how easily it is done without."""

    text: str
    weight: int = 0


def say(key: str, lang: Lang, **values: object) -> str:
    """Return one text; a value that is a Name is put in the same language."""
    if lang == "both":
        zh, en = say(key, "zh", **values), say(key, "en", **values)
        return zh if zh == en else f"{zh} / {en}"
    put = {name: _in(value, lang) if isinstance(value, Name) else value for name, value in values.items()}
    return _in(TEXTS[key], lang).format(**put)


def clean(text: str) -> str:
    """Make a name or sentence from outside one harmless line.

    Robots read ``<at …>`` and ``<@all>`` as calls to everybody, mail reads a line break as a new header.
    """
    kept = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(kept.split()).replace("<", "＜")


def clip(text: str, characters: int) -> str:
    """Cut a text to so many characters, the last of them an ellipsis."""
    return text if len(text) <= characters else f"{text[: max(0, characters - 1)].rstrip()}…"


def heading(message: Message, lang: Lang) -> tuple[str, ...]:
    """Return the lines before the alerts themselves."""
    if lang == "both":
        return tuple(dict.fromkeys((*heading(message, "zh"), *heading(message, "en"))))
    lines = []
    if message.kind is Kind.TEST:
        lines.append(say("test", lang))
    if message.kind in (Kind.DIGEST, Kind.STORM):
        counts = " ".join(f"{severity} {n}" for severity, n in sorted(message.counts.items()))
        told = {"n": sum(message.counts.values()), "counts": counts, "stations": message.stations}
        lines.append(say(message.kind, lang, **told))
    elif len(message.notices) > 1 and len({notice.station_id for notice in message.notices}) == 1:
        lines.append(say("group", lang, station=_station(message.notices[0], lang), n=len(message.notices)))
    if message.kind is Kind.ESCALATION:
        lines.append(say("step", lang, step=message.step, waited=duration(message.waited_s)))
    return tuple(lines)


def lines(message: Message, notice: Notice, lang: Lang, now: int) -> tuple[Line, ...]:
    """Return what is told of one alert. In both languages, English lines are left out before Chinese ones."""
    brief = message.kind in (Kind.DIGEST, Kind.STORM)
    if lang == "both":
        zh, en = _body(notice, "zh", now, brief=brief), _body(notice, "en", now, brief=brief)
        body = (*zh, *(Line(line.text, line.weight + 10) for line in en))
    else:
        body = _body(notice, lang, now, brief=brief)
    return (*body, *_tail(message, notice, lang))


def first_line(notice: Notice, lang: Lang) -> str:
    """Return level, age of what came late, station and rule."""
    state = "retrospective" if notice.retrospective else None
    if notice.cleared is not None:
        state = "awaits_person" if notice.awaits_person else "cleared"
    level = say(notice.severity, lang)
    head = say("head", lang, level=level if state is None else say(state, lang, level=level))
    age = "" if notice.age_s is None else say("age", lang, age=duration(notice.age_s), gap=_GAP)
    return f"{head}{age}{what(notice, lang)}"


def what(notice: Notice, lang: Lang) -> str:
    """Return station, rule and device."""
    name = clip(clean(_in(notice.name, lang)), _NAME_CHARACTERS)
    told = say("what", lang, station=_station(notice, lang), name=name, gap=_GAP)
    return say("at_device", lang, what=told, device=clean(notice.device)) if notice.device else told


def since(notice: Notice, lang: Lang, now: int) -> str:
    """Return when it began, or from when until when it lasted, on the wall of the station."""
    start = moment(notice.opened, notice.tz, now)
    if notice.cleared is None:
        return say("since", lang, time=start)
    length = duration((notice.cleared - notice.opened) / 1_000)
    return say("lasted", lang, start=start, end=moment(notice.cleared, notice.tz, now), length=length)


def against(notice: Notice, lang: Lang) -> str | None:
    """Return the value against its limit, or None when there is no value."""
    if notice.value is None:
        return None
    shown = notice.measured or measured(notice.domain, notice.field)
    value = _cleaned(figure(shown, notice.value))
    if notice.limit is None or notice.limit == notice.value:
        return say("value", lang, measure=shown.name, value=value)
    return say("against", lang, measure=shown.name, value=value, limit=_cleaned(figure(shown, notice.limit)))


def subject(message: Message, lang: Lang) -> str:
    """Return one line that stands for the whole message, as mail shows it in a list."""
    told = "zh" if lang == "both" else lang
    if message.kind in (Kind.DIGEST, Kind.STORM, Kind.TEST) or not message.notices:
        return " ".join(heading(message, told)[:1])
    first = first_line(message.notices[0], told)
    n = len(message.notices)
    return first if n == 1 else say("subject_more", told, first=first, n=n, more=n - 1)


def variables(message: Message, lang: Lang, now: int) -> Mapping[str, str]:
    """Return the parts of a message about one alert by name, empty where there is nothing to say."""
    told: Lang = "zh" if lang == "both" else lang
    values = dict.fromkeys(VARIABLES, "")
    values |= {"notification_id": message.notification_id, "attempt": str(message.attempt)}
    values |= {"severity": message.severity, "what": subject(message, told)}
    for notice in message.notices[:1]:
        values |= {
            "level": say(notice.severity, told),
            "station": _station(notice, told),
            "what": clip(clean(_in(notice.name, told)), _NAME_CHARACTERS),
            "device": notice.device,
            "since": since(notice, told, now),
            "value": against(notice, told) or "",
            "action": clean(_in(notice.first_action, told)),
            "link": notice.link or "",
            "alert_id": notice.alert_id,
        }
    return values


def _body(notice: Notice, lang: Lang, now: int, *, brief: bool) -> tuple[Line, ...]:
    if brief:
        return (Line(f"{first_line(notice, lang)}{_GAP}{since(notice, lang, now)}"),)
    facts = [since(notice, lang, now), against(notice, lang)]
    if notice.was is not None:
        facts.append(say("raised" if notice.severity < notice.was else "lowered", lang, was=notice.was))
    facts.append(say("incomplete", lang) if notice.incomplete else None)
    return (
        Line(first_line(notice, lang)),
        Line(_GAP.join(fact for fact in facts if fact), 2),
        *([Line(clean(_in(notice.first_action, lang)), 1)] if notice.cleared is None else []),
    )


def _tail(message: Message, notice: Notice, lang: Lang) -> tuple[Line, ...]:
    copy = f"{_GAP}{say('copy', lang, n=message.attempt)}" if message.attempt > 1 else ""
    ident = Line(f"{say('id', lang)} {notice.alert_id}{copy}")
    return (ident,) if notice.link is None else (Line(f"{say('link', lang)}: {notice.link}"), ident)


def _station(notice: Notice, lang: Lang) -> str:
    return clip(clean(_in(notice.station, lang)), _NAME_CHARACTERS)


def _cleaned(name: Name) -> Name:
    return Name(clean(name.zh), clean(name.en))


def _in(name: Name, lang: Lang) -> str:
    return name.en if lang == "en" else name.zh
