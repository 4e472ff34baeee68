"""The kinds of value that stand in messages, and what all messages share.

Times are integer milliseconds since the Unix epoch, UTC.
"""

from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from wire.ranges import LARGEST, Ranges
from wire.topics import DEVICE_PATTERN, STATION_ID_PATTERN, ULID_PATTERN

LATEST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999: every calendar downstream can still write it."""

_MOST_RANGES = 64
_MOST_RANGES_AT_BIRTH = 1_024

Ulid = Annotated[str, Field(pattern=ULID_PATTERN)]
StationId = Annotated[str, Field(pattern=STATION_ID_PATTERN)]
Device = Annotated[str, Field(pattern=DEVICE_PATTERN)]
Milliseconds = Annotated[int, Field(ge=0, le=LATEST_MS)]
Seq = Annotated[int, Field(ge=1, le=LARGEST)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]


def _fall_back_to(instead: str | None) -> WrapValidator:
    """Take something else for a value that is not of its form: what only describes never costs a message."""

    def judge(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        try:
            return handler(value)
        except ValidationError:
            return instead

    return WrapValidator(judge)


LEFT_OUT = _fall_back_to(None)
Release = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9 ._+/-]{0,63}$"), _fall_back_to("unknown")]
"""Whatever a maker of hardware calls its release; it describes the box, and is never stored with readings."""

Slug = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,31}$")]


def _range_list(limit: int) -> tuple[BeforeValidator, WithJsonSchema]:
    def parse(value: object) -> object:
        pairs = [list(pair) for pair in value] if isinstance(value, tuple | Ranges) else value
        return tuple(Ranges.parse(pairs, limit=limit))

    number: dict[str, JsonValue] = {"type": "integer", "minimum": 1, "maximum": LARGEST}
    pair: dict[str, JsonValue] = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    return (
        BeforeValidator(parse),
        WithJsonSchema({"type": "array", "items": pair, "maxItems": limit}),
    )


RangeList = Annotated[tuple[tuple[int, int], ...], *_range_list(_MOST_RANGES)]
LongRangeList = Annotated[tuple[tuple[int, int], ...], *_range_list(_MOST_RANGES_AT_BIRTH)]


class Message(BaseModel):
    """What all messages share: strict types, frozen values, unknown keys ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")
