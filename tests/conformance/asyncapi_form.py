"""What AsyncAPI 3.0 asks of the parts our document uses, as JSON Schema; every other key is refused."""

from typing import Any

REFERENCE = {"type": "object", "required": ["$ref"], "properties": {"$ref": {"type": "string"}}} | {
    "additionalProperties": False
}
TEXT = {"type": "string", "minLength": 1}


def _closed(required: list[str], **properties: object) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
    }


def _named(value: object) -> dict[str, Any]:
    names = {"pattern": r"^[A-Za-z0-9_\-]+$"}
    return {"type": "object", "propertyNames": names, "additionalProperties": value, "minProperties": 1}


CHANNEL = _closed(
    ["address", "messages"],
    address=TEXT,
    summary=TEXT,
    parameters=_named(REFERENCE),
    messages=_named(REFERENCE),
)
OPERATION = _closed(
    ["action", "channel"],
    action={"enum": ["send", "receive"]},
    channel=REFERENCE,
    summary=TEXT,
    messages={"type": "array", "items": REFERENCE, "uniqueItems": True},
    bindings=_closed(
        ["mqtt"],
        mqtt=_closed(
            [], qos={"enum": [0, 1, 2]}, retain={"type": "boolean"}, bindingVersion={"const": "0.2.0"}
        ),
    ),
)
MESSAGE = _closed(
    ["payload"],
    name=TEXT,
    contentType=TEXT,
    payload=_closed(["schemaFormat", "schema"], schemaFormat=TEXT, schema=REFERENCE),
)
DOCUMENT = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **_closed(
        ["asyncapi", "info"],
        asyncapi={"const": "3.0.0"},
        info=_closed(["title", "version"], title=TEXT, version=TEXT, description=TEXT),
        defaultContentType=TEXT,
        channels=_named(CHANNEL),
        operations=_named(OPERATION),
        components=_closed([], messages=_named(MESSAGE), parameters=_named(_closed([], description=TEXT))),
    ),
}
