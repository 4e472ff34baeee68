"""One strict model of a reading per domain, made from the tables."""

from collections.abc import Mapping
from types import GenericAlias, MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, WithJsonSchema, create_model

from wire.measures import DOMAINS, EVENT_FIELDS, EVENTS, MEASURES, QUALITIES
from wire.measures.model import MOST_WORDS, EventField, Measure
from wire.scalars import Count, Device, Message, Milliseconds


def _value_type(row: Measure | EventField) -> Any:  # noqa: ANN401 - a type built at run time
    if row.type in {"enum", "words"}:
        word = Literal[row.values]  # type: ignore[name-defined]
        return (
            word if row.type == "enum" else Annotated[list[word], Field(min_length=1, max_length=MOST_WORDS)]
        )
    if row.type == "text":
        return Annotated[str, Field(pattern=row.pattern)]
    return {"bool": bool, "int": int, "float": Annotated[float, Field(allow_inf_nan=False)]}[row.type]


def _refuse_event(_name: str) -> str:
    raise ValueError("this domain has no events")


_NoEvent = Annotated[str, AfterValidator(_refuse_event), WithJsonSchema({"not": {}})]


def _measure_field(row: Measure) -> tuple[Any, Any]:
    # Ranges are data for whoever reads the schema, not bounds: a value beyond them is stored, suspect.
    about: dict[str, JsonValue] = {
        "title": row.en,
        "x-zh": row.zh,
        "x-unit": row.unit,
        "x-kind": row.kind.value,
        "x-range": [row.low, row.high],
        "x-danger": row.danger,
        "x-heartbeat-s": row.heartbeat_s,
    }
    return _value_type(row), Field(default=None, json_schema_extra=about)


def _event_field(row: EventField) -> tuple[Any, Any]:
    about: dict[str, JsonValue] = {"title": row.en, "x-zh": row.zh}
    return _value_type(row), Field(default=None, ge=row.low, le=row.high, json_schema_extra=about)


def _reading_model(domain: str) -> type[Message]:
    kinds = tuple(EVENTS[domain])
    event = Literal[kinds] if kinds else _NoEvent
    fields: dict[str, tuple[Any, Any]] = {
        "device": (Device, ...),
        "ts": (Milliseconds, ...),
        "quality": (Literal[QUALITIES], None),
        "epoch": (Count, None),
        "event": (event, None),
    }
    fields |= {row.name: _event_field(row) for row in EVENT_FIELDS[domain]}
    fields |= {row.name: _measure_field(row) for row in MEASURES[domain].values()}
    model: type[Message] = create_model(
        f"{domain.capitalize()}Reading",
        __base__=Message,
        __doc__=f"One reading of the domain {domain}; at least one field or an event.",
        **fields,  # type: ignore[call-overload]
    )
    return model


READING_MODELS: Mapping[str, type[Message]] = MappingProxyType(
    {domain: _reading_model(domain) for domain in DOMAINS}
)
"""Absent optional fields read as None, but null is refused on the wire."""

Readings: type[Message] = create_model(
    "Readings",
    __base__=Message,
    __doc__="Readings by domain.",
    **{domain: (GenericAlias(list, (model,)), []) for domain, model in READING_MODELS.items()},  # type: ignore[call-overload]
)
