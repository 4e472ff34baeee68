"""What a rule asks of the values it sees: a tree of comparisons, not a language.

A condition is true, false or unknown. `all`, `any` and `not` are Kleene's: any of (true, unknown) is true,
all of (true, unknown) is unknown. An unknown condition neither opens nor clears anything.

A *reference* to a field is a name with or without its domain:

- ``co_ppm`` (no dot): the field of the reading that is judged, or, where that reading does not carry it, the
  last value of it from the same device and domain.
- ``access.door_state``: the last value from any device of the same station, as it stood at the row that is
  judged. ``device: same`` narrows it to devices of the same id, ``zone: same`` to those of the same zone in
  `stations.yaml`, ``role`` to those of one of these roles.

A value taken from earlier is unknown once it is older than 1.5 times the heartbeat of its field (``any_age``
keeps it). So is a field no device has reported, a device that quality ``stale`` marks, a suspect value, a
limit that `stations.yaml` does not give and that has no default, a figure whose window is not covered, and a
learned figure with too little history. ``missing`` says what a comparison with something unknown is worth.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from catalogue.durations import Duration
from catalogue.operands import (
    FromField,
    FromFigure,
    FromLearned,
    FromLimit,
    FromParameter,
    Operand,
    Scalar,
    Strict,
    Words,
    as_tuple,
)

__all__ = [
    "AlertOpen",
    "All",
    "Any_",
    "Compare",
    "Condition",
    "FromField",
    "FromFigure",
    "FromLearned",
    "FromLimit",
    "FromParameter",
    "HasRole",
    "LocalTime",
    "Not",
    "Occurrence",
    "Occurrences",
    "Operand",
    "Quiet",
    "Reports",
    "Scalar",
    "Strict",
    "Suspect",
    "Words",
]

COMPARATORS = ("above", "below", "at_least", "at_most", "is_", "is_not", "in_", "has")
SOURCES = ("field", "value", "figure", "limit")


class Compare(Strict):
    """One value against one or more operands, all of which must hold.

    The left side is one of: ``field`` (a reference; over several devices ``of`` any or all must satisfy it,
    and with all at least one must be known), ``value: true`` (the subject field of the reading that is
    judged, whichever it is), ``figure`` (of the rule's kind), ``limit`` (of the judged device).

    ``above`` and ``below`` exclude the limit, ``at_least`` and ``at_most`` include it. ``is``, ``is_not``
    and ``in`` compare words, flags and numbers exactly; ``has`` asks whether a list of words holds one.
    The value and the limit shown with an alert are those of the first comparison that holds, depth first.
    """

    field: str | None = None
    value: Literal[True] | None = None
    figure: str | None = None
    limit: str | None = None
    default: float | None = None
    of: Literal["any", "all", "max", "min", "mean", "sum"] = "any"
    role: Words | None = None
    zone: Literal["same"] | None = None
    device: Literal["same"] | None = None
    any_age: bool = False
    missing: Literal["unknown", "true", "false"] = "unknown"

    above: Operand | None = None
    below: Operand | None = None
    at_least: Operand | None = None
    at_most: Operand | None = None
    is_: Operand | None = Field(default=None, alias="is")
    is_not: Operand | None = None
    in_: tuple[Scalar, ...] | None = Field(default=None, alias="in")
    has: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _missing_is_a_word(cls, data: object) -> object:
        # YAML reads a bare true as a flag.
        if isinstance(data, dict) and isinstance(data.get("missing"), bool):
            return {**data, "missing": str(data["missing"]).lower()}
        return data

    @model_validator(mode="after")
    def _one_side_each(self) -> Self:
        if sum(getattr(self, source) is not None for source in SOURCES) != 1:
            raise ValueError("write exactly one of field, value, figure, limit on the left")
        if not self.operands:
            raise ValueError("write a comparison: above, below, at_least, at_most, is, is_not, in or has")
        return self

    @property
    def operands(self) -> dict[str, Any]:
        """Comparator (as in the file) to what stands on its right."""
        written = ((name, getattr(self, name)) for name in COMPARATORS)
        return {name.rstrip("_"): operand for name, operand in written if operand is not None}


class All(Strict):
    """True when each is, false when one is false."""

    all: tuple["Condition", ...] = Field(min_length=1)


class Any_(Strict):  # noqa: N801 - `Any` is a type
    """True when one is, false when each is false."""

    any: tuple["Condition", ...] = Field(min_length=1)


class Not(Strict):
    """True when the other is false."""

    not_: "Condition" = Field(alias="not")


class HasRole(Strict):
    """The judged device has one of these roles: that of `stations.yaml`, else the facility of its birth."""

    has_role: Words


class Reports(Strict):
    """The judged device has ever reported one of these fields (``domain.field``)."""

    reports: Words


class LocalTime(Strict):
    """The station's local time of day is from the first, included, to the second, across midnight if less.

    Where a rule waits for a deadline this is asked again when the answer changes.
    """

    local_time: tuple[str, str]


class AlertOpen(Strict):
    """One of these rules has been firing at this station (any device) for at least ``for``."""

    alert: Words
    for_: Duration = Field(default=0, alias="for")


class Quiet(Strict):
    """None of these has occurred within the last while, up to the row that is judged.

    Unknown while the station has been followed for less than that. A conclusion from absence: it is unknown
    too while a gap in the station's numbers is open that is less than 10 s old (contract section 6), and is
    asked again with the next reading; one older than that makes what follows `incomplete`.
    """

    quiet: Annotated[tuple["Occurrence", ...], BeforeValidator(as_tuple), Field(min_length=1)]
    within: Duration


class Suspect(Strict):
    """The reading names at least one of its fields suspect. Only rules that ask this see suspect values."""

    suspect: Literal[True]


def _condition_tag(value: object) -> str:
    own = ("all", "any", "not", "has_role", "reports", "local_time", "alert", "quiet", "suspect")
    if isinstance(value, dict):
        return next((key for key in own if key in value), "compare")
    return next((key for key in own if hasattr(value, key) or hasattr(value, f"{key}_")), "compare")


Condition = Annotated[
    Annotated[Compare, Tag("compare")]
    | Annotated[All, Tag("all")]
    | Annotated[Any_, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[HasRole, Tag("has_role")]
    | Annotated[Reports, Tag("reports")]
    | Annotated[LocalTime, Tag("local_time")]
    | Annotated[AlertOpen, Tag("alert")]
    | Annotated[Quiet, Tag("quiet")]
    | Annotated[Suspect, Tag("suspect")],
    Discriminator(_condition_tag),
]


class Occurrence(Strict):
    """Something that happens at one instant; written as a name alone where nothing more is asked.

    One of: ``event`` (``granted``, ``access.granted``; with ``where`` on the event's own fields; of an event
    with phases only ``begin``, unless ``phase`` says otherwise; one without a phase counts as begin), or
    ``field`` with ``becomes`` (the field takes this value after another, or is first heard with it), or
    ``field`` with ``rises: true`` (a counter counts; resets and roll-overs do not).
    Names follow the rule for references: without a domain the same device, with one any device of the
    station. The virtual events of domain ``station`` are listed in `catalogue.virtual`.
    """

    event: str | None = None
    where: Condition | None = None
    phase: Literal["begin", "end", "any"] = "begin"
    field: str | None = None
    becomes: Scalar | None = None
    rises: Literal[True] | None = None
    device: Literal["same"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: object) -> object:
        return {"event": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_of_the_forms(self) -> Self:
        changes = (self.becomes is not None) + bool(self.rises)
        if (self.event is None) == (self.field is None) or (self.field is not None) != (changes == 1):
            raise ValueError("write an event, or a field with either becomes or rises: true")
        return self


Occurrences = Annotated[tuple[Occurrence, ...], BeforeValidator(as_tuple), Field(min_length=1)]
"""One occurrence, or a list of which each counts."""

for _model in (Compare, All, Any_, Not, Quiet):
    _model.model_rebuild()
