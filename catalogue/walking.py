"""Every part of a rule, with the way to it in its file."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from catalogue.documents import Loc

Found = tuple[Loc, Any]


def walk(part: Any, loc: Loc = ()) -> Iterator[Found]:  # noqa: ANN401 - any part of a rule
    """Yield the part and everything below it, outermost first; keys are spelt as in the file."""
    yield loc, part
    if isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            yield from walk(getattr(part, name), (*loc, field.alias or name))
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from walk(value, (*loc, key))
    elif isinstance(part, tuple):
        for position, value in enumerate(part):
            yield from walk(value, (*loc, position))
