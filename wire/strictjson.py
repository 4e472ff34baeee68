"""JSON as the contract has it: UTF-8, no key twice, no NaN; numbers that 64 bits can hold.

What is not JSON at all is refused as a whole. A key that comes twice, or a number outside 64 bits,
is marked where it stands, so that only the smallest thing around it needs to be refused.
"""

import json
import math
from collections import Counter
from typing import Final

_LONGEST_INTEGER = 20
"""Digits and sign of -2^63: longer ones are not even converted."""


class NotJsonError(ValueError):
    """The bytes are not UTF-8 JSON. Nothing in them can be used; quarantine or refuse them."""


class Ambiguous(dict[str, object]):
    """An object in which a key came more than once; ``repeated`` names all such keys."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        times = Counter(key for key, _ in pairs)
        self.repeated = frozenset(key for key, count in times.items() if count > 1)


class NoNumber:
    """Stands where a NaN, an infinity or an integer beyond 64 bits stood: of no type anybody takes."""


NO_NUMBER: Final = NoNumber()


def parse(payload: bytes) -> object:
    """Parse one JSON text; raises NotJsonError with the place of the error, never with the text."""
    try:
        return _DECODER.decode(payload.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise NotJsonError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise NotJsonError(f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise NotJsonError("not JSON of ours: nested too deeply") from None


def encode(value: object) -> bytes:
    """Write compact UTF-8 JSON in the order given; ValueError for NaN and infinities."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    parsed = dict(pairs)
    return parsed if len(parsed) == len(pairs) else Ambiguous(pairs)


def _integer(digits: str) -> object:
    if len(digits) > _LONGEST_INTEGER:
        return NO_NUMBER
    number = int(digits)
    return number if -(2**63) <= number < 2**63 else NO_NUMBER


def _float(digits: str) -> object:
    number = float(digits)
    return number if math.isfinite(number) else NO_NUMBER


def _constant(_word: str) -> object:
    return NO_NUMBER


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
