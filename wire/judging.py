"""The verdict on one reading, and on nothing but that reading."""

from functools import cache

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from wire.measures import EVENT_FIELDS, EVENTS, MEASURES
from wire.readings import READING_MODELS
from wire.strictjson import Ambiguous
from wire.verdicts import Reading, Reason, RejectedReading

_READING_REASONS = {
    "device": Reason.BAD_DEVICE,
    "ts": Reason.BAD_TS,
    "quality": Reason.BAD_QUALITY,
    "epoch": Reason.BAD_EPOCH,
    "event": Reason.UNKNOWN_EVENT,
}
_COMMON_KEYS = frozenset(_READING_REASONS)
_VALUE_ERRORS = {
    "literal_error",
    "string_pattern_mismatch",
    "greater_than_equal",
    "less_than_equal",
    "too_short",
    "too_long",
}


class Refused(Exception):  # noqa: N818 - a verdict on its way up, not an error of ours
    """A frame or a reading is wrong; ``detail`` says where and what was expected."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def first_fault(error: ValidationError) -> ErrorDetails:
    """Return the first fault of a message, in the order of its fields."""
    return error.errors(include_url=False, include_context=False)[0]


@cache
def _known_keys(domain: str, *, event: bool) -> frozenset[str]:
    fields = EVENT_FIELDS[domain] if event else ()
    return _COMMON_KEYS | MEASURES[domain].keys() | {field.name for field in fields}


def known_part(domain: str, raw: object) -> tuple[object, set[str]]:
    """Split off the unknown fields, whose values are not looked at; a repeated key stays a fault."""
    if not isinstance(raw, dict) or isinstance(raw, Ambiguous):
        return raw, set()
    known = _known_keys(domain, event="event" in raw)
    return {name: value for name, value in raw.items() if name in known}, raw.keys() - known


def judge_reading(domain: str, index: int, reading: object) -> Reading | RejectedReading:
    """Return the reading with its declared types, or why it cannot be taken."""
    try:
        return _check_reading(domain, reading)
    except Refused as refused:
        return RejectedReading(domain, index, refused.reason, f"{domain}[{index}]{refused.detail}")


def _check_reading(domain: str, reading: object) -> Reading:
    if reading is None:
        raise Refused(Reason.NULL_VALUE, " is null")
    if not isinstance(reading, dict):
        raise Refused(Reason.BAD_READING, ": a reading is an object in a list")
    if isinstance(reading, Ambiguous):
        raise Refused(Reason.DUPLICATE_KEY, ": a key comes twice")
    nulls = [name for name, value in reading.items() if value is None]
    if nulls:
        raise Refused(Reason.NULL_VALUE, f".{nulls[0]} is null; leave it out instead")
    try:
        checked = READING_MODELS[domain].model_validate(reading).model_dump(exclude_unset=True)
    except ValidationError as error:
        raise _field_fault(first_fault(error)) from None
    _check_content(domain, checked)
    return checked


def _field_fault(error: ErrorDetails) -> Refused:
    field = str(error["loc"][0])
    closed = Reason.BAD_VALUE if error["type"] in _VALUE_ERRORS else Reason.BAD_TYPE
    expected = error["msg"] if field != "event" else "no such event in this domain"
    return Refused(_READING_REASONS.get(field, closed), f".{field}: {expected}")


def _check_content(domain: str, reading: Reading) -> None:
    if "event" not in reading and not reading.keys() & MEASURES[domain].keys():
        raise Refused(Reason.NO_FIELD, ": neither a field of its domain nor an event")
    kind = EVENTS[domain].get(str(reading.get("event")))
    for field in kind.fields if kind else ():
        if field.required and field.name not in reading:
            raise Refused(Reason.MISSING_FIELD, f".{field.name}: belongs to this event")
