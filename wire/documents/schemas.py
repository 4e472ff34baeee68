"""JSON Schema (draft 7, the dialect AsyncAPI 3 names) of every message.

What a schema cannot say, the decoder still checks: that 24.0 is no integer, that no key comes twice,
that ranges ascend, that the station is the topic's.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from wire.frames import (
    READING_MODELS,
    Ack,
    Birth,
    Claim,
    Command,
    Config,
    Frame,
    Goodbye,
    ResendArgs,
    Result,
)
from wire.measures import DOMAINS, EVENTS, MEASURES, EventKind

Schema = dict[str, Any]

_DIALECT = "http://json-schema.org/draft-07/schema#"
_IDENTITY = ("stream", "seq", "oldest", "gone")
_MESSAGES: Mapping[str, Any] = {
    "frame": Frame,
    "ack": Ack,
    "status": Birth | Goodbye,
    "command": Command,
    "resend-args": ResendArgs,
    "result": Result,
    "config": Config,
    "claim": Claim,
}


def message_schemas() -> dict[str, Schema]:
    """Return the schema of each message by the stem of its file."""
    return {name: _schema(name, model) for name, model in _MESSAGES.items()}


def _schema(name: str, model: Any) -> Schema:  # noqa: ANN401 - a model or a union of models
    made: Schema = TypeAdapter(model).json_schema(ref_template="#/definitions/{model}")
    parts = made.pop("$defs", {})
    schema: Schema = {"$schema": _DIALECT, "$id": f"urn:yizhan:wire:1:{name}", **_tidied(made)}
    if parts:
        schema["definitions"] = {part: _tidied(parts[part]) for part in sorted(parts)}
    if model is Frame:
        _state_frame_rules(schema)
    return schema


def _tidied(node: Any) -> Any:  # noqa: ANN401 - any part of a JSON document
    """Drop defaults, which say how Python reads an absent key; what is constant must be there."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied = {key: _tidied(value) for key, value in node.items() if key != "default"}
    properties = tidied.get("properties")
    if isinstance(properties, dict):
        for key, about in properties.items():
            if about.get("title") == key.replace("_", " ").title():
                del about["title"]
        constant = [key for key in ("v", "state") if key in properties]
        tidied["required"] = list(dict.fromkeys([*constant, *node.get("required", [])]))
    return tidied


def _state_frame_rules(schema: Schema) -> None:
    """Add the rules that stand between keys: identity is whole or absent, a reading says something."""
    schema["dependencies"] = {key: [other for other in _IDENTITY if other != key] for key in _IDENTITY}
    definitions = schema["definitions"]
    for domain in DOMAINS:
        part = definitions[READING_MODELS[domain].__name__]
        part["anyOf"] = [{"required": [name]} for name in ("event", *MEASURES[domain])]
        rules = [rule for kind in EVENTS[domain].values() if (rule := _required_fields(kind))]
        if rules:
            part["allOf"] = rules


def _required_fields(kind: EventKind) -> Schema:
    required = [field.name for field in kind.fields if field.required]
    if not required:
        return {}
    return {
        "if": {"required": ["event"], "properties": {"event": {"const": kind.name}}},
        "then": {"required": required},
    }
