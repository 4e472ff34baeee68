"""Values, durations and times of day as messages write them."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from catalogue.fields import ALL_EVENTS, ALL_MEASURES
from gateway.notify.notifier import Measured
from wire.measures import EVENT_FIELDS
from wire.measures.words import Name, name_of

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_PARTS = (
    (_DAY_S, Name("天", "d")),
    (_HOUR_S, Name("小时", "h")),
    (_MINUTE_S, Name("分钟", "min")),
    (1, Name("秒", "s")),
)
_TIMES: Mapping[str, float] = {"ms": 0.001, "s": 1, "d": _DAY_S}
_UNITS: Mapping[str, str] = {
    "1": "",
    "Cel": "°C",
    "[ppm]": "ppm",
    "kW.h": "kWh",
    "kW.h/h": "kW",
    "m3/h": "m³/h",
    "V.A": "VA",
    "m3": "m³",
    "ug/m3": "µg/m³",
    "dB[SPL]": "dB",
    "dB[mW]": "dBm",
    "GBy": "GB",
}
"""UCUM codes that people write differently."""


def duration(seconds: float) -> Name:
    """Write a stretch of time with its two largest parts, like 3 小时 12 分钟."""
    left = max(0, round(seconds))
    parts: list[Name] = []
    for size, unit in _PARTS:
        if left >= size or (size == 1 and not parts):
            parts.append(Name(f"{left // size} {unit.zh}", f"{left // size} {unit.en}"))
        left %= size
    return Name(" ".join(part.zh for part in parts[:2]), " ".join(part.en for part in parts[:2]))


def moment(ms: int, tz: str, now: int) -> str:
    """Write a time of day on the wall of a place, with its date unless that is today's."""
    zone = ZoneInfo(tz)
    then, today = datetime.fromtimestamp(ms / 1_000, zone), datetime.fromtimestamp(now / 1_000, zone)
    return f"{then:%H:%M}" if then.date() == today.date() else f"{then:%m-%d %H:%M}"


def measured(domain: str, field: str) -> Measured:
    """Return what a field or an event is called and in what it is measured."""
    if field == "event":
        return Measured(Name("事件", "event"), "1", domain, field)
    row = ALL_MEASURES.get(domain, {}).get(field)
    named = (row, ALL_EVENTS.get(domain, {}).get(field), *EVENT_FIELDS.get(domain, ()))
    found = next((one for one in named if one is not None and one.name == field), None)
    name = Name(field, field) if found is None else Name(found.zh, found.en)
    return Measured(name, "1" if row is None else row.unit, domain, field)


def figure(what: Measured, value: float | str) -> Name:
    """Write a value with its unit; words of enums and events as people call them."""
    if isinstance(value, str):
        return _word(what, value)
    row = ALL_MEASURES.get(what.domain, {}).get(what.field)
    if row is not None and row.type == "bool":
        return Name("是", "yes") if value else Name("否", "no")
    if what.unit in _TIMES:
        return _time(value, _TIMES[what.unit])
    text = f"{value:.6g} {_UNITS.get(what.unit, what.unit)}".strip()
    return Name(text, text)


def _time(value: float, unit_s: float) -> Name:
    length = duration(abs(value) * unit_s)
    return length if value >= 0 else Name(f"-{length.zh}", f"-{length.en}")


def _word(what: Measured, word: str) -> Name:
    domain, _, event = word.rpartition(".")
    rows = [ALL_EVENTS.get(domain or what.domain, {})] if domain or what.domain else list(ALL_EVENTS.values())
    found = next((row[event] for row in rows if event in row), None) if what.field == "event" else None
    if found is not None:
        return Name(found.zh, found.en)
    try:
        return name_of(what.field, word)
    except KeyError:
        return Name(word, word)
