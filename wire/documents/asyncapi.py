"""The AsyncAPI 3.0 document of all topics and messages, told from the gateway's side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wire.topics import REGION_PATTERN, STATION_ID_PATTERN, Channel

_DRAFT_7 = "application/schema+json;version=draft-07"


@dataclass(frozen=True)
class _Topic:
    """One channel: who sends on it, how, and what."""

    action: Literal["receive", "send"]
    qos: int
    retain: bool
    message: str
    summary: str


_TOPICS: Mapping[Channel, _Topic] = {
    Channel.TELEMETRY: _Topic(
        "receive", 1, retain=False, message="frame", summary="A frame never sent before."
    ),
    Channel.BACKLOG: _Topic(
        "receive", 1, retain=False, message="frame", summary="A frame that waited, or is sent again."
    ),
    Channel.STATUS: _Topic(
        "receive", 1, retain=True, message="status", summary="Birth, last will or clean stop."
    ),
    Channel.RESULT: _Topic(
        "receive", 1, retain=False, message="result", summary="What became of a command or a config."
    ),
    Channel.ACK: _Topic("send", 0, retain=False, message="ack", summary="Which frames are durable."),
    Channel.CONFIG: _Topic("send", 1, retain=True, message="config", summary="The wanted settings."),
    Channel.COMMAND: _Topic("send", 1, retain=False, message="command", summary="A remote action."),
}
_CLAIM = _Topic("send", 1, retain=True, message="claim", summary="Which gateway serves a region.")


def asyncapi() -> dict[str, Any]:
    """Return the document; payloads refer to the schema files beside it."""
    channels = {
        name.value: _channel(f"stations/{{region}}/{{station_id}}/{name}", topic)
        for name, topic in _TOPICS.items()
    }
    channels["claim"] = _channel("gateways/{region}", _CLAIM)
    operations = {name.value: _operation(name.value, topic) for name, topic in _TOPICS.items()}
    operations["claim"] = _operation("claim", _CLAIM)
    messages = sorted({topic.message for topic in (*_TOPICS.values(), _CLAIM)})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Yizhan 驿站: station and gateway",
            "version": "1.0.0",
            "description": (
                "MQTT 3.1.1 or 5. The root of the station topics is configurable. "
                "A frame may be compressed with Zstandard."
            ),
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {name: _message(name) for name in messages},
            "parameters": _PARAMETERS,
        },
    }


_PARAMETERS = {
    "region": {"description": f"The union or district that runs the station: {REGION_PATTERN}"},
    "station_id": {"description": f"The station, unique over all regions: {STATION_ID_PATTERN}"},
}


def _channel(address: str, topic: _Topic) -> dict[str, Any]:
    parameters = {
        name: {"$ref": f"#/components/parameters/{name}"} for name in _PARAMETERS if f"{{{name}}}" in address
    }
    return {
        "address": address,
        "summary": topic.summary,
        "parameters": parameters,
        "messages": {topic.message: {"$ref": f"#/components/messages/{topic.message}"}},
    }


def _operation(channel: str, topic: _Topic) -> dict[str, Any]:
    return {
        "action": topic.action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": topic.summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{topic.message}"}],
        "bindings": {"mqtt": {"qos": topic.qos, "retain": topic.retain, "bindingVersion": "0.2.0"}},
    }


def _message(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "contentType": "application/json",
        "payload": {"schemaFormat": _DRAFT_7, "schema": {"$ref": f"./{name}.json"}},
    }
