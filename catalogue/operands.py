"""What a value is compared with: a number, or where a number comes from."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
)

Scalar = StrictBool | StrictInt | StrictFloat | StrictStr


class Strict(BaseModel):
    """The base of every part of a rule: closed, frozen, and written as in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def as_tuple(value: object) -> object:
    """Let one thing stand for a list of one."""
    return (value,) if isinstance(value, str | dict) else value


Words = Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1)]
"""One word, or a list of them."""


class _Arithmetic(Strict):
    """An operand stands for ``itself x times + plus``."""

    times: "float | FromParameter" = 1.0
    plus: "float | Operand" = 0.0


class FromParameter(_Arithmetic):
    """A parameter of the rule, in its unit; a time limit in units of the field it is compared with."""

    param: str


class FromLimit(_Arithmetic):
    """A limit of the judged device from `stations.yaml`, else ``default``, else unknown.

    ``interval_s``, where the file has none, is what the device's birth says.
    """

    limit: str
    default: "float | FromParameter | None" = None


class FromField(_Arithmetic):
    """A field of the station; over several devices ``of`` says which, by itself the highest."""

    field: str
    of: Literal["max", "min", "mean", "sum"] = "max"
    role: Words | None = None
    zone: Literal["same"] | None = None
    device: Literal["same"] | None = None
    any_age: bool = False


class FromFigure(_Arithmetic):
    """A figure that the rule's kind works out over a window."""

    figure: str


class FromLearned(_Arithmetic):
    """What is usual at this station, learned by the rule's kind; shown with the alert."""

    learned: str


_OPERANDS = ("param", "limit", "field", "figure", "learned")


def _operand_tag(value: object) -> str:
    if isinstance(value, dict):
        return next((key for key in _OPERANDS if key in value), "param")
    return next((key for key in _OPERANDS if hasattr(value, key)), "scalar")


Operand = Annotated[
    Annotated[Scalar, Tag("scalar")]
    | Annotated[FromParameter, Tag("param")]
    | Annotated[FromLimit, Tag("limit")]
    | Annotated[FromField, Tag("field")]
    | Annotated[FromFigure, Tag("figure")]
    | Annotated[FromLearned, Tag("learned")],
    Discriminator(_operand_tag),
]
"""What a value is compared with."""

for _model in (FromParameter, FromLimit, FromField, FromFigure, FromLearned):
    _model.model_rebuild()
