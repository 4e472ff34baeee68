"""How values look on a page: ages, units, readings."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.console.texts import Lang, event_name, field_name, translator
from wire.measures import MEASURES
from wire.measures.words import name_of

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
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


@dataclass(frozen=True, slots=True)
class ShownValue:
    """One field of a reading as people read it."""

    field: str
    name: str
    text: str
    is_suspect: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list: what it is, what is told of it, and whether a button may end it."""

    id: str
    title: str
    told: tuple[str, ...]
    may_end: bool


def age(since_ms: int | None, now: int, lang: Lang) -> str:
    """Say how long ago something was."""
    t = translator(lang)
    if since_ms is None:
        return t("never")
    seconds = max(0, now - since_ms) // 1_000
    if seconds < 2 * _MINUTE_S:
        return t("ago_s", n=seconds)
    if seconds < 2 * _HOUR_S:
        return t("ago_min", n=seconds // _MINUTE_S)
    if seconds < 2 * _DAY_S:
        return t("ago_h", n=seconds // _HOUR_S)
    return t("ago_d", n=seconds // _DAY_S)


def clock(ms: int, tz: str) -> str:
    """Write a local time of day with its offset."""
    return datetime.fromtimestamp(ms / 1_000, ZoneInfo(tz)).strftime("%Y-%m-%d %H:%M:%S %z")


def minute(ms: int, tz: str) -> str:
    """Write a local date and time of day to the minute, for plans."""
    return datetime.fromtimestamp(ms / 1_000, ZoneInfo(tz)).strftime("%Y-%m-%d %H:%M")


def length(minutes: int, lang: Lang) -> str:
    """Write a length of time in its largest unit."""
    t = translator(lang)
    if minutes % 1_440 == 0:
        return t("days", n=minutes // 1_440)
    return t("hours", n=minutes // 60) if minutes % 60 == 0 else t("minutes", n=minutes)


def lengths(choices: Iterable[int], lang: Lang) -> list[tuple[int, str]]:
    """Return lengths of time, in minutes, that a form offers, with what they are called."""
    return [(minutes, length(minutes, lang)) for minutes in choices]


def words(*said: str | None) -> str:
    """Write what is said of some things one after the other."""
    return " ".join(filter(None, said))


def shown_values(
    domain: str, reading: Mapping[str, object], suspect: Container[str], lang: Lang
) -> Iterator[ShownValue]:
    """Yield the fields of a reading."""
    for name, value in reading.items():
        text = shown_value(domain, name, value, lang)
        yield ShownValue(name, field_name(domain, name, lang), text, name in suspect)


def shown_value(domain: str, name: str, value: object, lang: Lang) -> str:
    """Write the value of a field, a number with its unit."""
    if value is None:
        return translator(lang)("no_value")
    if name == "event":
        return event_name(domain, str(value), lang)
    if isinstance(value, bool):
        return translator(lang)("yes" if value else "no")
    if isinstance(value, list | tuple):
        return ", ".join(word_of(name, str(word), lang) for word in value)
    if isinstance(value, str):
        return word_of(name, value, lang)
    row = MEASURES[domain].get(name)
    return f"{value:.10g} {'' if row is None else unit_name(row.unit)}".strip()


def unit_name(code: str) -> str:
    """Return what people write for a UCUM code."""
    return _UNITS.get(code, code)


def word_of(field: str, word: str, lang: Lang) -> str:
    """Return what people call a word a field can have; a text as it is."""
    try:
        name = name_of(field, word)
    except KeyError:  # a text, such as a version, is no word
        return word
    return name.zh if lang == "zh" else name.en
