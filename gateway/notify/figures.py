"""Values, durations and times of day as messages write them."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from wire.measures import EVENT_FIELDS, EVENTS, MEASURES
from wire.measures.words import Name, name_of

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_PARTS = (
    (_DAY_S, Name("天", "d")),
    (_HOUR_S, Name("小时", "h")),
    (_MINUTE_S, Name("分钟", "min")),
    (1, Name("秒", "s")),
)
_UNITS: Mapping[str, str] = {
    "1": "",
    "Cel": "°C",
    "[ppm]": "ppm",
    "kW.h": "kWh",
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


def measure_name(domain: str, field: str) -> Name:
    """Return what people call a field, or the field when nobody has named it."""
    if field == "event":
        return Name("事件", "event")
    rows = (MEASURES.get(domain, {}).get(field), *EVENT_FIELDS.get(domain, ()))
    row = next((row for row in rows if row is not None and row.name == field), None)
    return Name(field, field) if row is None else Name(row.zh, row.en)


def figure(domain: str, field: str, value: float | str) -> Name:
    """Write a value with its unit; words of enums and events as people call them."""
    if isinstance(value, str):
        return _word(domain, field, value)
    row = MEASURES.get(domain, {}).get(field)
    if row is not None and row.type == "bool":
        return Name("是", "yes") if value else Name("否", "no")
    if row is not None and row.unit == "s":
        return duration(value)
    unit = "" if row is None else _UNITS.get(row.unit, row.unit)
    text = f"{value:.6g} {unit}".strip()
    return Name(text, text)


def _word(domain: str, field: str, word: str) -> Name:
    event = EVENTS.get(domain, {}).get(word) if field == "event" else None
    if event is not None:
        return Name(event.zh, event.en)
    try:
        return name_of(field, word)
    except KeyError:
        return Name(word, word)
