"""Every part of a rule, with the way to it in its file."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from catalogue.documents import Loc


def walk(whole: Any) -> Iterator[tuple[Loc, BaseModel]]:  # noqa: ANN401 - any part of a rule
    """Yield every part that is a model, outermost first; keys are spelt as in the file."""
    waiting: list[tuple[Loc, Any]] = [((), whole)]
    while waiting:
        loc, part = waiting.pop()
        below: list[tuple[int | str, Any]] = []
        if isinstance(part, BaseModel):
            yield loc, part
            below = [(field.alias or name, getattr(part, name)) for name, field in _fields(part)]
        elif isinstance(part, Mapping):
            below = list(part.items())
        elif isinstance(part, tuple):
            below = list(enumerate(part))
        waiting += [((*loc, key), value) for key, value in reversed(below) if not isinstance(value, _LEAVES)]


_LEAVES = (str, int, float, type(None))


def _fields(part: BaseModel) -> Iterator[tuple[str, Any]]:
    return iter(type(part).model_fields.items())
