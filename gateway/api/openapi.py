"""The description of the API as a file, one of those that `make generate` writes."""

import json
from pathlib import Path

import wire
from gateway.api.application import openapi

DOCUMENT = Path(wire.__file__).parent / "schemas" / "openapi.json"


def document() -> bytes:
    """Return the OpenAPI document, byte for byte the same from the same code."""
    return (json.dumps(openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()
