"""Quarantined bytes without what nobody may keep: values of unknown fields, and loose texts.

A field that the contract does not know may hold a name, a face or a telephone number, and so may a known
one that was filled wrongly. What is needed to see the fault stays: keys, numbers of known fields, words
of known lists.
"""

import re
from collections.abc import Iterable
from functools import cache

import orjson

from wire.compression import decompress
from wire.measures import DOMAINS, EVENT_FIELDS, EVENTS, MEASURES, QUALITIES
from wire.topics import DEVICE_PATTERN, ULID_PATTERN

MASK = "***"
_ENVELOPE = {"v", "station_id", "stream", "seq", "oldest", "gone", "class", "sent", "clock"}
_SHORT_NUMBER = re.compile(r"[-+.0-9eE]{1,8}")
"""A number sent as text shows the fault and is too short for a telephone number."""
_ULID = re.compile(ULID_PATTERN)
_DEVICE = re.compile(DEVICE_PATTERN)
_DEEPEST = 4


def masked_frame(payload: bytes) -> bytes:
    """Return a frame's JSON with every unknown value masked; bytes that are no JSON as they are."""
    try:
        frame = orjson.loads(decompress(payload))
    except ValueError:  # no JSON, no zstd, or too big to look at
        return payload
    if not isinstance(frame, dict):
        return orjson.dumps(MASK)
    shown = {key: _envelope_value(key, value) for key, value in frame.items() if key != "readings"}
    if "readings" in frame:
        shown["readings"] = _readings(frame["readings"])
    return orjson.dumps(shown)


def masked_reading(domain: str, reading: object) -> bytes:
    """Return one reading's JSON with every unknown value masked."""
    return orjson.dumps(_reading(domain, reading))


def _readings(readings: object) -> object:
    if not isinstance(readings, dict):
        return MASK
    return {domain: _listed(domain, group) for domain, group in readings.items()}


def _listed(domain: str, group: object) -> object:
    if domain not in DOMAINS or not isinstance(group, list):
        return MASK
    return [_reading(domain, reading) for reading in group]


def _reading(domain: str, reading: object) -> object:
    if not isinstance(reading, dict):
        return MASK
    words = _words(domain)
    return {name: _field(domain, words, name, value) for name, value in reading.items()}


def _field(domain: str, words: dict[str, re.Pattern[str]], name: str, value: object) -> object:
    if name not in words or _is_too_wide(domain, name, value):
        return MASK
    return _value(words[name], value)


def _is_too_wide(domain: str, name: str, value: object) -> bool:
    """Whether a number is beyond the hard range of an event's field: somebody's card, perhaps."""
    row = next((row for row in EVENT_FIELDS[domain] if row.name == name), None)
    return row is not None and row.high is not None and isinstance(value, int | float) and value > row.high


def _envelope_value(key: str, value: object) -> object:
    if key not in _ENVELOPE:
        return MASK
    if isinstance(value, str):
        known = key == "station_id" and _DEVICE.fullmatch(value)
        return value if known or _ULID.fullmatch(value) or _is_word(value) else MASK
    return _numbers(value, 0)


def _is_word(value: str) -> bool:
    return value in {"alarm", "event", "sample", "unset"} or bool(_SHORT_NUMBER.fullmatch(value))


def _numbers(value: object, depth: int) -> object:
    """Keep numbers, alone and in (ranges') lists."""
    if isinstance(value, list) and depth < _DEEPEST:
        return [_numbers(item, depth + 1) for item in value]
    return value if value is None or isinstance(value, int | float) else MASK


def _value(pattern: re.Pattern[str], value: object) -> object:
    if isinstance(value, str):
        return value if pattern.fullmatch(value) or _SHORT_NUMBER.fullmatch(value) else MASK
    if isinstance(value, list):
        return [_value(pattern, item) for item in value]
    return value if value is None or isinstance(value, int | float) else MASK


@cache
def _words(domain: str) -> dict[str, re.Pattern[str]]:
    """Return for each known field of a domain the texts that may be shown."""
    words = {
        "device": _DEVICE.pattern,
        "ts": "",
        "epoch": "",
        "quality": _any_of(QUALITIES),
        "event": _any_of(EVENTS[domain]),
    }
    words |= {row.name: row.pattern or _any_of(row.values) for row in MEASURES[domain].values()}
    words |= {row.name: row.pattern or _any_of(row.values) for row in EVENT_FIELDS[domain]}
    return {name: re.compile(pattern) for name, pattern in words.items()}


def _any_of(values: Iterable[str]) -> str:
    return "|".join(map(re.escape, values))
